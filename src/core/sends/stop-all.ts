import { TidingsError } from '../../errors.ts';
import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { findMark, PLACE_MARK, STOPPED as STOP } from '../../ledger/marks.ts';
import { transition } from './send.store.ts';
import { STOPPED } from './send.ts';

/** That all sending was stopped: kept in the ledger, for all processes and over restarts, until somebody starts it again. */
export interface Stop {
  /** ISO 8601. */
  readonly since: string;
  readonly by: string;
}

const AS_STOPPED = `state = 'paused' AND problem_code = '${STOPPED}'`;

export async function findStop(reader: Reader): Promise<Stop | null> {
  const mark = await findMark(reader, STOP);
  return mark === null ? null : (JSON.parse(mark) as Stop);
}

/**
 * Whatever runs or waits for its time is paused by it, and nothing goes on until {@link startAll}: `transition` takes no
 * send to where it could. Whoever sends learns it from a switch of its own before the next message leaves.
 * @returns how many sends were paused; 0 where it had been stopped before
 */
export async function stopAll(tx: Transaction, stop: Stop): Promise<number> {
  await tx.run(PLACE_MARK, STOP, JSON.stringify(stop));
  const { by, since } = (await findStop(tx))!;
  const active = { where: "state <> 'paused'", parameters: [] };
  const problem = { code: STOPPED, message: `All sending was stopped by ${by} at ${since}.` };
  return (await transition(tx, 'pause', active, problem)).length;
}

/** What was paused by the stop goes on, at its time where that is still ahead; what was paused for other reasons stays. @returns how many */
export async function startAll(tx: Transaction, nowMs: number): Promise<number> {
  await tx.run('DELETE FROM marks WHERE name = ?', STOP);
  const later = { where: `${AS_STOPPED} AND scheduled_at > ?`, parameters: [nowMs] };
  const scheduled = await transition(tx, 'reschedule', later);
  const running = await transition(tx, 'resume', { where: AS_STOPPED, parameters: [] });
  return scheduled.length + running.length;
}

/** @throws TidingsError `conflict` */
export async function refuseWhileStopped(reader: Reader): Promise<void> {
  const stop = await findStop(reader);
  if (stop === null) return;
  throw new TidingsError(
    'conflict',
    `All sending was stopped by ${stop.by} at ${stop.since}. Nothing is sent.`,
    {
      fix: 'A person starts it again, at the dashboard or with: tidings start-all. Ask them, and do not try other ways.',
    },
  );
}
