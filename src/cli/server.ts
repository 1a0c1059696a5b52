import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import { TidingsError } from '../errors.ts';
import type { Check } from '../upkeep/doctor/check.ts';
import { oneLine } from '../visible.ts';
import { jsonOption, number, type Run } from './context.ts';
import type { CliHost } from './host.ts';
import type { Output } from './output.ts';
import { readFile } from './read-file.ts';
import { wrap } from './wrap.ts';

export function addServerCommands(program: Command, run: Run): void {
  program
    .command('serve')
    .description('start the server: MCP, REST, and the sending itself')
    .option('--port <n>', 'default: PORT, else 3000', number('--port', { min: 0, max: 65_535 }))
    .option('--host <address>', 'default: HOST, else 127.0.0.1')
    .option('--no-dispatch', 'answer callers only; `tidings worker` sends (with DATABASE_URL)')
    .addHelpText('after', '\nExample:\n  $ tidings serve --port 8080')
    .action((options: { port?: number; host?: string; dispatch: boolean }) =>
      run(({ host }) => host.serve(options)),
    );

  program
    .command('worker')
    .description('send and nothing else, beside other workers on one PostgreSQL (DATABASE_URL)')
    .addHelpText(
      'after',
      '\nAny number of workers, on any number of machines, share the work and the rate of each sender.' +
        '\n\nExample:\n  $ DATABASE_URL=postgres://tidings:secret@db/tidings tidings worker',
    )
    .action(() => run(({ host }) => host.work()));

  program
    .command('mcp')
    .description('speak MCP over standard input and output, for AI agents on this machine')
    .addHelpText(
      'after',
      '\nExample, in the settings of an agent:\n  { "command": "tidings", "args": ["mcp"] }',
    )
    .action(() => run(({ host }) => host.mcp()));

  jsonOption(program.command('doctor').description('check settings, database, clock and the ways out'))
    .addHelpText(
      'after',
      '\nNothing is sent. The exit code is 1 when a check fails (✗); a warning (!) leaves it at 0.' +
        '\n\nExamples:\n  $ tidings doctor\n  $ tidings doctor --message offer.eml\n  $ tidings doctor --send ID',
    )
    .option('--message <file>', 'judge a message as it would leave (.eml; - is standard input)')
    .option('--send <id>', 'judge what an email send says to its first lead')
    .action((options: { message?: string; send?: string }) =>
      run(async ({ host, output }) => {
        const { checks } = await lookAt(host, options);
        const success = checks.every((check) => check.ok !== false);
        output.result({ success, checks: checks.map(toAnswer) }, () => showChecks(checks, output));
        return success ? 0 : 1;
      }),
    );
}

async function lookAt(
  host: CliHost,
  { message, send }: { readonly message?: string; readonly send?: string },
): Promise<{ checks: Check[] }> {
  if (message !== undefined && send !== undefined)
    throw new TidingsError('invalid_argument', 'Both --message and --send were given.', {
      fix: 'Give one of them.',
    });
  if (send !== undefined) return host.judge({ sendId: send });
  if (message === undefined) return host.doctor();
  return host.judge({ raw: message === '-' ? await buffer(host.stdin) : readFile(message) });
}

/** In the words of all answers. */
function toAnswer({ name, ok, isWarning = false, detail, said, fix }: Check) {
  const words = said !== undefined && { provider_said: said };
  return {
    name,
    ok,
    ...(isWarning && { warning: true }),
    detail,
    ...words,
    ...(fix !== undefined && { fix }),
  };
}

function showChecks(checks: readonly Check[], output: Output): string {
  const { green, red, yellow, dim } = output.colors;
  const widest = Math.max(...checks.map((check) => check.name.length));
  return checks
    .map(({ name, ok, isWarning, detail, said, fix }) => {
      const below = [said && `said: ${said}`, fix && `→ ${fix}`].filter((line) => line !== undefined);
      const fine = isWarning ? yellow('!') : green('✓');
      const mark = ok === null ? dim('–') : ok ? fine : red('✗');
      const indent = widest + 4;
      const lines = [detail, ...below].map((line) => wrap(oneLine(line), output.columns, indent));
      return `${mark} ${name.padEnd(widest)}  ${lines.join(`\n${' '.repeat(indent)}`)}`;
    })
    .join('\n');
}
