import { createHash } from 'node:crypto';
import { type Forecast, forecast } from '../../core/deliveries/forecast.ts';
import { findRepeat } from '../../core/deliveries/repeat.store.ts';
import { campaignKey } from '../../core/sends/campaign-key.ts';
import { CONFIRM_MS, makeConfirmation } from '../../core/sends/confirmation.store.ts';
import { contentHash } from '../../core/sends/content-hash.ts';
import { findSend } from '../../core/sends/send.store.ts';
import { PAUSED_BY_REQUEST } from '../../core/sends/send.ts';
import type { Reader } from '../../ledger/ledger.ts';
import type { Words } from '../../words.ts';
import type { Call } from '../operation.ts';
import { Samples } from './samples.ts';
import type { SendResult } from './send.schema.ts';
import type { Asked, Input, SendContext } from './send-bulk-messages.ts';
import { gotItLately, repeatFix } from './send-result.ts';

/** What decides whom a call reaches, whether it makes a send or goes on with one. */
export type Question = Pick<
  Input,
  'audience_id' | 'channel' | 'campaign' | 'placeholder_policy' | 'allow_repeat'
> & { [K in 'retry' | 'schedule_at' | 'confirm' | 'expected_recipients']?: Input[K] | undefined };

/** What a call would come to, and a token for exactly that. Nothing is sent, and no send is made. */
export async function dryRun(
  context: SendContext,
  question: Question,
  asked: Asked,
  { signal, caller: { words } }: Call,
): Promise<SendResult> {
  const samples = new Samples(asked);
  const seen = await count(context.ledger, context, question, asked, samples, signal);
  const confirm = await context.ledger.write((tx) =>
    makeConfirmation(tx, { asked: hashOf(question, asked), counts: countsOf(seen, asked) }, Date.now()),
  );
  const { ratePerSecond } = asked.sender.about;
  const seconds = ratePerSecond === null ? null : Math.ceil(seen.wouldSend / ratePerSecond);
  return {
    ...base(question, asked, seen),
    success: true,
    dry_run: true,
    would_send: seen.wouldSend,
    skips: Object.fromEntries(seen.skips),
    samples: samples.shown(),
    warnings: await warnings(context, question, asked, words),
    estimate: { seconds, rate_per_second: ratePerSecond },
    confirm,
    next_step: `Nothing was sent. Show the person what it would be; then the same call with ${words.argument('confirm')} sends exactly that, within ${CONFIRM_MS / 60_000} minutes.`,
    next: [],
    ...(asked.notices.length > 0 && { notice: asked.notices.join(' ') }),
  };
}

/** The five totals add up, as they would stand when the call has reached whom it can. */
export function base(question: Question, { sender, audience, before }: Asked, seen: Forecast) {
  const skipped = [...seen.skips.values()].reduce((sum, one) => sum + one, 0);
  return {
    audience_id: question.audience_id,
    channel: question.channel,
    total_sent: seen.sent,
    total_failed: seen.failed,
    total_skipped: skipped,
    total_remaining: seen.wouldSend,
    total_in_audience: audience.total_count,
    total_unknown: seen.unknown,
    campaign: question.campaign,
    mode: sender.about.mode,
    sender: sender.about.id,
    ...(before && { send_id: before.id, state: before.state }),
  };
}

export function count(
  reader: Reader,
  { siteName }: SendContext,
  question: Question,
  asked: Asked,
  samples: Samples | null,
  signal: AbortSignal | undefined,
): Promise<Forecast> {
  const { audience, parsed, before } = asked;
  return forecast(
    reader,
    {
      key: { audience_seq: audience.seq, channel: question.channel },
      total: audience.total_count,
      message: parsed,
      placeholder_policy: question.placeholder_policy,
      siteName,
      send: before ?? null,
      retry: question.retry,
    },
    (reached) => samples?.look(reached),
    signal,
  );
}

/** Of which send, in which revision, and whom it would reach. */
export function countsOf({ wouldSend, sent, failed, skips, who }: Forecast, { before }: Asked): string {
  const bySkip = [...skips].sort(([one], [other]) => (one < other ? -1 : 1));
  const send = before ? `${before.id} ${before.revision}` : null;
  return JSON.stringify({ would_send: wouldSend, send, sent, failed, skips: bySkip, who });
}

/** Whatever the call would do, and not how long it waits for it. */
export function hashOf(question: Question, { audience, sender, content }: Asked): string {
  const { retry = null, schedule_at = null, allow_repeat } = question;
  const { message, format, subject, from_name, placeholder_policy } = content;
  const to = [audience.id, audience.total_count, question.channel, campaignKey(question.campaign)];
  const what = [sender.about.id, message, format, subject, from_name, placeholder_policy];
  return createHash('sha256')
    .update(JSON.stringify([...to, ...what, retry, schedule_at, allow_repeat]))
    .digest('base64url');
}

/** What would keep the call from doing what its counts say. */
async function warnings(
  { ledger, contactLimit }: SendContext,
  question: Question,
  { key, content, audience, before }: Asked,
  words: Words,
): Promise<string[]> {
  const found: string[] = [];
  const goesOn = `only ${words.operation('sends.resume')} goes on with it, and takes this ${words.argument('confirm')} too.`;
  if (before?.state === 'cancelled') found.push(`This send was cancelled: ${goesOn}`);
  if (before?.state === 'paused' && before.problem_code === PAUSED_BY_REQUEST)
    found.push(`This send is paused by request: ${goesOn}`);
  if (key.mode === 'sandbox') return found;
  const isNew = !before || contentHash(before) !== contentHash(content);
  if (isNew && !question.allow_repeat && before?.state !== 'cancelled') {
    const all = { ...key, ...content, total: audience.total_count, seq: before?.seq ?? null };
    const repeat = await findRepeat(ledger, all, Date.now());
    const earlier = repeat && (await findSend(ledger, repeat.sendId));
    if (earlier) found.push(`${gotItLately(earlier, repeat.percent)} ${repeatFix(words)}`);
  }
  if (contactLimit !== null)
    found.push(
      `MAX_PER_CONTACT=${contactLimit.text} is looked at when a message leaves: it may skip more of them.`,
    );
  return found;
}
