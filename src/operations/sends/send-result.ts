import type { z } from 'zod';
import type { BriefSendRow, NamedSendRow, SendRow, TotalledSendRow } from '../../core/sends/send.store.ts';
import type { SendSummary, sendBulkMessagesOutput } from './send.schema.ts';

/** Why a send has stopped although leads remain and nothing is wrong with the account. */
export const RETRIES_USED_UP = 'retries_used_up';
export const PAUSED_BY_REQUEST = 'paused_by_request';

/** As callers are told: null when it was never to wait. */
export function scheduledAt(send: Pick<SendRow, 'scheduled_at'>): string | null {
  return send.scheduled_at === null ? null : new Date(send.scheduled_at).toISOString();
}

/** Whether its time is still ahead, also when it is paused or cancelled meanwhile. */
export function isAhead(send: SendRow, nowMs: number): boolean {
  return send.scheduled_at !== null && send.scheduled_at > nowMs;
}

/** The five totals of the contract; they add up by construction, mid-flight too. */
export function totalsOf(send: Omit<TotalledSendRow, 'message'>) {
  return {
    total_sent: send.sent,
    total_failed: send.failed,
    total_skipped: send.skipped,
    total_remaining: send.total - send.sent - send.failed - send.skipped,
    total_in_audience: send.total,
    total_unknown: send.unknown,
  };
}

export function toSummary(send: BriefSendRow): SendSummary {
  const { audience_id, audience_name, channel, campaign, state, mode, created_at, completed_at } = send;
  return {
    send_id: send.id,
    audience_id,
    audience_name,
    channel,
    campaign,
    state,
    mode,
    ...totalsOf(send),
    created_at,
    scheduled_at: scheduledAt(send),
    completed_at,
    paused_reason: state === 'paused' ? send.problem : null,
    held_up_by: state === 'running' ? send.problem : null,
    provider_said: send.problem === null ? null : send.provider_said,
  };
}

/** Stopped for something that a person must mend, as against by request or for want of further tries. */
export function needsMending(send: SendRow): boolean {
  return (
    send.state === 'paused' &&
    send.problem_code !== PAUSED_BY_REQUEST &&
    send.problem_code !== RETRIES_USED_UP
  );
}

export function toResult(
  send: NamedSendRow,
  notices: readonly string[],
): z.output<typeof sendBulkMessagesOutput> {
  const mending = needsMending(send);
  const notice = [...notices];
  if (send.state === 'running' && send.problem) notice.push(`Held up for now: ${send.problem}`);
  return {
    success: !mending && send.state !== 'cancelled',
    audience_id: send.audience_id,
    channel: send.channel,
    ...totalsOf(send),
    send_id: send.id,
    campaign: send.campaign,
    state: send.state,
    mode: send.mode,
    ...(send.scheduled_at !== null && { scheduled_at: scheduledAt(send)! }),
    next_step: nextStep(send),
    ...(send.provider_said !== null && { provider_said: send.provider_said }),
    ...(notice.length > 0 && { notice: notice.join(' ') }),
    ...(mending && { error: send.problem ?? 'The send is paused.' }),
    ...(send.state === 'cancelled' && { error: 'This send was cancelled.' }),
  };
}

/** Nothing was done: most of these people got the same text lately, by `earlier`. */
export function toRepeat(
  asked: { audienceId: string; channel: string; campaign: string; total: number },
  earlier: NamedSendRow,
  percent: number,
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
    error: gotItLately(earlier, percent),
    next_step: `Nothing was sent by this call. sends get with send_id shows the earlier send. ${REPEAT_FIX}`,
  };
}

export const REPEAT_FIX =
  'Only if the person wants them to get the same text again: the same call with allow_repeat: true.';

export function gotItLately(earlier: NamedSendRow, percent: number): string {
  const by = `the send ${earlier.id} (audience "${earlier.audience_name}", campaign "${earlier.campaign}")`;
  return `${percent} % of these people got the same text within the last 24 hours, or are about to, by ${by}.`;
}

export function nextStep(send: TotalledSendRow): string {
  const { total_remaining, total_failed, total_unknown } = totalsOf(send);
  if (send.state === 'running') {
    return 'The send goes on by itself. Call sendBulkMessages again with the same arguments, or sends get, to watch it.';
  }
  if (send.state === 'scheduled') return nextStepOfScheduled(send);
  if (send.state === 'cancelled')
    return `Nothing more is sent. sends resume takes it up again, if that is wanted.${waitsFor(send)}`;
  if (send.problem_code === PAUSED_BY_REQUEST)
    return `It was paused by request. sends resume goes on with it.${waitsFor(send)}`;
  if (send.problem_code === RETRIES_USED_UP) {
    return `${total_remaining} could not be delivered for now. Call sendBulkMessages again later: only they are tried.`;
  }
  if (send.state === 'paused')
    return 'Mend the cause named in error, then call again: only pending leads are tried.';
  const known = total_failed - total_unknown;
  if (known > 0) {
    return `Done. sends deliveries with status "failed" tells why ${known} failed; retry: "failed" tries them again.`;
  }
  if (total_unknown > 0) {
    return `Done, but nobody can know whether ${total_unknown} arrived. retry: "unknown" sends to them again, knowingly.`;
  }
  return 'Done: nothing is left to do. A new message to the same people takes a new campaign.';
}

/** Said of a send that was stopped before it began; whether its time is over is for the reader's clock. */
function waitsFor(send: SendRow): string {
  if (send.scheduled_at === null || send.frozen > 0) return '';
  return ` Resumed before ${scheduledAt(send)}, it waits for that time.`;
}

function nextStepOfScheduled(send: SendRow): string {
  const sandbox =
    send.mode === 'sandbox'
      ? ' It belongs to the sandbox and reaches nobody, even if a provider is configured by then.'
      : '';
  return (
    `It starts by itself at ${scheduledAt(send)} if a Tidings server runs then, else as soon as one does.${sandbox} ` +
    'sends resume with schedule_at: "now" starts it at once, with another time moves it; sends cancel calls it off.'
  );
}
