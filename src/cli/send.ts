import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { MOST_ATTACHED } from '../core/messages/attachment.ts';
import { TidingsError } from '../errors.ts';
import type { Tidings } from '../tidings.ts';
import { audienceId } from './audience-id.ts';
import {
  type CommandContext,
  call,
  jsonOption,
  number,
  type Options,
  type Result,
  type Run,
} from './context.ts';
import type { CliHost } from './host.ts';
import { onInterrupt } from './interrupt.ts';
import { readFile } from './read-file.ts';
import { reasonsOf } from './send-reasons.ts';
import { showForecast, showMessageOf, showResult, showTest } from './send-summary.ts';

const SPELLING = {
  audience_id: '--audience',
  max_wait_seconds: '--wait',
  template_values: '--template-value',
};
/** The longest that one call of the operation watches. */
const LONGEST_WATCH_SECONDS = 3_600;

export function addSendCommand(program: Command, run: Run): void {
  jsonOption(
    program.command('send').description('send one message to every lead of an audience, never twice'),
  )
    .option('--audience <id or name>', 'the audience; by name, where only one has it')
    .option('--channel <channel>', 'email or whatsapp')
    .option('--subject <text>', 'email subject')
    .option(
      '--message <text>',
      'plain text, or HTML for email; {{lead.first_name | default: "there"}} is filled in',
    )
    .option('--message-file <file>', 'read the message from a file, or from standard input with -')
    .option('--preheader <text>', 'words that a mailbox shows behind the subject (HTML email)')
    .option('--track <what>', 'clicks: count who follows links (HTML email; default: nothing is counted)')
    .option('--attach <file>', 'a file that everybody gets (email; repeatable)', repeated)
    .option('--from <name>', 'sender display name (email)')
    .option(
      '--sender <id>',
      '"sandbox" records to the local outbox and reaches nobody; default: the configured sender',
    )
    .option('--campaign <name>', 'which message this is; another name sends to the same people again')
    .option(
      '--placeholder-policy <policy>',
      'for a missing merge field: strip_tokens (default) or skip_recipient',
    )
    .option('--retry <which>', 'try these again first: failed, skipped, or unknown (may arrive twice)')
    .option('--allow-repeat', 'send although most of them got the same text within 24 hours')
    .option('--allow-literal', 'send although the text has tags of another tool or fields that nobody has')
    .option(
      '--schedule-at <time>',
      'start then: YYYY-MM-DDT09:00:00-06:00, or Z for UTC; "now" starts a scheduled send early',
    )
    .option(
      '--template <name>',
      'WhatsApp: by this template to who did not write lately (default: made of the message)',
    )
    .option(
      '--template-value <slot=text>',
      'what stands in a slot of --template, as 1="{{lead.first_name}}" (repeatable)',
      keyValue,
    )
    .option(
      '--language <code>',
      'of the template: es, pt_BR … (default: WHATSAPP_LANGUAGE, else told by the text)',
    )
    .option('--category <category>', 'of a template that is made: marketing (default) or utility')
    .option('--footer <text>', 'below the text of a template that is made')
    .option('--opt-out', 'with a button that stops messages, in a template that is made')
    .option('--dry-run', 'send nothing: show who would get it, who is skipped and why, and samples')
    .option('--confirm <token>', 'send exactly what a dry run showed, or nothing')
    .option('--preview', 'send nothing: show it as the first lead of the audience, or --lead, would get it')
    .option(
      '--expected-recipients <n>',
      'send only if that many would get it',
      number('--expected-recipients', { min: 0, max: 1e9 }),
    )
    .option(
      '--test-to <contact>',
      'send it to this address or number of your own only (repeatable): no lead gets it',
      repeated,
    )
    .option('--lead <id>', 'with --test-to or --preview: whose values fill in the text')
    .option(
      '--wait <seconds>',
      'leave after this long (default: when it is done)',
      number('--wait', { min: 0, max: 1e9 }),
    )
    .addHelpText(
      'after',
      `
Run the same command again to go on: only leads that are still pending are tried. While a server runs on the same
data folder, that server sends and this command watches. A scheduled send is left to a server: it starts when its time
has come and one runs.

Examples:
  $ tidings send --audience ID --channel email --subject "This week" --message-file offer.html --dry-run
  $ tidings send --audience ID --channel email --subject "This week" --message-file offer.html --test-to me@example.com
  $ tidings send --audience ID --channel email --subject "This week" --message-file offer.html --from "Marketing"
  $ tidings send --audience ID --channel whatsapp --message "Hi {{lead.first_name}}!" --campaign spring
  $ tidings send --audience ID --channel email --subject "This week" --message-file offer.html --retry failed
  $ tidings send --audience ID --channel whatsapp --message "Doors open!" --schedule-at YYYY-MM-DDT09:00:00-06:00`,
    )
    .action((options: Options) => run((context) => send(context, options)));
}

async function send({ host, output, withTidings }: CommandContext, options: Options): Promise<number> {
  const given = {
    audience_id: options['audience'],
    channel: options['channel'],
    message: await readMessage(host, options),
    subject: options['subject'],
    preheader: options['preheader'],
    ...(options['track'] !== undefined && { tracking: [options['track']] }),
    ...(options['attach'] !== undefined && {
      attachments: readFiles(options['attach'] as unknown as string[]),
    }),
    from: options['from'],
    sender: options['sender'],
    campaign: options['campaign'],
    placeholder_policy: options['placeholderPolicy'],
    template: templateOf(options),
    template_values: options['templateValue'],
    language: options['language'],
    category: options['category'],
    ...(options['allowRepeat'] !== undefined && { allow_repeat: true }),
    ...(options['allowLiteral'] !== undefined && { allow_literal: true }),
  };
  if (options['testTo'] !== undefined) return sendTest({ output, withTidings }, given, options);
  if (options['preview'] === true) return showPreview({ output, withTidings }, given, options);
  if (options['dryRun'] === true) return showDryRun({ output, withTidings }, given, options);
  return withTidings(async (tidings) => {
    given.audience_id = await audienceId(tidings, given.audience_id);
    const bar = output.bar(`Sending ${options['channel']}`);
    const stop = new AbortController();
    const release = onInterrupt(() => {
      stop.abort();
      bar.stop();
      output.note('Stopping: what is in flight is finished first. Ctrl-C again leaves at once.');
    });
    try {
      tidings.dispatcher.start();
      const watched = await watch(tidings, given, options, stop.signal, bar.update);
      bar.stop();
      const result = isRunning(watched) ? await leave(tidings, watched) : watched;
      const reasons = output.json ? '' : await reasonsOf(tidings, result, output);
      output.result(result, () => showResult(result, output, reasons));
      return exitCode(result, stop.signal.aborted);
    } finally {
      bar.stop();
      release();
    }
  });
}

/** Read here, once: the operation takes no paths, from whichever door it is called. */
function readFiles(paths: readonly string[]): object[] {
  return paths.map((path) => {
    const { size } = statSync(path);
    if (size > MOST_ATTACHED)
      throw new TidingsError('invalid_argument', `${path} is larger than 10 MB.`, {
        fix: 'Put a link into the message instead.',
      });
    return { filename: basename(path), content: readFile(path).toString('base64') };
  });
}

const repeated = (one: string, before: string[] = []) => [...before, one];

function templateOf({ template, footer, optOut }: Options): object | undefined {
  if (template === undefined && footer === undefined && !optOut) return undefined;
  return {
    ...(template !== undefined && { name: template }),
    ...(footer !== undefined && { footer }),
    ...(optOut && { buttons: [{ type: 'opt_out' }] }),
  };
}

function keyValue(given: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([\w.]+)=(.*)$/su.exec(given) ?? [];
  if (key === undefined)
    throw new TidingsError('invalid_argument', `--template-value is "${given}".`, {
      fix: 'Write slot=text, as 1="{{lead.first_name | default: \'there\'}}".',
    });
  return { ...before, [key]: value! };
}

async function showDryRun(
  { output, withTidings }: Pick<CommandContext, 'output' | 'withTidings'>,
  given: object,
  options: Options,
): Promise<number> {
  return withTidings(async (tidings) => {
    const audience_id = await audienceId(tidings, options['audience']);
    const input = {
      ...given,
      audience_id,
      dry_run: true,
      retry: options['retry'],
      schedule_at: options['scheduleAt'],
    };
    const result = await call(tidings, 'sendBulkMessages', input, SPELLING);
    output.result(result, () => showForecast(result, output));
    return 0;
  });
}

/** What belongs to a send, such as its campaign, has no part in it. */
async function showPreview(
  { output, withTidings }: Pick<CommandContext, 'output' | 'withTidings'>,
  given: Readonly<Record<string, unknown>>,
  options: Options,
): Promise<number> {
  const { campaign: _, placeholder_policy: __, allow_repeat: ___, allow_literal: ____, ...message } = given;
  const { tracking: _t, attachments: _a, ...text } = message;
  return withTidings(async (tidings) => {
    const audience_id = await audienceId(tidings, options['audience']);
    const input = { ...text, audience_id, lead_id: options['lead'] };
    const shown = await call(tidings, 'sends.preview', input, { ...SPELLING, lead_id: '--lead' });
    output.result(shown, () => showMessageOf(shown));
    return 0;
  });
}

/** `--test-to`: what belongs to a send, such as its campaign, has no part in it. */
async function sendTest(
  { output, withTidings }: Pick<CommandContext, 'output' | 'withTidings'>,
  { campaign: _, placeholder_policy: __, allow_repeat: ___, ...given }: Readonly<Record<string, unknown>>,
  options: Options,
): Promise<number> {
  return withTidings(async (tidings) => {
    const audience_id = await audienceId(tidings, options['audience']);
    const input = { ...given, audience_id, to: options['testTo'], lead_id: options['lead'] };
    const result = await call(tidings, 'sends.test', input, {
      ...SPELLING,
      to: '--test-to',
      lead_id: '--lead',
    });
    output.result(result, () => showTest(result));
    return result['success'] === true ? 0 : 1;
  });
}

/** Calls until the send does not run any more or the wait is over. Only the first call puts leads back and sets a time. */
async function watch(
  tidings: Tidings,
  given: object,
  options: Options,
  signal: AbortSignal,
  onBar: (done: number, total: number, note: string) => void,
): Promise<Result> {
  const wait = options['wait'] as number | undefined;
  const until = wait === undefined ? Number.POSITIVE_INFINITY : performance.now() + wait * 1_000;
  const once = (more: object) => {
    const left = Math.max(0, (until - performance.now()) / 1_000);
    const input = { ...given, ...more, max_wait_seconds: Math.min(left, LONGEST_WATCH_SECONDS) };
    return call(tidings, 'sendBulkMessages', input, SPELLING, {
      signal,
      onProgress: ({ done, total, message }) => {
        if (!signal.aborted) onBar(done, total, message);
      },
    });
  };
  // What was confirmed or expected is asked for once: afterwards it is under way.
  const first = await once({
    retry: options['retry'],
    schedule_at: options['scheduleAt'],
    confirm: options['confirm'],
    expected_recipients: options['expectedRecipients'],
  });
  let result = first;
  while (isRunning(result) && !signal.aborted && performance.now() < until) {
    result = await once({});
  }
  if (result === first) return first;
  // What the later calls remark ("nothing was sent by this call") is about themselves, not about this command.
  const { notice: _, ...rest } = result;
  return first['notice'] === undefined ? rest : { ...rest, notice: first['notice'] };
}

/** Not the earlier send, which an answer may name instead of sending the same text again. */
function isRunning(result: Result): boolean {
  return result['success'] === true && result['state'] === 'running';
}

/** Leaves a send that runs: with nothing of ours in flight, the counts are those that stay. */
async function leave(tidings: Tidings, watched: Result): Promise<Result> {
  await tidings.dispatcher.stop();
  const now = await call(tidings, 'sends.get', { send_id: watched['send_id'] });
  const counts = Object.keys(watched).filter((key) => key.startsWith('total_'));
  const totals = Object.fromEntries(counts.map((key) => [key, now[key]]));
  const { state, is_moving } = now;
  const isLeft = state === 'running' && is_moving !== true;
  const next_step = isLeft
    ? 'Nothing sends at the moment: run the same command again, or start tidings serve. It goes on from where it is.'
    : now['next_step'];
  return { ...watched, ...totals, state, is_moving, next_step };
}

/**
 * A wait that was asked for and is over is no failure while another process goes on, and neither is a time that was set.
 * Being interrupted, paused or cancelled is, and so is a send that reached nobody of those it tried.
 */
function exitCode(result: Result, interrupted: boolean): number {
  const { success, state, is_moving, total_sent, total_failed } = result;
  if (success !== true) return 1;
  if (state === 'completed') return total_sent === 0 && Number(total_failed) > 0 ? 1 : 0;
  if (state === 'running') return is_moving === true && !interrupted ? 0 : 1;
  return state === 'scheduled' ? 0 : 1;
}

export async function readMessage(host: CliHost, options: Options): Promise<string | undefined> {
  const file = options['messageFile'];
  if (typeof file !== 'string') return options['message'] as string | undefined;
  if (options['message'] !== undefined) {
    throw new TidingsError('invalid_argument', 'Both --message and --message-file were given.', {
      fix: 'Give one of them.',
    });
  }
  const text = file === '-' ? await readAll(host.stdin) : readFile(file).toString('utf8');
  // Editors put a byte order mark before and a line break behind, and neither is meant for the reader.
  return text.replace(/^\ufeff/, '').replace(/\r?\n$/, '');
}

async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as string));
  return Buffer.concat(chunks).toString('utf8');
}
