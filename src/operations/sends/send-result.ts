import type { z } from 'zod';
import { RECEIPT_TOTALS, type ReceiptTotals } from '../../core/deliveries/receipt.store.ts';
import type { BriefSendRow, NamedSendRow, SendRow, TotalledSendRow } from '../../core/sends/send.store.ts';
import {
  APPROVAL_NEEDED,
  APPROVAL_REJECTED,
  PAUSED_BY_REQUEST,
  RETRIES_USED_UP,
} from '../../core/sends/send.ts';
import type { Words } from '../../words.ts';
import type { ShownUse } from '../templates/template.schema.ts';
import { nextStep, nextSteps } from './next-step.ts';
import type { SendSummary, sendBulkMessagesOutput } from './send.schema.ts';

/** As callers are told: null when it was never to wait. */
export function scheduledAt(send: Pick<SendRow, 'scheduled_at'>): string | null {
  return send.scheduled_at === null ? null : new Date(send.scheduled_at).toISOString();
}

/** Whether its time is still ahead, also when it is paused or cancelled meanwhile. */
export function isAhead(send: SendRow, nowMs: number): boolean {
  return send.scheduled_at !== null && send.scheduled_at > nowMs;
}

/** The five totals of the contract; they add up by construction, mid-flight too. */
export function totalsOf(send: Pick<TotalledSendRow, 'total' | 'sent' | 'failed' | 'unknown' | 'skipped'>) {
  return {
    total_sent: send.sent,
    total_failed: send.failed,
    total_skipped: send.skipped,
    total_remaining: send.total - send.sent - send.failed - send.skipped,
    total_in_audience: send.total,
    total_unknown: send.unknown,
  };
}

/** What the provider told of later; empty while it told nothing. */
export function toldTotals(
  told: ReceiptTotals | null,
): Partial<Record<`total_${keyof ReceiptTotals}`, number>> {
  if (told === null) return {};
  return Object.fromEntries(RECEIPT_TOTALS.map((name) => [`total_${name}`, told[name]]));
}

export function toSummary(send: BriefSendRow): SendSummary {
  const { audience_id, audience_name, channel, campaign, state, mode, created_at, completed_at } = send;
  const rate = state === 'running' ? send.rate_per_second : null;
  return {
    send_id: send.id,
    audience_id,
    audience_name,
    channel,
    campaign,
    state,
    mode,
    sender: send.sender,
    ...totalsOf(send),
    created_at,
    scheduled_at: scheduledAt(send),
    completed_at,
    subject: send.subject,
    paused_reason: state === 'paused' ? send.problem : null,
    problem: state === 'paused' ? send.problem_code : null,
    paused_since:
      state === 'paused' && send.problem_since !== null ? new Date(send.problem_since).toISOString() : null,
    in_flight: send.in_flight,
    rate_per_second: rate === null ? null : Math.round(rate * 10) / 10,
    seconds_left: rate ? Math.ceil(totalsOf(send).total_remaining / rate) : null,
    waiting_for: waitingFor(send),
    provider_said: send.problem === null ? null : send.provider_said,
  };
}

/** What pending leads of a running send wait for: today one thing for all of them. */
function waitingFor(
  send: Omit<TotalledSendRow, 'message' | 'template' | 'attachments'>,
): SendSummary['waiting_for'] {
  const { state, waiting_for: what, waiting_until: until, problem, problem_since, provider_said } = send;
  if (state !== 'running' || what === null) return [];
  return [
    {
      what,
      leads: totalsOf(send).total_remaining,
      since: new Date(problem_since!).toISOString(),
      ...(until !== null && { until: new Date(until).toISOString() }),
      reason: problem!,
      ...(provider_said !== null && { provider_said }),
    },
  ];
}

/** Stopped for something that a person must mend, as against by request or for want of further tries. */
export function needsMending(send: SendRow): boolean {
  return (
    send.state === 'paused' &&
    send.problem_code !== PAUSED_BY_REQUEST &&
    send.problem_code !== RETRIES_USED_UP &&
    send.problem_code !== APPROVAL_NEEDED
  );
}

export function toResult(
  send: NamedSendRow,
  notices: readonly string[],
  words: Words,
  template: ShownUse | null = null,
): z.output<typeof sendBulkMessagesOutput> {
  const mending = needsMending(send);
  const notice = [...notices];
  const waiting = waitingFor(send);
  for (const { reason } of waiting) notice.push(`Waiting for now: ${reason}`);
  return {
    success: !mending && send.state !== 'cancelled',
    audience_id: send.audience_id,
    channel: send.channel,
    ...totalsOf(send),
    send_id: send.id,
    campaign: send.campaign,
    state: send.state,
    mode: send.mode,
    sender: send.sender,
    ...(send.scheduled_at !== null && { scheduled_at: scheduledAt(send)! }),
    next_step: nextStep(send, words),
    next: nextSteps(send),
    ...(waiting.length > 0 && { waiting_for: waiting }),
    ...(template && { template }),
    ...(send.provider_said !== null && { provider_said: send.provider_said }),
    ...(notice.length > 0 && { notice: notice.join(' ') }),
    ...(send.state === 'paused' && send.problem_code !== null && { problem: send.problem_code }),
    ...(mending && { error: send.problem ?? 'The send is paused.' }),
    ...(mending && send.problem_code === APPROVAL_REJECTED && { code: 'declined' as const }),
    ...(send.state === 'cancelled' && { error: 'This send was cancelled.' }),
  };
}

/** Nothing was done: most of these people got the same text lately, by `earlier`. */
export function toRepeat(
  asked: { audienceId: string; channel: string; campaign: string; total: number },
  earlier: NamedSendRow,
  percent: number,
  words: Words,
): z.output<typeof sendBulkMessagesOutput> {
  return {
    success: false,
    code: 'repeat',
    audience_id: asked.audienceId,
    channel: asked.channel,
    total_sent: 0,
    total_failed: 0,
    total_skipped: 0,
    total_remaining: asked.total,
    total_in_audience: asked.total,
    total_unknown: 0,
    send_id: earlier.id,
    campaign: asked.campaign,
    state: earlier.state,
    mode: earlier.mode,
    sender: earlier.sender,
    error: gotItLately(earlier, percent),
    next_step: `Nothing was sent by this call. ${words.operation('sends.get')} with ${words.argument('send_id')} shows the earlier send. ${repeatFix(words)}`,
    next: [
      { operation: 'sends.get', arguments: { send_id: earlier.id }, reason: 'watch' },
      {
        operation: 'sendBulkMessages',
        arguments: { campaign: asked.campaign, channel: asked.channel, allow_repeat: true },
        reason: 'allow_repeat',
      },
    ],
  };
}

export function repeatFix(words: Words): string {
  return `Only if the person wants them to get the same text again: the same call with ${words.argument('allow_repeat', true)}.`;
}

export function gotItLately(earlier: NamedSendRow, percent: number): string {
  const by = `the send ${earlier.id} (audience "${earlier.audience_name}", campaign "${earlier.campaign}")`;
  return `${percent} % of these people got the same text within the last 24 hours, or are about to, by ${by}.`;
}
