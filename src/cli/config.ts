import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import type { UnknownName } from '../environment/unknown-names.ts';
import { unknownNames } from '../environment/unknown-names.ts';
import { TidingsError } from '../errors.ts';
import { SETTINGS } from '../settings.ts';
import { jsonOption, type Run } from './context.ts';
import type { CliHost } from './host.ts';
import type { Output } from './output.ts';

interface Shown {
  readonly name: string;
  /** null: it is not set, or it is a secret. */
  readonly value: string | null;
  readonly is_secret: boolean;
  /** The environment, a file, or the default; null: it is not set. */
  readonly from: string | null;
}

export function addConfigCommand(program: Command, run: Run): void {
  jsonOption(program.command('config').description('what is set, and where that comes from'))
    .option('--all', 'what is not set, too, with what holds then')
    .addHelpText(
      'after',
      '\nThe environment wins over the file .env of the working folder (or the one of TIDINGS_ENV_FILE). NAME_FILE in' +
        '\nplace of a secret names a file that holds it. Secrets are not shown. The exit code is 1 when a value cannot be used.',
    )
    .action((options: { all?: boolean }) =>
      run(async ({ host, output }) => {
        const problem = problemOf(host);
        const settings = shown(host);
        const unknown = unknownNames(host.env, host.environment);
        const { file } = host.environment;
        const answer = {
          success: problem === null,
          ...(problem && { error: problem.message, fix: problem.fix }),
          ...{ env_file: file, settings, unknown },
        };
        output.result(answer, () => show(settings, unknown, problem, options.all === true, host, output));
        return problem === null ? 0 : 1;
      }),
    );
}

function problemOf({ env, environment }: CliHost): TidingsError | null {
  try {
    if (environment.problem) throw environment.problem;
    readConfig(env);
    return null;
  } catch (error) {
    if (error instanceof TidingsError) return error;
    throw error;
  }
}

function shown({ env, environment }: CliHost): Shown[] {
  return SETTINGS.flatMap(({ settings }) => settings).map(({ name, isSecret = false }) => {
    const value = env[name]?.trim() || null;
    return {
      name,
      value: isSecret ? null : value,
      is_secret: isSecret,
      from: value === null ? null : (environment.from.get(name) ?? 'environment'),
    };
  });
}

function show(
  settings: readonly Shown[],
  unknown: readonly UnknownName[],
  problem: TidingsError | null,
  isAll: boolean,
  { environment: { file } }: CliHost,
  output: Output,
): string {
  const fallbacks = new Map(
    SETTINGS.flatMap((group) => group.settings).map((one) => [one.name, one.default.replaceAll('`', '')]),
  );
  const rows = settings
    .filter(({ from }) => isAll || from !== null)
    .map(({ name, value, is_secret, from }) => [
      name,
      from === null ? `(${fallbacks.get(name)})` : is_secret ? 'set, not shown' : value,
      from ?? 'not set',
    ]);
  const { red, yellow } = output.colors;
  const lines = [
    output.table(['setting', 'value', 'from'], rows),
    file === null
      ? 'There is no .env file here.'
      : `Read from ${file}, and from the environment, which wins.`,
    ...unknown.map(({ name, from, meant }) =>
      yellow(`${name} (${from}) is no setting${meant === null ? '' : `: did you mean ${meant}?`}`),
    ),
  ];
  if (problem) lines.push(`${red(problem.message)}${problem.fix ? `\n${problem.fix}` : ''}`);
  return lines.join('\n\n');
}
