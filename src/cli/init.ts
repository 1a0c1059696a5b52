import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { openTo, readConfig } from '../config.ts';
import { problemWith } from '../config-problem.ts';
import { TidingsError } from '../errors.ts';
import { createPrivateFile } from '../private-files.ts';
import { SECRETS } from '../settings.ts';
import { Asker } from './asker.ts';
import { jsonOption, type Run } from './context.ts';
import type { CliHost } from './host.ts';
import { EMAIL, type Question, WHATSAPP } from './init-questions.ts';

export function addInitCommand(program: Command, run: Run): void {
  jsonOption(
    program.command('init').description('ask for the first settings, check them, and write them to .env'),
  )
    .addHelpText(
      'after',
      '\nEach question may be left empty: without a provider messages go to a local outbox. The file is readable by you' +
        '\nalone, and an existing one is left as it is. Answers may be piped in, a line each.',
    )
    .action(() =>
      run(async ({ host, output }) => {
        const file = resolve(host.env['TIDINGS_ENV_FILE']?.trim() || '.env');
        if (existsSync(file))
          throw new TidingsError('conflict', `${file} is there already, and stays as it is.`, {
            fix: '`tidings config` shows what is set; edit the file, or move it away first.',
          });
        // Before the questions: afterwards the answers would be lost.
        accessSync(dirname(file), constants.W_OK);
        const asker = new Asker(host, (text) => output.aside(text));
        const answers = await askAll(asker, host).finally(() => asker.close());
        write(file, answers);
        const names = Object.keys(answers);
        output.result({ success: true, file, settings: names }, () =>
          [
            `Written to ${file}, which only you can read: ${names.join(', ') || 'nothing yet'}.`,
            'Next: tidings doctor looks whether they work, and tidings serve starts the server.',
          ].join('\n'),
        );
        return 0;
      }),
    );
}

async function askAll(asker: Asker, host: CliHost): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  const ask = async (questions: readonly Question[]) => {
    for (const question of questions) {
      const given = await asker.ask(
        question,
        (value) => unwritable(value) ?? problemWith(question.name, { ...answers, [question.name]: value }),
      );
      if (given !== '') answers[question.name] = given;
    }
  };
  await ask([{ name: 'SITE_NAME', text: 'What is your company or site called?' }]);
  for (const { name, text, providers } of [EMAIL, WHATSAPP]) {
    const names = Object.keys(providers);
    const question = { name, text: `${text} ${names.join(', ')}; empty: a local outbox` };
    const provider = await asker.ask(question, (value) =>
      names.includes(value) ? null : `"${value}" is none of them: write one of ${names.join(', ')}.`,
    );
    if (provider === '') continue;
    answers[name] = provider;
    await ask(providers[provider]!);
  }
  await ask([
    {
      name: 'DEFAULT_COUNTRY',
      text: 'The country of phone numbers without a code, as two letters (MX, DE …)',
    },
    {
      name: 'PUBLIC_URL',
      text: 'By which address do others reach the server? Empty: only this machine does',
    },
  ]);
  // A key is needed where others can come, and one that a machine made is not guessed.
  if (openTo(host.env['HOST']?.trim() || '127.0.0.1', answers['PUBLIC_URL'] ?? null))
    answers['TIDINGS_API_KEY'] = randomBytes(32).toString('hex');
  readConfig(answers);
  return answers;
}

/** What no quotes keep as it is for the shell and for Node alike. */
function unwritable(value: string): string | null {
  if (!value.includes("'") || !/["$`\\]/.test(value)) return null;
  return `It has an apostrophe beside one of " $ \` \\, which the file cannot hold. Leave one of them out, or set it in the environment.`;
}

/** As the shell, systemd and Node read it alike. */
function write(file: string, answers: Record<string, string>): void {
  const quote = (value: string) =>
    /^[\w@%+=:,./-]+$/.test(value) ? value : value.includes("'") ? `"${value}"` : `'${value}'`;
  const lines = Object.entries(answers).map(([name, value]) => `${name}=${quote(value)}\n`);
  const isSecret = Object.keys(answers).some((name) => SECRETS.includes(name));
  const head = `# Settings of Tidings; docs/reference/configuration.md has them all.${isSecret ? ' It holds secrets.' : ''}\n`;
  const descriptor = createPrivateFile(file);
  writeFileSync(descriptor, head + lines.join(''));
}
