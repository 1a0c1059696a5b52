import type { Ledger, Transaction } from '../../../ledger/ledger.ts';
import type { Log } from '../../../log/log.ts';
import { type ClaimedChunk, keyOf, READY_COLUMNS, type ReadyChunk } from '../../deliveries/ready-chunk.ts';
import { recoverChunk, unclaim } from '../../deliveries/recover.ts';
import { IS_HELD } from '../../holds/hold.ts';
import type { ChunkKey, ChunkRow } from '../../sends/chunk.store.ts';
import type { Assignment } from '../assignment.ts';
import type { Timing } from '../timing.ts';
import type { JobQueue, TakenJob } from './job-queue.ts';
import { WORKER_DIED } from './lost-workers.ts';
import { deliverQueue } from './queues.ts';

/** Chunks owned at once; of one send only a few, so that many sends go on side by side. */
const MOST_CHUNKS = 16;
const MOST_OF_A_SEND = 2;
const SENDS_KNOWN = 1_000;

interface OwnedChunk {
  readonly key: ChunkKey;
  /** The id of its send, for the log. */
  readonly send: string;
  readonly job: TakenJob;
  readonly fence: number;
  readonly takenAt: number;
  /** When its job was last kept, by this process's own clock. */
  keptAt: number;
  /** Nothing more is claimed; it goes back when nothing of it is in flight. */
  isGoing: boolean;
  /** Nothing leaves any more: it is being given back. */
  isGone: boolean;
}

/**
 * The chunks that this worker delivers by one sender.
 *
 *   free ──job taken, doubt resolved, fence raised──▶ owned ──nothing to claim, or its slice is over──▶ going ──▶ free
 *                                                      └────── its job went to somebody else ──────────────────▶ lost
 *
 * Two things guard a chunk: its fence, which every claim checks in its transaction, and the worker's own clock, which
 * says before each message leaves that the job was kept a moment ago.
 */
export class OwnedChunks implements Assignment {
  readonly makesRows = false;
  readonly #ledger: Ledger;
  readonly #queue: JobQueue;
  readonly #sender: string;
  readonly #name: string;
  readonly #worker: string;
  readonly #log: Log;
  readonly #timing: Timing;
  readonly #chunks = new Map<string, OwnedChunk>();
  /** When a chunk of each send was first taken, by this process's own clock. */
  readonly #firstTaken = new Map<number, number>();

  constructor(options: {
    ledger: Ledger;
    queue: JobQueue;
    sender: string;
    worker: string;
    log: Log;
    timing: Timing;
  }) {
    this.#ledger = options.ledger;
    this.#queue = options.queue;
    this.#sender = options.sender;
    this.#name = deliverQueue(options.sender);
    this.#worker = options.worker;
    this.#log = options.log;
    this.#timing = options.timing;
  }

  get count(): number {
    return this.#chunks.size;
  }

  /**
   * The answer to a commit may be so late that its chunk was given back meanwhile, with what it claimed, and is held
   * again: what it claimed is pending, and leaves by another attempt.
   */
  mayDeliver(chunk: ClaimedChunk): boolean {
    const owned = this.#chunks.get(keyOf(chunk));
    if (owned === undefined || owned.isGone || owned.fence !== chunk.fence) return false;
    return performance.now() - owned.keptAt < this.#timing.keptFreshMs;
  }

  async hasWork(): Promise<boolean> {
    return this.#claimable().length > 0;
  }

  async lockChunks(tx: Transaction): Promise<ReadyChunk[]> {
    const chunks = this.#claimable();
    const rows = await tx.all<ReadyChunk>(
      `SELECT ${READY_COLUMNS} FROM ${CHUNKS} JOIN sends s ON s.seq = c.send_seq
       ORDER BY c.send_seq, c.number FOR UPDATE OF c`,
      ...toColumns(chunks),
    );
    const owned = new Set(rows.map(keyOf));
    for (const chunk of chunks) if (!owned.has(keyOf(chunk.key))) this.#lose(chunk);
    return rows;
  }

  nothingLeft(key: ChunkKey): void {
    const chunk = this.#chunks.get(keyOf(key));
    if (chunk) chunk.isGoing = true;
  }

  /** Takes what waits, as far as there is room. @returns whether anything was taken. */
  async fill(): Promise<boolean> {
    let took = false;
    while (this.#chunks.size < MOST_CHUNKS) {
      const startedAt = performance.now();
      const jobs = await this.#queue.take(this.#name, 1, this.#fullSends());
      for (const job of jobs) took = (await this.#takeOver(job, startedAt)) || took;
      if (jobs.length === 0) break;
    }
    return took;
  }

  /**
   * Shows that its jobs are being worked on; what went to somebody else is lost.
   * @param beatAt when the worker began to show that it lives, by its own clock: before it asks here what is its own.
   */
  async keep(beatAt: number): Promise<void> {
    const chunks = [...this.#chunks.values()];
    if (chunks.length === 0) return;
    const jobs = chunks.map(({ job }) => job);
    const [kept, own] = await Promise.all([this.#queue.keep(this.#name, jobs), this.#own(chunks)]);
    for (const chunk of chunks) {
      if (kept.has(chunk.job.id) && own.has(keyOf(chunk.key))) chunk.keptAt = beatAt;
      else this.#lose(chunk);
    }
  }

  /** Which of them nobody has taken over. */
  async #own(chunks: readonly OwnedChunk[]): Promise<Set<string>> {
    const rows = await this.#ledger.all<ChunkKey>(
      `SELECT c.send_seq, c.number FROM ${CHUNKS}`,
      ...toColumns(chunks),
    );
    return new Set(rows.map(keyOf));
  }

  /** Marks what has had its turn, and gives back what is done with. `isOpen`: something of it is still in flight. */
  async giveBack(isOpen: (key: ChunkKey) => boolean, everything = false): Promise<void> {
    const { sliceMs, longestHoldMs } = this.#timing;
    const now = performance.now();
    const chunks = [...this.#chunks.values()];
    makeRoom(chunks, MOST_CHUNKS, now - sliceMs);
    // One at a time: the other chunk of the send keeps the window full meanwhile.
    for (const ofSend of Map.groupBy(chunks, ({ key }) => key.send_seq).values())
      if (!ofSend.some(({ isGoing }) => isGoing)) makeRoom(ofSend, MOST_OF_A_SEND, now - sliceMs);
    for (const chunk of chunks) {
      if (everything || now - chunk.takenAt > longestHoldMs) chunk.isGoing = true;
      if (!chunk.isGoing || isOpen(chunk.key)) continue;
      chunk.isGone = true;
      await this.#ledger.writeConcurrently((tx) => this.#release(tx, chunk));
      await this.#queue.done(this.#name, chunk.job);
      this.#drop(chunk);
    }
  }

  /**
   * What is still claimed has not left and will not: the end of its commit was not heard, or not yet when it
   * went. It goes back to pending with the chunk.
   */
  async #release(tx: Transaction, { key, fence }: OwnedChunk): Promise<void> {
    const chunk = await tx.get<ChunkRow & { in_flight: number }>(
      'SELECT * FROM chunks WHERE send_seq = ? AND number = ? AND fence = ? FOR UPDATE',
      key.send_seq,
      key.number,
      fence,
    );
    if (!chunk) return;
    if (chunk.in_flight > 0) await unclaim(tx, chunk, new Map());
    await tx.run(
      'UPDATE chunks SET holder = NULL, rate_per_second = NULL WHERE send_seq = ? AND number = ?',
      key.send_seq,
      key.number,
    );
  }

  #claimable(): OwnedChunk[] {
    const freshSince = performance.now() - this.#timing.keptFreshMs;
    return [...this.#chunks.values()].filter(({ isGoing, keptAt }) => !isGoing && keptAt > freshSince);
  }

  /** @returns false when there is nothing to deliver any more. */
  async #takeOver(job: TakenJob, takenAt: number): Promise<boolean> {
    const key = { send_seq: job.data.send, number: job.data.part };
    const taken = await this.#ledger.writeConcurrently(async (tx) => {
      const chunk = await tx.get<ChunkRow & { id: string; state: string; in_flight: number; held: boolean }>(
        `SELECT c.*, s.id, s.state, ${IS_HELD} AS held FROM chunks c JOIN sends s ON s.seq = c.send_seq
         WHERE c.send_seq = ? AND c.number = ? FOR UPDATE OF c`,
        key.send_seq,
        key.number,
      );
      if (!chunk) return null;
      // Read once the chunk is locked: a send that has gone to another sender meanwhile is not touched. A job of it may
      // still lie here, and the chunk be owned by a worker of that one.
      const sender = 'SELECT sender FROM sends WHERE seq = ?';
      if ((await tx.get<{ sender: string }>(sender, key.send_seq))?.sender !== this.#sender) return null;
      const inDoubt = chunk.in_flight > 0 ? await recoverChunk(tx, chunk, WORKER_DIED) : 0;
      const wanted = chunk.state === 'running' && !chunk.held;
      await tx.run(
        'UPDATE chunks SET holder = ?, fence = fence + 1 WHERE send_seq = ? AND number = ?',
        wanted ? this.#worker : null,
        key.send_seq,
        key.number,
      );
      return { send: chunk.id, fence: chunk.fence + 1, inDoubt, wanted };
    });
    if (taken && taken.inDoubt > 0)
      this.#log.warn(
        { send: taken.send, chunk: key.number, inDoubt: taken.inDoubt },
        'took over from a dead worker',
      );
    if (!taken?.wanted) {
      await this.#queue.done(this.#name, job);
      return false;
    }
    if (this.#firstTaken.size >= SENDS_KNOWN) this.#firstTaken.clear();
    if (!this.#firstTaken.has(key.send_seq)) this.#firstTaken.set(key.send_seq, takenAt);
    this.#chunks.set(keyOf(key), {
      key,
      send: taken.send,
      job,
      fence: taken.fence,
      takenAt,
      keptAt: takenAt,
      isGoing: false,
      isGone: false,
    });
    return true;
  }

  #lose(chunk: OwnedChunk): void {
    if (this.#drop(chunk))
      this.#log.warn({ send: chunk.send, chunk: chunk.key.number }, 'a chunk went to another worker');
  }

  /** Not the same chunk, taken again since. */
  #drop(chunk: OwnedChunk): boolean {
    const key = keyOf(chunk.key);
    return this.#chunks.get(key) === chunk && this.#chunks.delete(key);
  }

  /** Sends of which no more is taken for now. */
  #fullSends(): number[] {
    const bySend = Map.groupBy(this.#chunks.values(), ({ key }) => key.send_seq);
    const newest = bySend.size > 1 ? performance.now() - this.#timing.leaveMs : Number.POSITIVE_INFINITY;
    return [...bySend]
      .filter(([send, { length }]) => length >= MOST_OF_A_SEND || (this.#firstTaken.get(send) ?? 0) > newest)
      .map(([send]) => send);
  }
}

/** The chunks of {@link toColumns} that nobody has taken over. */
const CHUNKS = `unnest(CAST(? AS BIGINT[]), CAST(? AS BIGINT[]), CAST(? AS BIGINT[])) AS h (send_seq, number, fence)
  JOIN chunks c ON c.send_seq = h.send_seq AND c.number = h.number AND c.fence = h.fence`;

function toColumns(chunks: readonly OwnedChunk[]): number[][] {
  return [
    chunks.map(({ key }) => key.send_seq),
    chunks.map(({ key }) => key.number),
    chunks.map(({ fence }) => fence),
  ];
}

/** In the order in which they were taken. */
function makeRoom(chunks: readonly OwnedChunk[], most: number, takenBefore: number): void {
  const oldest = chunks.find(({ isGoing }) => !isGoing);
  if (chunks.length >= most && oldest && oldest.takenAt < takenBefore) oldest.isGoing = true;
}
