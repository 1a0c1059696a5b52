import { createHash } from 'node:crypto';
import { counted } from '../../amounts.ts';
import { type Forecast, forecast } from '../../core/deliveries/forecast.ts';
import { findRepeat, percentThisWeek } from '../../core/deliveries/repeat.store.ts';
import { campaignKey } from '../../core/sends/campaign-key.ts';
import { CONFIRM_MS, makeConfirmation } from '../../core/sends/confirmation.store.ts';
import { contentHash } from '../../core/sends/content-hash.ts';
import { findSend } from '../../core/sends/send.store.ts';
import { PAUSED_BY_REQUEST } from '../../core/sends/send.ts';
import type { Reader } from '../../ledger/ledger.ts';
import type { Words } from '../../words.ts';
import { callerName } from '../caller-name.ts';
import type { Call } from '../operation.ts';
import { lookAhead } from '../templates/account-notices.ts';
import { showUse } from '../templates/shown-use.ts';
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
  call: Call,
): Promise<SendResult> {
  const { words } = call.caller;
  const { seen, ...told } = await forecastOf(context, question, asked, call);
  const promise = { asked: hashOf(question, asked, callerName(call.caller)), counts: countsOf(seen, asked) };
  const confirm = await context.ledger.write((tx) => makeConfirmation(tx, promise, Date.now()));
  return {
    ...base(question, asked, seen),
    success: true,
    dry_run: true,
    ...told,
    confirm,
    next_step: `Nothing was sent. Show the person what it would be; then the same call with ${words.argument('confirm')} sends exactly that, within ${CONFIRM_MS / 60_000} minutes.`,
    next: [],
    ...(asked.notices.length > 0 && { notice: asked.notices.join(' ') }),
  };
}

/** The same for a person who looks at what waits: without a token. */
export async function foresee(context: SendContext, question: Question, asked: Asked, call: Call) {
  const { seen: _, ...told } = await forecastOf(context, question, asked, call);
  return told;
}

async function forecastOf(context: SendContext, question: Question, asked: Asked, { signal, caller }: Call) {
  const samples = new Samples(asked);
  const seen = await count(context.ledger, context, question, asked, samples, signal);
  const { template, sender, audience, before, key } = asked;
  const first = template || asked.content.template ? seen.byTemplate : null;
  const outlook = first === null || first === 0 ? null : await lookAhead(context.ledger, sender, first);
  const { ratePerSecond } = sender.about;
  const seconds = ratePerSecond === null ? null : Math.ceil(seen.wouldSend / ratePerSecond);
  const whose = { ...key, total: audience.total_count, seq: before?.seq ?? null };
  return {
    seen,
    would_send: seen.wouldSend,
    skips: Object.fromEntries(seen.skips),
    samples: samples.shown(),
    ...(asked.content.attachments && { attachments: JSON.parse(asked.content.attachments) }),
    warnings: [
      ...(await warnings(context, question, asked, caller.words)),
      ...(asked.prepared.warnings?.() ?? []),
      ...(outlook?.notices ?? []),
      ...(seen.inNorthAmerica > 0 ? [NORTH_AMERICA(seen.inNorthAmerica)] : []),
    ],
    ...(first !== null && { by_way: { text: seen.wouldSend - first, template: first } }),
    ...(first !== null && {
      template: (await showUse(context.ledger, templateOf(asked), template?.changes)) ?? undefined,
    }),
    percent_this_week: await percentThisWeek(context.ledger, whose, Date.now()),
    estimate: {
      seconds,
      rate_per_second: ratePerSecond,
      ...(outlook?.days && { days: outlook.days, people_per_day: outlook.peoplePerDay! }),
    },
  };
}

export const people = (count: number) => counted(count, 'person', 'people');

const NORTH_AMERICA = (count: number) =>
  `${count} of them have a number that begins with +1: WhatsApp delivers no marketing template in the United States.`;

function templateOf({ sender, content }: Asked) {
  return { sender: sender.about.id, template: content.template };
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
  { siteName, contactLimit }: SendContext,
  question: Question,
  asked: Asked,
  samples: Samples | null,
  signal: AbortSignal | undefined,
): Promise<Forecast> {
  const { audience, parsed, before, key } = asked;
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
      contactLimit: key.mode === 'live' ? contactLimit : null,
      sender: asked.sender.about.id,
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

/** Whatever the call would do, and not how long it waits for it. @param by whose it is: nobody else's token does */
export function hashOf(question: Question, { audience, sender, content }: Asked, by: string): string {
  const { retry = null, schedule_at = null, allow_repeat } = question;
  const { message, format, subject, from_name, placeholder_policy, template, attachments } = content;
  const to = [audience.id, audience.total_count, question.channel, campaignKey(question.campaign)];
  const what = [sender.about.id, message, format, subject, from_name, placeholder_policy];
  if (template !== null) what.push(template);
  if (attachments !== null) what.push(attachments);
  return createHash('sha256')
    .update(JSON.stringify([...to, ...what, retry, schedule_at, allow_repeat, by]))
    .digest('base64url');
}

/** What would keep the call from doing what its counts say. */
async function warnings(
  { ledger }: SendContext,
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
  return found;
}
