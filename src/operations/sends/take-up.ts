import { counted } from '../../amounts.ts';
import { type Retry, requeue } from '../../core/deliveries/requeue.ts';
import { now } from '../../core/deliveries/resolve-outcome.ts';
import { retryGivenUp } from '../../core/deliveries/retry.store.ts';
import type { TemplateUse } from '../../core/messages/template-message.ts';
import {
  completeIfSettled,
  getSend,
  lockSend,
  moveSend,
  reviseSend,
  type SendContent,
  type SendRow,
  schedule,
  setScheduledAt,
} from '../../core/sends/send.store.ts';
import { PAUSED_BY_REQUEST, wayToRunning } from '../../core/sends/send.ts';
import type { StartTime } from '../../core/sends/start-time.ts';
import { refuseWhileStopped } from '../../core/sends/stop-all.ts';
import { recheckTemplate } from '../../core/templates/template.store.ts';
import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import type { Words } from '../../words.ts';
import { isAhead, scheduledAt, totalsOf } from './send-result.ts';

const REQUEUE_ROWS = 2_000;

/** A further call for a send that exists: new text for whom it is still to reach, and on with what is pending. */
export async function takeUp(
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
  if (retry) notices.push(wasPutBack(moved, retry));
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
      notices.push(
        `The message changed: the ${counted(left, 'lead still pending gets', 'leads still pending get')} the new one.`,
      );
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

function wasPutBack(moved: number, retry: Retry): string {
  return `${counted(moved, `${retry} lead was`, `${retry} leads were`)} put back to pending.`;
}

/** The same of a send that waits for a person: it is over where nobody is left to be tried. @returns what was done, in words */
export async function putBack(
  ledger: Ledger,
  seq: number,
  retry: Retry,
  content: SendContent,
): Promise<string> {
  const { moved } = await requeueAll(ledger, seq, retry, content);
  await ledger.write(async (tx) => {
    await lockSend(tx, seq);
    await completeIfSettled(tx, seq);
  });
  return wasPutBack(moved, retry);
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

export function hasPassed({ text }: Extract<StartTime, { type: 'passed' }>, words: Words): string {
  return `${words.argument('schedule_at')} ${text} has passed`;
}

/** A send with work left → `running`, or `scheduled` for `atMs` (milliseconds since 1970). */
export async function goOn(tx: Transaction, send: SendRow, atMs: number | null = null): Promise<void> {
  await refuseWhileStopped(tx);
  await retryGivenUp(tx, send.seq, now().steadyMs);
  if (send.template !== null && send.state !== 'running') await recheck(tx, send);
  if (atMs !== null) return schedule(tx, send.seq, atMs);
  const nowMs = Date.now();
  // Started early: that is its time now, and a later pause and resume finds no time ahead to wait for.
  if (isAhead(send, nowMs)) await setScheduledAt(tx, send.seq, nowMs);
  const event = wayToRunning(send.state);
  if (event) await moveSend(tx, send.seq, event);
}

async function recheck(tx: Transaction, { sender, template }: SendRow): Promise<void> {
  const { name, content } = JSON.parse(template!) as TemplateUse;
  await recheckTemplate(tx, { sender, name, language: content.language }, Date.now());
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
export async function revise(tx: Transaction, send: SendRow, content: SendContent): Promise<boolean> {
  if (sameContent(send, content)) return false;
  await reviseSend(tx, send.seq, content);
  return true;
}

export function sameContent(send: SendRow, content: SendContent): boolean {
  return (
    ['message', 'subject', 'from_name', 'placeholder_policy', 'template', 'attachments'] as const
  ).every((key) => send[key] === content[key]);
}
