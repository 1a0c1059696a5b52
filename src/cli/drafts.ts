import type { Command } from 'commander';
import { oneLine } from '../visible.ts';
import { audienceId } from './audience-id.ts';
import {
  answer,
  call,
  jsonOption,
  more,
  number,
  type Options,
  pageOptions,
  type Result,
  type Run,
} from './context.ts';
import type { Output } from './output.ts';
import { readMessage } from './send.ts';

const SPELLING = { draft_id: '<draft>', audience_id: '--audience' };

export function addDraftCommands(program: Command, run: Run): void {
  const drafts = program
    .command('drafts')
    .description('messages that are being written: nothing of them is sent');

  jsonOption(pageOptions(drafts.command('list'), 'drafts'))
    .description('list them, the latest made first')
    .action(({ limit, cursor }: Options) =>
      run((context) => answer(context, 'drafts.list', { limit, cursor }, showList)),
    );

  jsonOption(drafts.command('get <draft>'))
    .description('show one with its text, and who changed it last')
    .action((draft_id: string) =>
      run((context) => answer(context, 'drafts.get', { draft_id }, showOne, SPELLING)),
    );

  jsonOption(drafts.command('save [draft]'))
    .description('keep a message for somebody to read, change and send at the dashboard')
    .option('--revision <n>', 'of a draft that is there: on which it was written', number('--revision'))
    .option('--audience <id or name>', 'the audience; by name, where only one has it')
    .option('--channel <channel>', 'email or whatsapp')
    .option('--subject <text>', 'email subject')
    .option('--message <text>', 'plain text, or HTML for email')
    .option('--message-file <file>', 'read the message from a file, or from standard input with -')
    .option('--preheader <text>', 'words that a mailbox shows behind the subject (HTML email)')
    .option('--from <name>', 'sender display name (email)')
    .option('--campaign <name>', 'which message this is')
    .addHelpText(
      'after',
      `
It is kept whole: what is not given is not in it.

Examples:
  $ tidings drafts save --audience ID --channel email --subject "This week" --message-file offer.html
  $ tidings drafts save DRAFT --revision 3 --audience ID --channel email --subject "This week" --message-file offer.html`,
    )
    .action((draft_id: string | undefined, options: Options) =>
      run(async (context) => {
        const { revision, channel, subject, preheader, from, campaign } = options;
        const message = await readMessage(context.host, options);
        return context.withTidings(async (tidings) => {
          const audience_id = await audienceId(tidings, options['audience']);
          const given = {
            draft_id,
            revision,
            audience_id,
            channel,
            subject,
            message,
            preheader,
            from,
            campaign,
          };
          const saved = await call(tidings, 'drafts.save', given, SPELLING);
          context.output.result(saved, () => showOne(saved, context.output));
          return 0;
        }, 'create');
      }),
    );

  jsonOption(drafts.command('delete <draft>'))
    .description('delete one; what was sent of it stays')
    .option('--revision <n>', 'only when nobody has changed it since this one', number('--revision'))
    .action((draft_id: string, { revision }: Options) =>
      run((context) => {
        const show = (done: Result) => oneLine(`The draft ${done['draft_id']} is deleted.`);
        return answer(context, 'drafts.delete', { draft_id, revision }, show, SPELLING);
      }),
    );
}

function showList(found: Result, output: Output): string {
  const columns = ['draft_id', 'title', 'channel', 'revision', 'changed_at', 'changed_by'];
  const rows = (found['drafts'] as Result[]).map((one) => columns.map((column) => one[column]));
  return rows.length === 0 ? 'No message is being written.' : output.table(columns, rows) + more(found);
}

function showOne(draft: Result, output: Output): string {
  const content = draft['content'] as Result;
  const { message, ...rest } = content;
  const text = String(message ?? '').trimEnd();
  return [
    oneLine(
      `${output.colors.cyan(String(draft['draft_id']))}  revision ${draft['revision']}, changed ${draft['changed_at']} by ${draft['changed_by']}`,
    ),
    ...Object.entries(rest).map(([name, value]) =>
      oneLine(
        `${output.colors.dim(`${name}:`)} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
      ),
    ),
    ...(text === '' ? [] : text.split(/\r?\n/).map((line) => `  ${line}`.trimEnd())),
    oneLine(`Read, changed and sent at ${draft['url']}`),
  ].join('\n');
}
