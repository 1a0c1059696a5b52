import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { TidingsError } from '../errors.ts';
import type { Tidings } from '../tidings.ts';
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
import { showForecast, showResult, showTest } from './send-summary.ts';

const SPELLING = { audience_id: '--audience', max_wait_seconds: '--wait' };
/** The longest that one call of the operation watches. */
const LONGEST_WATCH_SECONDS = 3_600;

export function addSendCommand(program: Command, run: Run): void {
  jsonOption(
    program.command('send').description('send one message to every lead of an audience, never twice'),
  )
    .option('--audience <id>', 'the audience')
    .option('--channel <channel>', 'email or whatsapp')
    .option('--subject <text>', 'email subject')
    .option(
      '--message <text>',
      'plain text, or HTML for email; {{lead.first_name | default: "there"}} is filled in',
    )
    .option('--message-file <file>', 'read the message from a file, or from standard input with -')
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
      'start then: 2026-08-01T09:00:00-06:00, or Z for UTC; "now" starts a scheduled send early',
    )
    .option('--dry-run', 'send nothing: show who would get it, who is skipped and why, and samples')
    .option('--confirm <token>', 'send exactly what a dry run showed, or nothing')
    .option(
      '--expected-recipients <n>',
      'send only if that many would get it',
      number('--expected-recipients', { min: 0, max: 1e9 }),
    )
    .option(
      '--test-to <contact>',
      'send it to this address or number of your own only (repeatable): no lead gets it',
      (contact: string, before: string[] = []) => [...before, contact],
    )
    .option('--lead <id>', 'with --test-to: whose values fill in the text')
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
  $ tidings send --audience ID --channel whatsapp --message "Doors open!" --schedule-at 2026-08-01T09:00:00-06:00`,
    )
    .action((options: Options) => run((context) => send(context, options)));
}

async function send({ host, output, withTidings }: CommandContext, options: Options): Promise<number> {
  const given = {
    audience_id: options['audience'],
    channel: options['channel'],
    message: await readMessage(host, options),
    subject: options['subject'],
    from: options['from'],
    sender: options['sender'],
    campaign: options['campaign'],
    placeholder_policy: options['placeholderPolicy'],
    ...(options['allowRepeat'] !== undefined && { allow_repeat: true }),
    ...(options['allowLiteral'] !== undefined && { allow_literal: true }),
  };
  if (options['testTo'] !== undefined) return sendTest({ output, withTidings }, given, options);
  if (options['dryRun'] === true) return showDryRun({ output, withTidings }, given, options);
  return withTidings(async (tidings) => {
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
      output.result(result, () => showResult(result, output));
      return exitCode(result, stop.signal.aborted);
    } finally {
      bar.stop();
      release();
    }
  });
}

async function showDryRun(
  { output, withTidings }: Pick<CommandContext, 'output' | 'withTidings'>,
  given: object,
  options: Options,
): Promise<number> {
  return withTidings(async (tidings) => {
    const input = { ...given, dry_run: true, retry: options['retry'], schedule_at: options['scheduleAt'] };
    const result = await call(tidings, 'sendBulkMessages', input, SPELLING);
    output.result(result, () => showForecast(result, output));
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
    const input = { ...given, to: options['testTo'], lead_id: options['lead'] };
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
  const next_step =
    now['state'] === 'running'
      ? 'A server on the same data folder goes on with it. Without one it waits: run the same command again, or tidings serve.'
      : now['next_step'];
  return { ...watched, ...totals, state: now['state'], next_step };
}

/** A wait that was asked for and is over, or a time that was set, is no failure; being interrupted, paused or cancelled is. */
function exitCode(result: Result, interrupted: boolean): number {
  if (result['success'] !== true) return 1;
  if (result['state'] === 'completed' || result['state'] === 'scheduled') return 0;
  return result['state'] === 'running' && !interrupted ? 0 : 1;
}

async function readMessage(host: CliHost, options: Options): Promise<string | undefined> {
  const file = options['messageFile'];
  if (typeof file !== 'string') return options['message'] as string | undefined;
  if (options['message'] !== undefined) {
    throw new TidingsError('invalid_argument', 'Both --message and --message-file were given.', {
      fix: 'Give one of them.',
    });
  }
  const text = file === '-' ? await readAll(host.stdin) : readFileSync(file, 'utf8');
  // Editors put a byte order mark before and a line break behind, and neither is meant for the reader.
  return text.replace(/^\ufeff/, '').replace(/\r?\n$/, '');
}

async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as string));
  return Buffer.concat(chunks).toString('utf8');
}
