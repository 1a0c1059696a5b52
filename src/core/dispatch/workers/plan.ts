import type { Ledger } from '../../../ledger/ledger.ts';
import { endIfDone } from '../../deliveries/claim.ts';
import { freezeRows } from '../../deliveries/freeze.ts';
import { now } from '../../deliveries/resolve-outcome.ts';
import type { SendEnded } from '../../deliveries/send-ended.ts';
import { completeIfSettled, lockSend } from '../../sends/send.store.ts';
import type { JobQueue } from './job-queue.ts';
import { deliverQueue, FREEZE_QUEUE, START_QUEUE } from './queues.ts';

/** Chunks of one send that wait at once: as many as a good number of workers take in a second. */
const AHEAD = 100;
/** Of many sends together; but two of each, so that none is forgotten while the others go on. */
const AHEAD_IN_ALL = 1_000;
const STARTS_AHEAD_MS = 2 * 60 * 60_000;
/** Rows made in one transaction. */
const FREEZE_ROWS = 5_000;

interface PlannedChunk {
  readonly send: number;
  readonly part: number;
  /** Its fence: it grew each time that somebody took it. */
  readonly turns: number;
  readonly sender: string;
}

/**
 * Lays out what there is to do. The ledger is the truth and jobs are derived from it, over and over: one that is lost,
 * done twice or left over does no harm.
 * @returns which sends it found at their end
 */
export async function plan(ledger: Ledger, queue: JobQueue): Promise<SendEnded[]> {
  const unmade = await ledger.all<{ seq: number }>(
    "SELECT seq FROM sends WHERE state = 'running' AND frozen_through < total ORDER BY seq LIMIT 100",
  );
  await queue.put(
    FREEZE_QUEUE,
    unmade.map(({ seq }) => ({ send: seq, part: 0 })),
  );

  const chunks = await ledger.all<PlannedChunk>(
    `SELECT c.send_seq AS send, c.number AS part, c.fence AS turns, s.sender FROM sends s CROSS JOIN LATERAL (
       SELECT c.send_seq, c.number, c.fence FROM chunks c
       WHERE c.send_seq = s.seq AND c.holder IS NULL AND (
         c.claimed_through < least(c.last_position, s.frozen_through)
         OR EXISTS (SELECT 1 FROM deliveries d WHERE d.send_seq = c.send_seq
           AND d.position BETWEEN c.first_position AND c.last_position AND d.retry_at <= ?
           AND (d.retry_at >= 0 OR coalesce(s.waiting_for, '') NOT IN ('template_approval', 'messaging_limit'))))
       ORDER BY c.number
       LIMIT (SELECT greatest(2, least(${AHEAD}, ${AHEAD_IN_ALL} / count(*))) FROM sends WHERE state = 'running')) c
     WHERE s.state = 'running'`,
    now().steadyMs,
  );
  await putChunks(queue, chunks);

  return endWhatIsDone(ledger);
}

async function putChunks(queue: JobQueue, chunks: readonly PlannedChunk[]): Promise<void> {
  const queues = Map.groupBy(chunks, ({ sender }) => deliverQueue(sender));
  for (const [name, jobs] of queues) await queue.put(name, jobs);
}

/**
 * What is owned has a job that is being done: putting it again changes nothing, unless that job is gone, as after a
 * restore of the ledger without its jobs.
 */
export async function planOwned(ledger: Ledger, queue: JobQueue): Promise<void> {
  const owned = await ledger.all<PlannedChunk>(
    `SELECT c.send_seq AS send, c.number AS part, c.fence AS turns, s.sender FROM chunks c JOIN sends s ON s.seq = c.send_seq
     WHERE c.holder IS NOT NULL LIMIT 1000`,
  );
  await putChunks(queue, owned);
}

/** Starts that lie ahead are jobs that wait; of what is further away there is time to think. */
export async function planStarts(ledger: Ledger, queue: JobQueue): Promise<void> {
  const scheduled = await ledger.all<{ seq: number; scheduled_at: number }>(
    "SELECT seq, scheduled_at FROM sends WHERE state = 'scheduled' AND scheduled_at <= ? ORDER BY scheduled_at LIMIT 1000",
    Date.now() + STARTS_AHEAD_MS,
  );
  // The time is a part of what a job is known by: a send that was moved has a job for each of its times.
  await queue.put(
    START_QUEUE,
    scheduled.map(({ seq, scheduled_at }) => ({ send: seq, part: scheduled_at, startAt: scheduled_at })),
  );
}

/** Two workers that end the last two chunks of a send at the same time do not see each other. */
async function endWhatIsDone(ledger: Ledger): Promise<SendEnded[]> {
  const done = await ledger.all<{ seq: number }>(
    `SELECT s.seq FROM sends s WHERE s.state = 'running' AND s.frozen_through = s.total AND NOT EXISTS (
       SELECT 1 FROM chunks c WHERE c.send_seq = s.seq AND (c.claimed_through < c.last_position OR c.in_flight > 0))`,
  );
  const ended: SendEnded[] = [];
  for (const { seq } of done) {
    const one = await ledger.writeConcurrently((tx) => endIfDone(tx, seq));
    if (one) ended.push(one);
  }
  return ended;
}

/** The same of sends that were paused or cancelled with their last messages in flight: nobody lays out what they have to do. */
export async function completeStopped(ledger: Ledger): Promise<void> {
  const done = await ledger.all<{ seq: number }>(
    `SELECT s.seq FROM sends s WHERE s.state IN ('paused', 'cancelled') AND s.frozen_through = s.total AND NOT EXISTS (
       SELECT 1 FROM chunks c
       WHERE c.send_seq = s.seq AND c.sent + c.failed + c.skipped < c.last_position - c.first_position + 1)`,
  );
  for (const { seq } of done) await ledger.writeConcurrently((tx) => completeIfSettled(tx, seq));
}

/**
 * Makes the rows of a send to their end. Whoever else does the same waits for each step and goes on where it ended.
 * @param onStep resolves to whether to go on.
 */
export async function makeAllRows(
  ledger: Ledger,
  sendSeq: number,
  onStep: () => Promise<boolean>,
): Promise<void> {
  for (;;) {
    const left = await ledger.writeConcurrently(async (tx) => {
      const send = await lockSend(tx, sendSeq);
      return send?.state === 'running' && (await freezeRows(tx, send, FREEZE_ROWS));
    });
    if (!(await onStep()) || !left) return;
  }
}
