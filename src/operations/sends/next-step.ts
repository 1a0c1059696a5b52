import { counted } from '../../amounts.ts';
import type { TotalledSendRow } from '../../core/sends/send.store.ts';
import {
  APPROVAL_NEEDED,
  APPROVAL_REJECTED,
  PAUSED_BY_REQUEST,
  RETRIES_USED_UP,
  STOPPED,
} from '../../core/sends/send.ts';
import type { Words } from '../../words.ts';
import { isAhead, scheduledAt, totalsOf } from './send-result.ts';

/** Something that a caller can do about a send: for a page it is a button, for an agent a call. */
export interface NextStep {
  readonly operation: string;
  readonly arguments: Record<string, unknown>;
  /** Why one would, as a stable word. */
  readonly reason: NextReason;
}

export const NEXT_REASONS = [
  'watch',
  'start_now',
  'pause',
  'call_off',
  'resume',
  'retry_later',
  'fix_cause',
  'see_failed',
  'retry_failed',
  'retry_unknown',
  'new_campaign',
  'allow_repeat',
  'dry_run',
] as const;
export type NextReason = (typeof NEXT_REASONS)[number];

/** What can be done next, the likeliest first. */
export function nextSteps(send: TotalledSendRow, nowMs = Date.now()): NextStep[] {
  const { total_failed, total_unknown } = totalsOf(send);
  const step = (reason: NextReason, operation: string, more: object = {}): NextStep => ({
    operation,
    arguments: { send_id: send.id, ...more },
    reason,
  });
  // A provider may have been configured since: a rehearsal goes on as one.
  const rehearsal = send.mode === 'sandbox' ? { sender: 'sandbox' } : {};
  // The same call again: whoever made it knows its arguments best.
  const again = (reason: NextReason, more: object = {}): NextStep => ({
    operation: 'sendBulkMessages',
    arguments: { campaign: send.campaign, channel: send.channel, ...rehearsal, ...more },
    reason,
  });
  switch (send.state) {
    case 'running':
      return [step('watch', 'sends.get'), step('pause', 'sends.pause'), step('call_off', 'sends.cancel')];
    case 'scheduled':
      return [
        step('start_now', 'sends.resume', { schedule_at: 'now' }),
        step('call_off', 'sends.cancel'),
      ].slice(isAhead(send, nowMs) ? 0 : 1);
    case 'cancelled':
      return [step('resume', 'sends.resume')];
    case 'paused':
      if (send.problem_code === PAUSED_BY_REQUEST)
        return [step('resume', 'sends.resume'), step('call_off', 'sends.cancel')];
      if (send.problem_code === STOPPED)
        return [step('watch', 'sends.get'), step('call_off', 'sends.cancel')];
      if (send.problem_code === RETRIES_USED_UP) return [again('retry_later')];
      if (send.problem_code === APPROVAL_NEEDED)
        return [step('watch', 'sends.get'), step('call_off', 'sends.cancel')];
      if (send.problem_code === APPROVAL_REJECTED) return [step('call_off', 'sends.cancel')];
      return [step('fix_cause', 'sends.resume'), step('call_off', 'sends.cancel')];
    case 'completed': {
      const known = total_failed - total_unknown;
      return [
        ...(known > 0
          ? [
              step('see_failed', 'sends.deliveries', { status: 'failed' }),
              again('retry_failed', { retry: 'failed' }),
            ]
          : []),
        ...(total_unknown > 0 ? [again('retry_unknown', { retry: 'unknown' })] : []),
        ...(total_failed === 0
          ? [{ ...again('new_campaign'), arguments: { channel: send.channel, ...rehearsal } }]
          : []),
      ];
    }
  }
}

/** Of a running send, when no process is there that sends. */
export const NOBODY_SENDS =
  'Nothing sends at the moment, so it does not move. Start `tidings serve` (or, with DATABASE_URL, `tidings worker`): it goes on from where it is.';

/** The same in a sentence or two, as the caller's door says it. */
export function nextStep(send: TotalledSendRow, words: Words): string {
  const { total_remaining, total_failed, total_unknown } = totalsOf(send);
  const resume = words.operation('sends.resume');
  switch (send.state) {
    case 'running':
      return `The send continues on its own. To watch it, ${words.sameCall}, or use ${words.operation('sends.get')}.`;
    case 'scheduled':
      return nextStepOfScheduled(send, words);
    case 'cancelled':
      return `No more messages will be sent. Use ${resume} to continue it.${waitsFor(send)}`;
    case 'paused':
      if (send.problem_code === PAUSED_BY_REQUEST)
        return `It was paused by request. Use ${resume} to continue it.${waitsFor(send)}`;
      if (send.problem_code === STOPPED)
        return 'All sending was stopped. A person starts it again, at the dashboard or with: tidings start-all. Then it goes on by itself.';
      if (send.problem_code === RETRIES_USED_UP)
        return `${counted(total_remaining, 'message is', 'messages are')} still undelivered. Later, ${words.sameCall}; only those are retried.`;
      if (send.problem_code === APPROVAL_NEEDED)
        return `Nothing leaves before a person approves it, in the dashboard or with tidings sends approve CODE (the code is in approval). Tell the person; then it goes on by itself. ${words.operation('sends.get')} shows whether they have.`;
      if (send.problem_code === APPROVAL_REJECTED)
        return 'A person said no; the error says why. That is their answer: ask them what to change. With another text, the call asks them again.';
      return `Fix the cause given in \`error\`, then ${words.sameCall}; only pending leads are sent to.`;
    case 'completed': {
      const known = total_failed - total_unknown;
      if (known > 0) {
        return (
          `Done. ${words.operation('sends.deliveries')} with ${words.argument('status', 'failed')} shows why ${known} failed; ` +
          `${words.argument('retry', 'failed')} tries them again.`
        );
      }
      if (total_unknown > 0) {
        return (
          `Done. Whether ${counted(total_unknown, 'message')} arrived is unknown; ${words.argument('retry', 'unknown')} sends them ` +
          'again, and some people may get two.'
        );
      }
      return 'Done. To message these people again, use a new campaign.';
    }
  }
}

/** Said of a send that was stopped before it began; whether its time is over is for the reader's clock. */
function waitsFor(send: TotalledSendRow): string {
  if (send.scheduled_at === null || send.frozen_through > 0) return '';
  return ` Resumed before ${scheduledAt(send)}, it waits for that time.`;
}

function nextStepOfScheduled(send: TotalledSendRow, words: Words): string {
  const sandbox =
    send.mode === 'sandbox'
      ? ' It belongs to the sandbox and reaches nobody, even if a provider is configured by then.'
      : '';
  return (
    `It starts by itself at ${scheduledAt(send)} if a Tidings server is running then, otherwise as soon as one is.${sandbox} ` +
    `${words.operation('sends.resume')} with ${words.argument('schedule_at', 'now')} starts it at once, and with another time moves it; ` +
    `${words.operation('sends.cancel')} calls it off.`
  );
}

export function whatNext(send: TotalledSendRow, words: Words) {
  return { next_step: nextStep(send, words), next: nextSteps(send) };
}
