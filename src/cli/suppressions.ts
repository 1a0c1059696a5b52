import type { Command } from 'commander';
import { counted } from '../amounts.ts';
import { oneLine, visible } from '../visible.ts';
import {
  answer,
  jsonOption,
  more,
  number,
  type Options,
  pageOptions,
  type Result,
  type Run,
} from './context.ts';
import { exportFile } from './export-file.ts';
import type { Output } from './output.ts';
import { importList } from './suppression-files.ts';
import { wrap } from './wrap.ts';

const SPELLING = { contact: '<contact>', send_id: '--send' };

export function addSuppressionCommands(program: Command, run: Run): void {
  const suppressions = program.command('suppressions').description('contacts that no send may reach');

  jsonOption(pageOptions(suppressions.command('list'), 'contacts'))
    .description('list them, with the reason')
    .option('--channel <channel>', 'email or whatsapp')
    .action(({ channel, limit, cursor }: Options) =>
      run((context) => answer(context, 'suppressions.list', { channel, limit, cursor }, showList)),
    );

  jsonOption(suppressions.command('add <contact>'))
    .description('keep a contact from being messaged, from now on')
    .option('--channel <channel>', 'email or whatsapp')
    .option('--reason <reason>', 'unsubscribed (default), bounced, complained or opted_out')
    .addHelpText('after', '\nExample:\n  $ tidings suppressions add ana@example.com --channel email')
    .action((contact: string, { channel, reason }: Options) =>
      run((context) => {
        const show = (done: Result) =>
          oneLine(`${done['contact']} is not messaged over ${done['channel']} any more.`);
        return answer(context, 'suppressions.add', { contact, channel, reason }, show, SPELLING, 'create');
      }),
    );

  jsonOption(suppressions.command('import <file>'))
    .description('suppress every contact of a list, or of standard input with -')
    .option('--channel <channel>', 'email or whatsapp (default: by what each contact is)')
    .option('--reason <reason>', 'where no column says it (default unsubscribed)')
    .option('--rejects <file>', 'where rows go that hold no usable contact')
    .addHelpText(
      'after',
      `
A CSV or XLSX with columns of emails or phones, and of reason, channel and date as other tools export them, or one contact
in each line. The same list twice changes nothing; tidings imports undo takes it back.

Examples:
  $ tidings suppressions import unsubscribed.csv
  $ tidings suppressions import bounces.csv --reason bounced --channel email`,
    )
    .action((file: string, options: Options) => run((context) => importList(context, file, options)));

  jsonOption(suppressions.command('export [file]'))
    .description('write the suppressed contacts as CSV, to a file or to standard output')
    .option('--channel <channel>', 'email or whatsapp')
    .addHelpText('after', '\nExample:\n  $ tidings suppressions export suppressed.csv')
    .action((file: string | undefined, { channel }: Options) =>
      run((context) => exportFile(context, 'suppressions.export', { channel }, file, SPELLING)),
    );

  jsonOption(suppressions.command('remove <contact>'))
    .description('let a contact be messaged again; only with that person’s consent')
    .option('--channel <channel>', 'email or whatsapp')
    .action((contact: string, { channel }: Options) =>
      run((context) => {
        const show = (done: Result) =>
          oneLine(`${done['contact']} can be messaged over ${done['channel']} again.`);
        return answer(context, 'suppressions.remove', { contact, channel }, show, SPELLING);
      }),
    );

  jsonOption(pageOptions(suppressions.command('history [contact]'), 'entries'))
    .description('what no longer holds: until when, and who lifted it')
    .action((contact: string | undefined, { limit, cursor }: Options) =>
      run((context) =>
        answer(context, 'suppressions.history', { contact, limit, cursor }, showHistory, SPELLING),
      ),
    );
}

export function addOutboxCommand(program: Command, run: Run): void {
  const outbox = program.command('outbox').description('what the sandbox recorded instead of sending');
  jsonOption(outbox.command('list'))
    .description('show the newest messages as they would arrive')
    .option('--channel <channel>', 'email or whatsapp')
    .option('--send <id>', 'only of this send')
    .option('--limit <n>', 'messages to show', number('--limit'))
    .option('--cursor <cursor>', 'where the list before ended')
    .action(({ channel, send, limit, cursor }: Options) =>
      run((context) =>
        answer(context, 'outbox.list', { channel, send_id: send, limit, cursor }, showOutbox, SPELLING),
      ),
    );
  jsonOption(outbox.command('get <entry>'))
    .description('show one message with all of its text')
    .action((entry_id: string) =>
      run((context) => answer(context, 'outbox.get', { entry_id }, showMessage, { entry_id: '<entry>' })),
    );
}

function showList(found: Result, output: Output): string {
  const columns = ['channel', 'contact', 'reason', 'created_at'];
  const rows = (found['suppressions'] as Result[]).map((one) => columns.map((column) => one[column]));
  return rows.length === 0 ? 'Nobody is suppressed.' : output.table(columns, rows) + more(found);
}

function showHistory(found: Result, output: Output): string {
  const columns = ['channel', 'contact', 'reason', 'created_at', 'lifted_at', 'lifted_by'];
  const rows = (found['history'] as Result[]).map((one) => columns.map((column) => one[column]));
  return rows.length === 0 ? 'No suppression was lifted.' : output.table(columns, rows) + more(found);
}

function showOutbox(found: Result, output: Output): string {
  const entries = (found['entries'] as Result[]).map((entry) => showMessage(entry, output));
  return [...entries, `${counted(found['total_count'] as number, 'message')} recorded${more(found)}`].join(
    '\n\n',
  );
}

/** One message as its reader would see it. */
export function showMessage(entry: Result, output: Output): string {
  const heads = [
    ['To', entry['to']],
    ['From', entry['from']],
    ['Subject', entry['subject']],
  ].filter(([, value]) => value !== null && value !== undefined);
  const head = heads.map(([name, value]) => `${output.colors.dim(`${name}:`)} ${oneLine(String(value))}`);
  const text = String(entry['text']).trimEnd().split(/\r?\n/);
  if (entry['shortened']) text.push(`(shortened: tidings outbox get ${entry['entry_id']} shows all of it)`);
  return [
    wrap(`${output.colors.cyan(String(entry['channel']))}  ${head.join('  ')}`, output.columns, 2),
    ...text.map((line) => `  ${wrap(visible(line), output.columns, 2)}`.trimEnd()),
  ].join('\n');
}
