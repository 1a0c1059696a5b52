import { setTimeout as sleep } from 'node:timers/promises';
import type * as z from 'zod';
import type { AudienceRow } from '../../core/audiences/audience.store.ts';
import { CHANNELS } from '../../core/channel.ts';
import type { ContactLimit } from '../../core/deliveries/contact-limit.ts';
import type { Repeat } from '../../core/deliveries/repeat.store.ts';
import { findRepeat } from '../../core/deliveries/repeat.store.ts';
import { type Retry, requeue } from '../../core/deliveries/requeue.ts';
import { now } from '../../core/deliveries/resolve-outcome.ts';
import { retryGivenUp } from '../../core/deliveries/retry.store.ts';
import type { PreparedMessage, Sender } from '../../core/deliveries/sender.ts';
import { refuseWhileHeld } from '../../core/holds/hold.ts';
import { messageFormat, parseMessage } from '../../core/messages/content.ts';
import type { Message } from '../../core/messages/message.ts';
import { CALL_LIMIT_MS, withTextPart } from '../../core/messages/ready-content.ts';
import { newId } from '../../core/new-id.ts';
import { useConfirmation } from '../../core/sends/confirmation.store.ts';
import { contentHash } from '../../core/sends/content-hash.ts';
import {
  allowRepeat,
  findBriefSend,
  findSend,
  findSendByKey,
  getSend,
  insertSend,
  lockSend,
  moveSend,
  reviseSend,
  type SendContent,
  type SendRow,
  schedule,
  setScheduledAt,
} from '../../core/sends/send.store.ts';
import { PAUSED_BY_REQUEST, wayToRunning } from '../../core/sends/send.ts';
import { readStartTime, type StartTime } from '../../core/sends/start-time.ts';
import { TidingsError } from '../../errors.ts';
import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import type { Words } from '../../words.ts';
import { existingAudience } from '../existing-audience.ts';
import { type Call, type CallContext, type Operation, operation } from '../operation.ts';
import { checkText } from './check-text.ts';
import { chooseSender } from './choose-sender.ts';
import { countAhead, judge, mustConfirm, toUnconfirmed } from './confirm.ts';
import { dryRun } from './dry-run.ts';
import { type SendResult, sendBulkMessagesInput, sendBulkMessagesOutput } from './send.schema.ts';
import { isAhead, scheduledAt, toRepeat, toResult, totalsOf } from './send-result.ts';

export interface SendContext {
  readonly ledger: Ledger;
  /** The usual one of each channel before its others. */
  readonly senders: readonly Sender[];
  /** Tells the dispatcher of this process, if it is the one that sends, that there is work. */
  readonly wake: () => void;
  readonly siteName: string | null;
  readonly contactLimit: ContactLimit | null;
  /** Live messages leave only by the token of a dry run. */
  readonly needsToken: boolean;
}

export type Input = z.output<typeof sendBulkMessagesInput>;

/** A call that was read: everything about it that can be known before anything is stored. */
export interface Asked {
  readonly start: StartTime | null;
  readonly audience: AudienceRow;
  readonly sender: Sender;
  readonly content: SendContent;
  readonly parsed: Message;
  readonly prepared: PreparedMessage;
  readonly key: Pick<SendRow, 'audience_seq' | 'channel' | 'campaign' | 'mode'>;
  /** The send that it attaches to. */
  readonly before: SendRow | undefined;
  readonly notices: string[];
}

const WATCH_MS = 100;
const REQUEUE_ROWS = 2_000;

export function sendBulkMessages(context: SendContext): Operation {
  return operation({
    name: 'sendBulkMessages',
    summary:
      'Sends one message to every lead of an audience, over WhatsApp or email; never twice to the same lead.',
    effect: 'send',
    route: 'POST /sends',
    input: sendBulkMessagesInput,
    output: sendBulkMessagesOutput,
    async run(input, call) {
      await refuseWhileHeld(context.ledger);
      const { words } = call.caller;
      const asked = await readCall(context, input, call.signal);
      if (input.dry_run) return dryRun(context, input, asked, call);
      const attached = await attach(context, input, asked, call);
      if ('success' in attached) return attached;
      const { id, notices } = attached;
      context.wake();
      await watch(context.ledger, id, input.max_wait_seconds * 1_000, call);
      return toResult((await findSend(context.ledger, id))!, notices, words);
    },
  });
}

/** @throws TidingsError when it cannot be right: nothing was stored. */
async function readCall(
  { ledger, senders }: SendContext,
  input: Input,
  signal: AbortSignal | undefined,
): Promise<Asked> {
  const start = readStartTime(input.schedule_at, Date.now());
  const audience = await existingAudience(ledger, input.audience_id);
  refuseUnready(audience);
  const sender = chooseSender(senders, input.channel, input.sender);
  const content: SendContent = {
    message: input.message,
    format: messageFormat(input.channel, input.message),
    subject: CHANNELS[input.channel].hasSubject ? (input.subject ?? null) : null,
    from_name: input.from || null,
    placeholder_policy: input.placeholder_policy,
  };
  const parsed = parseMessage(content, input.channel);
  const prepared = sender.prepare(await withTextPart(parsed, CALL_LIMIT_MS, signal));
  const notices = remarks(input);
  const key = {
    audience_seq: audience.seq,
    channel: input.channel,
    campaign: input.campaign,
    mode: sender.about.mode,
  };
  const before = await findSendByKey(ledger, key);
  // What was accepted once goes on, whatever its leads have lost meanwhile.
  if (!before || !sameContent(before, content))
    notices.push(...(await checkText(ledger, parsed, audience, input.allow_literal)));
  return { start, audience, sender, content, parsed, prepared, key, before, notices };
}

/**
 * Makes the send of (audience, channel, campaign), or attaches to the one there is: two calls at once, or a call
 * tried again, are one send.
 */
async function attach(
  context: SendContext,
  input: Input,
  asked: Asked,
  call: Call,
): Promise<{ id: string; notices: string[] } | SendResult> {
  const { start, audience, sender, content, key, notices } = asked;
  const { words } = call.caller;
  const { ledger } = context;
  const counted = await countAhead(context, input, asked, call.signal);
  const found = await ledger.write(async (tx): Promise<Found | Repeat | SendResult> => {
    const known = await findSendByKey(tx, key);
    const id = known?.id ?? newId();
    const now = { ...asked, before: known };
    const verdict = await judge(tx, context, { question: input, asked: now, counted }, call);
    if (verdict.type === 'changed') return verdict.result;
    const isReplay = verdict.type === 'replay';
    if (verdict.type !== 'go' && mustConfirm(context, key)) {
      const asksMore = !isReplay && (input.retry !== undefined || start !== null);
      if (!known || asksMore || known.state === 'paused' || !sameContent(known, content))
        return toUnconfirmed(tx, input, now, words);
      return { known, goesOn: 'watched' };
    }
    const isNew = !known || !sameText(known, content);
    if (isNew && key.mode === 'live' && !input.allow_repeat && known?.state !== 'cancelled') {
      const all = { ...key, ...content, total: audience.total_count, seq: known?.seq ?? null };
      const repeat = await findRepeat(tx, all, Date.now());
      if (repeat) return repeat;
    }
    if (input.confirm !== undefined && !isReplay) await useConfirmation(tx, input.confirm, id);
    if (known && input.allow_repeat) await allowRepeat(tx, known.seq);
    if (known) return { known, goesOn: isReplay ? 'as it is' : 'as asked' };
    // It may have been deleted since: a send of it would find nobody.
    await existingAudience(tx, input.audience_id);
    await insertSend(tx, {
      repeat_allowed: input.allow_repeat ? 1 : 0,
      ...key,
      ...content,
      sender: sender.about.id,
      id,
      total: audience.total_count,
      created_at: new Date().toISOString(),
      scheduled_at: start?.type === 'at' ? start.atMs : null,
    });
    return { made: id };
  });
  if ('success' in found) return found;
  if ('percent' in found) {
    const of = { audienceId: input.audience_id, ...input, total: audience.total_count };
    return toRepeat(of, (await findSend(ledger, found.sendId))!, found.percent, words);
  }
  if ('made' in found) {
    if (start?.type === 'passed') notices.push(`${hasPassed(start, words)}: it was started at once.`);
    return { id: found.made, notices };
  }
  const { known, goesOn } = found;
  // What was confirmed once is done once: leads are put back, and a time is set, by the first of the same calls.
  const [retry, time] = goesOn === 'as asked' ? [input.retry, start] : [undefined, null];
  if (goesOn !== 'watched') notices.push(...(await takeUp(ledger, known, content, retry, time, words)));
  return { id: known.id, notices };
}

type Found =
  | { readonly made: string }
  | { readonly known: SendRow; readonly goesOn: 'as asked' | 'as it is' | 'watched' };

/** A further call for a send that exists: new text for whom it is still to reach, and on with what is pending. */
async function takeUp(
  ledger: Ledger,
  send: SendRow,
  content: SendContent,
  retry: Retry | undefined,
  start: StartTime | null,
  words: Words,
): Promise<string[]> {
  const notices: string[] = [];
  const scheduleAt = words.argument('schedule_at');
  const cancelled = 'This send was cancelled earlier; nothing was sent by this call.';
  if (send.state === 'cancelled') return [cancelled];
  const { moved, revised } = retry
    ? await requeueAll(ledger, send.seq, retry, content)
    : { moved: 0, revised: false };
  if (retry)
    notices.push(`${moved} ${retry} ${moved === 1 ? 'lead was' : 'leads were'} put back to pending.`);
  await ledger.write(async (tx) => {
    // Whoever sends may be about to say that nothing is left to try.
    await lockSend(tx, send.seq);
    const current = (await getSend(tx, send.seq))!;
    if (current.state === 'cancelled') return void notices.push(cancelled);
    const left = totalsOf(current).total_remaining;
    if (left === 0) {
      notices.push('Every lead of this send is already settled; this call sent nothing.');
      if (!sameContent(current, content)) {
        notices.push(
          'The message differs from the one that was sent. To send a new message, use a new campaign.',
        );
      }
      if (start) notices.push(`${scheduleAt} had no effect.`);
      return;
    }
    if ((await revise(tx, current, content)) || revised) {
      notices.push(`The message changed: the ${left} leads still pending get the new one.`);
    }
    if (current.state === 'paused' && current.problem_code === PAUSED_BY_REQUEST) {
      notices.push('It was paused by request and stays paused.');
      if (start)
        notices.push(`${scheduleAt} had no effect: ${words.operation('sends.resume')} takes it too.`);
      return;
    }
    notices.push(...(await startOrWait(tx, current, start, words)));
  });
  return notices;
}

/**
 * On with a send that has leads left: now, or when its time comes. A call that was made before, or that does not speak
 * of time, never starts one early: only the word "now" does.
 */
async function startOrWait(
  tx: Transaction,
  send: SendRow,
  start: StartTime | null,
  words: Words,
): Promise<string[]> {
  const running = send.state === 'running';
  if (start?.type === 'at' && !running) {
    await goOn(tx, send, start.atMs);
    const moved = send.state === 'scheduled' && send.scheduled_at !== start.atMs;
    return moved
      ? [`It was scheduled for ${scheduledAt(send)} and was moved to ${new Date(start.atMs).toISOString()}.`]
      : [];
  }
  if (send.state === 'scheduled' && isAhead(send, Date.now()) && start?.type !== 'now') {
    const passed = start?.type === 'passed' ? `${hasPassed(start, words)} and had no effect. ` : '';
    const now = words.argument('schedule_at', 'now');
    return [`${passed}It stays scheduled for ${scheduledAt(send)}; ${now} starts it at once.`];
  }
  await goOn(tx, send);
  if (running && start && start.type !== 'now')
    return [`The send is already running, so ${words.argument('schedule_at')} was ignored.`];
  return start?.type === 'passed' ? [`${hasPassed(start, words)}: it goes on at once.`] : [];
}

function hasPassed({ text }: Extract<StartTime, { type: 'passed' }>, words: Words): string {
  return `${words.argument('schedule_at')} ${text} has passed`;
}

/** A send with work left → `running`, or `scheduled` for `atMs` (milliseconds since 1970). */
export async function goOn(tx: Transaction, send: SendRow, atMs: number | null = null): Promise<void> {
  await retryGivenUp(tx, send.seq, now().steadyMs);
  if (atMs !== null) return schedule(tx, send.seq, atMs);
  const nowMs = Date.now();
  // Started early: that is its time now, and a later pause and resume finds no time ahead to wait for.
  if (isAhead(send, nowMs)) await setScheduledAt(tx, send.seq, nowMs);
  const event = wayToRunning(send.state);
  if (event) await moveSend(tx, send.seq, event);
}

/** With the new text: a send that is running may reach whom it puts back before the last of them is. */
async function requeueAll(
  ledger: Ledger,
  seq: number,
  retry: Retry,
  content: SendContent,
): Promise<{ moved: number; revised: boolean }> {
  let after = 0;
  let moved = 0;
  let revised = false;
  for (;;) {
    const part = await ledger.write(async (tx) => {
      const some = await requeue(tx, seq, retry, after, REQUEUE_ROWS);
      const changed =
        some !== null && some.moved > 0 && (await revise(tx, (await lockSend(tx, seq))!, content));
      return some && { ...some, changed };
    });
    if (part === null) return { moved, revised };
    after = part.last;
    moved += part.moved;
    revised ||= part.changed;
  }
}

/** @returns whether the message changed by it. */
async function revise(tx: Transaction, send: SendRow, content: SendContent): Promise<boolean> {
  if (sameContent(send, content)) return false;
  await reviseSend(tx, send.seq, content);
  return true;
}

function sameText(send: SendRow, content: SendContent): boolean {
  return contentHash(send) === contentHash(content);
}

function sameContent(send: SendRow, content: SendContent): boolean {
  return (['message', 'subject', 'from_name', 'placeholder_policy'] as const).every(
    (key) => send[key] === content[key],
  );
}

function refuseUnready(audience: AudienceRow): void {
  if (audience.status === 'error') {
    throw new TidingsError('conflict', `The audience "${audience.name}" could not be built.`, {
      fix: 'Make the audience again.',
    });
  }
  if (audience.status !== 'ready') {
    throw new TidingsError('conflict', `The audience "${audience.name}" is still ${audience.status}.`, {
      fix: (words) => `Call again when ${words.operation('audience.get')} says ready.`,
    });
  }
  if (audience.total_count === 0) {
    throw new TidingsError('conflict', `The audience "${audience.name}" has no leads: nobody to send to.`, {
      fix: 'Make an audience with other filters, or import leads first; an audience is frozen when it is made.',
    });
  }
}

function remarks(input: Input): string[] {
  const notices: string[] = [];
  if (input.channel === 'whatsapp') {
    if (input.from) notices.push("WhatsApp shows the business profile's own name; from was not used.");
    if (input.subject) notices.push('WhatsApp has no subject; it was not used.');
  }
  return notices;
}

/** Looks on until the send stops moving or the wait is over. Whoever looks away stops nothing. */
async function watch(ledger: Ledger, id: string, maxMs: number, call: CallContext): Promise<void> {
  const until = performance.now() + maxMs;
  let told = -1;
  for (;;) {
    const send = (await findBriefSend(ledger, id))!;
    const done = send.total - totalsOf(send).total_remaining;
    const over = send.state !== 'running';
    if (done > told) {
      told = done;
      call.onProgress?.({
        done,
        total: send.total,
        message: `${send.sent} sent, ${send.failed} failed, ${send.skipped} skipped`,
      });
    }
    const leftMs = until - performance.now();
    if (over || leftMs <= 0 || call.signal?.aborted) return;
    await sleep(Math.min(WATCH_MS, leftMs), undefined, { signal: call.signal }).catch(() => {});
  }
}
