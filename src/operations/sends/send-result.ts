import type { z } from 'zod';
import type { BriefSendRow, NamedSendRow, SendRow, TotalledSendRow } from '../../core/sends/send.store.ts';
import { PAUSED_BY_REQUEST, RETRIES_USED_UP } from '../../core/sends/send.ts';
import type { Words } from '../../words.ts';
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
    sender: send.sender,
    ...totalsOf(send),
    created_at,
    scheduled_at: scheduledAt(send),
    completed_at,
    paused_reason: state === 'paused' ? send.problem : null,
    waiting_for: waitingFor(send),
    provider_said: send.problem === null ? null : send.provider_said,
  };
}

/** What pending leads of a running send wait for: today one thing for all of them. */
function waitingFor(send: Omit<TotalledSendRow, 'message'>): SendSummary['waiting_for'] {
  const { state, waiting_for: what, problem, problem_since, provider_said } = send;
  if (state !== 'running' || what === null) return [];
  return [
    {
      what,
      leads: totalsOf(send).total_remaining,
      since: new Date(problem_since!).toISOString(),
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
    send.problem_code !== RETRIES_USED_UP
  );
}

export function toResult(
  send: NamedSendRow,
  notices: readonly string[],
  words: Words,
): z.output<typeof sendBulkMessagesOutput> {
  const mending = needsMending(send);
  const notice = [...notices];
  for (const { reason } of waitingFor(send)) notice.push(`Waiting for now: ${reason}`);
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
