import type { Ledger, Transaction } from '../../../ledger/ledger.ts';
import type { Log } from '../../../log/log.ts';
import { keyOf } from '../../deliveries/ready-chunk.ts';
import { recoverChunk } from '../../deliveries/recover.ts';
import type { ChunkRow } from '../../sends/chunk.store.ts';
import type { Timing } from '../timing.ts';
import type { JobQueue, TakenJob } from './job-queue.ts';
import { deliverQueue } from './queues.ts';

export const WORKER_DIED = 'The worker that was sending died before it could read the answer.';

const leaseOf = (worker: string) => `worker ${worker}`;

/** A worker shows that it lives: again and again, for as long as it may hold chunks. */
export async function beat(ledger: Ledger, worker: string): Promise<void> {
  const sql = `INSERT INTO leases (name, holder, fence, beat) VALUES (?, ?, 0, 1)
    ON CONFLICT (name) DO UPDATE SET beat = leases.beat + 1`;
  await ledger.writeConcurrently((tx) => tx.run(sql, leaseOf(worker), worker));
}

/** A worker ends. One that could not give everything back is missed, and others take it over. */
export async function endBeat(tx: Transaction, worker: string): Promise<void> {
  await tx.run(
    'DELETE FROM leases WHERE name = ? AND NOT EXISTS (SELECT 1 FROM chunks WHERE holder = ?)',
    leaseOf(worker),
    worker,
  );
}

type HeldChunk = ChunkRow & { id: string; in_flight: number; sender: string };

const HELD = `SELECT c.*, s.id, s.sender FROM chunks c JOIN sends s ON s.seq = c.send_seq
  WHERE c.holder = ? ORDER BY c.send_seq, c.number`;

/**
 * Watches the other workers, and frees what is held by one whose beat stands still. Every worker watches, so that a
 * chunk waits neither for a worker with room for it nor for the one that died while it took over.
 *
 *   held ──its holder's beat stands still for workerLostMs──▶ free: fence raised, what was in flight in doubt
 *
 * No clock is compared between processes: each measures by its own how long it has seen the same beat. A worker that
 * was only stopped has let nothing leave for some seconds by then. When it goes on it beats, which waits for whoever is
 * taking over, and then asks which chunks are still its own.
 */
export class LostWorkers {
  readonly #ledger: Ledger;
  readonly #queue: JobQueue;
  readonly #worker: string;
  readonly #log: Log;
  readonly #timing: Timing;
  #seen = new Map<string, { readonly beat: number; readonly stillMs: number }>();
  #lookedAt = performance.now();

  constructor(options: { ledger: Ledger; queue: JobQueue; worker: string; log: Log; timing: Timing }) {
    this.#ledger = options.ledger;
    this.#queue = options.queue;
    this.#worker = options.worker;
    this.#log = options.log;
    this.#timing = options.timing;
  }

  async look(): Promise<void> {
    const rows = await this.#ledger.all<{ worker: string; beat: number }>(
      "SELECT holder AS worker, beat FROM leases WHERE name LIKE 'worker %'",
    );
    const now = performance.now();
    const watchedMs = Math.min(now - this.#lookedAt, this.#timing.longestLookMs);
    this.#lookedAt = now;
    const before = this.#seen;
    this.#seen = new Map();
    for (const { worker, beat } of rows) {
      const known = before.get(worker);
      const stillMs = known?.beat === beat ? known.stillMs + watchedMs : 0;
      this.#seen.set(worker, { beat, stillMs });
      if (stillMs >= this.#timing.workerLostMs && worker !== this.#worker) await this.#free(worker, beat);
    }
  }

  async #free(worker: string, beat: number): Promise<void> {
    // Looked up before: afterwards somebody else may be doing the job of a chunk.
    const jobs = new Map<string, TakenJob>();
    for (const chunk of await this.#ledger.all<HeldChunk>(HELD, worker)) {
      const data = { send: chunk.send_seq, part: chunk.number };
      const job = await this.#queue.find(queueOf(chunk), data);
      if (job) jobs.set(keyOf(chunk), job);
    }
    const freed = await this.#ledger.writeConcurrently((tx) => freeChunks(tx, worker, beat));
    for (const { chunk, inDoubt } of freed) {
      this.#log.warn({ send: chunk.id, chunk: chunk.number, inDoubt }, 'took over from a dead worker');
      const job = jobs.get(keyOf(chunk));
      if (job) await this.#queue.handBack(queueOf(chunk), job);
    }
  }
}

function queueOf({ sender }: HeldChunk): string {
  return deliverQueue(sender);
}

/** Nothing when it has beaten since, or somebody else is at it. */
async function freeChunks(tx: Transaction, worker: string, beat: number) {
  const freed: { chunk: HeldChunk; inDoubt: number }[] = [];
  const isLost = await tx.get(
    'SELECT 1 AS found FROM leases WHERE name = ? AND beat = ? FOR UPDATE SKIP LOCKED',
    leaseOf(worker),
    beat,
  );
  if (!isLost) return freed;
  // What a stopped process has locked is let go by the database in some seconds, and is found by a later look.
  for (const chunk of await tx.all<HeldChunk>(`${HELD} FOR UPDATE OF c SKIP LOCKED`, worker)) {
    const inDoubt = chunk.in_flight > 0 ? await recoverChunk(tx, chunk, WORKER_DIED) : 0;
    await tx.run(
      `UPDATE chunks SET holder = NULL, fence = fence + 1, rate_per_second = NULL
       WHERE send_seq = ? AND number = ?`,
      chunk.send_seq,
      chunk.number,
    );
    freed.push({ chunk, inDoubt });
  }
  await endBeat(tx, worker);
  return freed;
}
