import type { Command } from 'commander';
import { oneLine } from '../visible.ts';
import { answer, jsonOption, more, type Options, pageOptions, type Result, type Run } from './context.ts';
import type { Output } from './output.ts';
import { readMessage } from './send.ts';

const SPELLING = { name: '<name>' };

export function addTemplateCommands(program: Command, run: Run): void {
  const templates = program
    .command('templates')
    .description('wordings that WhatsApp approves, for people who did not write within 24 hours');

  jsonOption(pageOptions(templates.command('list'), 'templates'))
    .description('list those that are known here')
    .option('--status <status>', 'APPROVED, PENDING, REJECTED, PAUSED …')
    .action(({ status, limit, cursor }: Options) =>
      run((context) => answer(context, 'templates.list', { status, limit, cursor }, showList)),
    );

  jsonOption(templates.command('get <name>'))
    .description('show one as WhatsApp has it now')
    .action((name: string) =>
      run((context) =>
        answer(
          context,
          'templates.get',
          { name },
          (found, output) =>
            [...(found['templates'] as Result[]).map((one) => showOne(one, output)), found['notice']]
              .filter(Boolean)
              .join('\n\n'),
          SPELLING,
        ),
      ),
    );

  jsonOption(templates.command('create'))
    .description('make one of a text with merge fields, and hand it in for review')
    .option('--message <text>', 'its words')
    .option('--message-file <file>', 'its words, from a file')
    .option('--name <name>', 'small letters, digits and _ (default: made of its words)')
    .option('--language <code>', 'es, pt_BR … (default: WHATSAPP_LANGUAGE, else told by the text)')
    .option('--category <category>', 'marketing (default) or utility')
    .option('--footer <text>', 'below the text')
    .option('--opt-out', 'with a button that stops messages')
    .addHelpText(
      'after',
      '\nExample:\n  $ tidings templates create --message "Hi {{lead.first_name}}, your order is ready." --category utility',
    )
    .action((options: Options) =>
      run(async (context) => {
        const { name, language, category, footer, optOut } = options;
        const message = await readMessage(context.host, options);
        const buttons = optOut ? [{ type: 'opt_out' }] : undefined;
        const input = { message, name, language, category, footer, buttons };
        const show = (made: Result, output: Output) =>
          [
            showOne(made['template'] as Result, output),
            ...(made['changes'] as string[]),
            String(made['next_step']),
          ].join('\n');
        return answer(context, 'templates.create', input, show, {}, 'create');
      }),
    );

  jsonOption(templates.command('sync'))
    .description('read all templates of the account')
    .action(() =>
      run((context) =>
        answer(context, 'templates.sync', {}, (done) => `${done['found']} found, ${done['gone']} gone.`),
      ),
    );

  jsonOption(templates.command('delete <name>'))
    .description('delete one at WhatsApp, for good; its name is blocked for 30 days then')
    .option('--language <code>', 'where there are several')
    .action((name: string, { language }: Options) =>
      run((context) =>
        answer(
          context,
          'templates.delete',
          { name, language },
          (done) => oneLine(`${done['name']} (${done['language']}) is deleted.`),
          SPELLING,
        ),
      ),
    );
}

function showList(found: Result, output: Output): string {
  const columns = ['name', 'language', 'category', 'status', 'quality', 'reason'];
  const rows = (found['templates'] as Result[]).map((one) => columns.map((column) => one[column]));
  if (rows.length > 0) return output.table(columns, rows) + more(found);
  return [
    'No template is known here.',
    found['notice'] ?? 'tidings templates sync reads those that there are.',
  ].join(' ');
}

function showOne(one: Result, output: Output): string {
  const head = `${one['name']}  ${one['language']}  ${one['category']}  ${output.colors.cyan(String(one['status']))}`;
  const lines = [one['header'], one['body'], one['footer']].filter((part) => part !== null).map(String);
  const buttons = (one['buttons'] as Result[]).map(({ text }) => `[ ${text} ]`);
  const notes = [one['reason'], one['problem']].filter((part) => part !== null).map(String);
  return [
    head,
    ...lines.flatMap((text) => text.split('\n')).map((line) => `  ${oneLine(line)}`),
    ...buttons.map((text) => `  ${oneLine(text)}`),
    ...notes.map(oneLine),
  ].join('\n');
}
