import type { Ledger, Transaction } from '../../../ledger/ledger.ts';
import type { Log } from '../../../log/log.ts';
import { type ClaimedChunk, keyOf, READY_COLUMNS, type ReadyChunk } from '../../deliveries/ready-chunk.ts';
import { recoverChunk, unclaim } from '../../deliveries/recover.ts';
import { IS_HELD } from '../../holds/hold.ts';
import type { ChunkKey, ChunkRow } from '../../sends/chunk.store.ts';
import type { Work } from '../assignment.ts';
import { JOB_LOST_MS, type JobQueue, type TakenJob } from './job-queue.ts';

/** Chunks in hand at once; of one send only a few, so that many sends go on side by side. */
const MOST_HANDS = 16;
const MOST_OF_A_SEND = 2;
/**
 * Who has other sends leaves the second chunk of a new one to others for so long: two looks of theirs. A small send is
 * two chunks, and all of it in one worker's hands has a part of that one's speed only.
 */
const LEAVE_MS = 500;
const SENDS_KNOWN = 1_000;
/**
 * When no hand is free, or none for a send, the chunk held longest for at least this long makes room for others: for
 * what a worker that died has left, too.
 */
const SLICE_MS = 2_000;
/** Nobody holds a chunk for longer without giving it back and asking for it again: jobs have an end. */
const LONGEST_HOLD_MS = 60_000;
/** What was kept this long ago may go to another worker soon: nothing leaves any more. */
const FRESH_MS = JOB_LOST_MS - 2_500;

interface Hand {
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
 * The chunks that this worker delivers for one channel.
 *
 *   free ──job taken, doubt resolved, fence raised──▶ held ──nothing to claim, or its slice is over──▶ going ──▶ free
 *                                                      └────── its job went to somebody else ──────────────────▶ lost
 *
 * Two things guard a chunk: its fence, which every claim checks in its transaction, and the worker's own clock, which
 * says before each message leaves that the job was kept a moment ago.
 */
export class Hands implements Work {
  readonly makesRows = false;
  readonly #ledger: Ledger;
  readonly #queue: JobQueue;
  readonly #name: string;
  readonly #worker: string;
  readonly #log: Log;
  readonly #hands = new Map<string, Hand>();
  /** When a chunk of each send was first taken, by this process's own clock. */
  readonly #firstTaken = new Map<number, number>();

  constructor(options: { ledger: Ledger; queue: JobQueue; name: string; worker: string; log: Log }) {
    this.#ledger = options.ledger;
    this.#queue = options.queue;
    this.#name = options.name;
    this.#worker = options.worker;
    this.#log = options.log;
  }

  get count(): number {
    return this.#hands.size;
  }

  /**
   * The answer to a commit may be so late that its chunk was given back meanwhile, with what it claimed, and is held
   * again: what it claimed is pending, and leaves by another attempt.
   */
  mayDeliver(chunk: ClaimedChunk): boolean {
    const hand = this.#hands.get(keyOf(chunk));
    if (hand === undefined || hand.isGone || hand.fence !== chunk.fence) return false;
    return performance.now() - hand.keptAt < FRESH_MS;
  }

  async hasWork(): Promise<boolean> {
    return this.#claimable().length > 0;
  }

  async take(tx: Transaction): Promise<ReadyChunk[]> {
    const hands = this.#claimable();
    const rows = await tx.all<ReadyChunk>(
      `SELECT ${READY_COLUMNS} FROM unnest(CAST(? AS BIGINT[]), CAST(? AS BIGINT[]), CAST(? AS BIGINT[]))
         AS h (send_seq, number, fence)
       JOIN chunks c ON c.send_seq = h.send_seq AND c.number = h.number AND c.fence = h.fence
       JOIN sends s ON s.seq = c.send_seq
       ORDER BY c.send_seq, c.number FOR UPDATE OF c`,
      hands.map(({ key }) => key.send_seq),
      hands.map(({ key }) => key.number),
      hands.map(({ fence }) => fence),
    );
    const held = new Set(rows.map(keyOf));
    for (const hand of hands) if (!held.has(keyOf(hand.key))) this.#lose(hand);
    return rows;
  }

  nothingLeft(key: ChunkKey): void {
    const hand = this.#hands.get(keyOf(key));
    if (hand) hand.isGoing = true;
  }

  /** Takes what waits, as far as hands are free. @returns whether anything was taken. */
  async fill(): Promise<boolean> {
    let took = false;
    while (this.#hands.size < MOST_HANDS) {
      const startedAt = performance.now();
      const jobs = await this.#queue.take(this.#name, 1, this.#fullSends());
      for (const job of jobs) took = (await this.#grab(job, startedAt)) || took;
      if (jobs.length === 0) break;
    }
    return took;
  }

  /** Shows that its jobs are being worked on; what went to somebody else is lost. */
  async keep(): Promise<void> {
    const hands = [...this.#hands.values()];
    if (hands.length === 0) return;
    const startedAt = performance.now();
    const kept = await this.#queue.keep(
      this.#name,
      hands.map(({ job }) => job),
    );
    for (const hand of hands) {
      if (kept.has(hand.job.id)) hand.keptAt = startedAt;
      else this.#lose(hand);
    }
  }

  /** Marks what has had its turn, and gives back what is done with. `isOpen`: something of it is still in flight. */
  async giveBack(isOpen: (key: ChunkKey) => boolean, everything = false): Promise<void> {
    const now = performance.now();
    const hands = [...this.#hands.values()];
    makeRoom(hands, MOST_HANDS, now);
    // One at a time: the other chunk of the send keeps the window full meanwhile.
    for (const ofSend of Map.groupBy(hands, ({ key }) => key.send_seq).values())
      if (!ofSend.some(({ isGoing }) => isGoing)) makeRoom(ofSend, MOST_OF_A_SEND, now);
    for (const hand of hands) {
      if (everything || now - hand.takenAt > LONGEST_HOLD_MS) hand.isGoing = true;
      if (!hand.isGoing || isOpen(hand.key)) continue;
      hand.isGone = true;
      await this.#ledger.writeConcurrently((tx) => this.#release(tx, hand));
      await this.#queue.done(this.#name, hand.job);
      this.#drop(hand);
    }
  }

  /**
   * What is still claimed has not left and will not: the end of its commit was not heard, or not yet when this hand
   * went. It goes back to pending with the chunk.
   */
  async #release(tx: Transaction, { key, fence }: Hand): Promise<void> {
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

  #claimable(): Hand[] {
    const now = performance.now();
    return [...this.#hands.values()].filter(({ isGoing, keptAt }) => !isGoing && now - keptAt < FRESH_MS);
  }

  /** @returns false when there is nothing to deliver any more. */
  async #grab(job: TakenJob, takenAt: number): Promise<boolean> {
    const key = { send_seq: job.data.send, number: job.data.part };
    const why = 'The worker that was sending died before it could read the answer.';
    const grabbed = await this.#ledger.writeConcurrently(async (tx) => {
      const chunk = await tx.get<ChunkRow & { id: string; state: string; in_flight: number; held: boolean }>(
        `SELECT c.*, s.id, s.state, ${IS_HELD} AS held FROM chunks c JOIN sends s ON s.seq = c.send_seq
         WHERE c.send_seq = ? AND c.number = ? FOR UPDATE OF c`,
        key.send_seq,
        key.number,
      );
      if (!chunk) return null;
      const inDoubt = chunk.in_flight > 0 ? await recoverChunk(tx, chunk, why) : 0;
      const wanted = chunk.state === 'running' && !chunk.held;
      await tx.run(
        'UPDATE chunks SET holder = ?, fence = fence + 1 WHERE send_seq = ? AND number = ?',
        wanted ? this.#worker : null,
        key.send_seq,
        key.number,
      );
      return { send: chunk.id, fence: chunk.fence + 1, inDoubt, wanted };
    });
    if (grabbed && grabbed.inDoubt > 0)
      this.#log.warn(
        { send: grabbed.send, chunk: key.number, inDoubt: grabbed.inDoubt },
        'took over from a dead worker',
      );
    if (!grabbed?.wanted) {
      await this.#queue.done(this.#name, job);
      return false;
    }
    if (this.#firstTaken.size >= SENDS_KNOWN) this.#firstTaken.clear();
    if (!this.#firstTaken.has(key.send_seq)) this.#firstTaken.set(key.send_seq, takenAt);
    this.#hands.set(keyOf(key), {
      key,
      send: grabbed.send,
      job,
      fence: grabbed.fence,
      takenAt,
      keptAt: takenAt,
      isGoing: false,
      isGone: false,
    });
    return true;
  }

  #lose(hand: Hand): void {
    if (this.#drop(hand))
      this.#log.warn({ send: hand.send, chunk: hand.key.number }, 'a chunk went to another worker');
  }

  /** Not the hand that has taken the same chunk again since. */
  #drop(hand: Hand): boolean {
    const key = keyOf(hand.key);
    return this.#hands.get(key) === hand && this.#hands.delete(key);
  }

  /** Sends of which no more is taken for now. */
  #fullSends(): number[] {
    const bySend = Map.groupBy(this.#hands.values(), ({ key }) => key.send_seq);
    const newest = bySend.size > 1 ? performance.now() - LEAVE_MS : Number.POSITIVE_INFINITY;
    return [...bySend]
      .filter(([send, { length }]) => length >= MOST_OF_A_SEND || (this.#firstTaken.get(send) ?? 0) > newest)
      .map(([send]) => send);
  }
}

/** In the order in which they were taken. */
function makeRoom(hands: readonly Hand[], most: number, nowMs: number): void {
  const oldest = hands.find(({ isGoing }) => !isGoing);
  if (hands.length >= most && oldest && nowMs - oldest.takenAt > SLICE_MS) oldest.isGoing = true;
}
