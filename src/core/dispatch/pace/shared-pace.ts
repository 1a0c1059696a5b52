import type { Ledger, Transaction } from '../../../ledger/ledger.ts';
import type { SenderAbout } from '../../deliveries/sender.ts';
import { type Pace, Pacer, type Slice } from './pacer.ts';

/** How much of a sender's time one worker leases at once; a worker that dies leaves no more than this unused. */
const SLICES = { ms: 100, aheadMs: 1_000 };
/** Fewer turns than this many milliseconds' worth are not worth a commit. */
const GRAIN_MS = 20;
/** Where no limit is known, others are asked this often whether one was found. */
const UNLIMITED_MS = 250;

interface Throttling {
  readonly startedAtMs: number;
  readonly retryAfterMs: number | undefined;
}

/**
 * One worker's part of the rate of a sender. The bucket is a row that all workers share; each leases a slice of the
 * time that comes, and spends it evenly. What is heard from the provider goes into the shared bucket, so that all slow
 * down when one was too fast. Times of the bucket are the database's, those here this process's own.
 */
export class SharedPace implements Pace {
  readonly #ledger: Ledger;
  readonly #sender: SenderAbout;
  readonly #isWanted: () => boolean;
  #slice: Slice = { count: 0, fromMs: 0, rate: Number.POSITIVE_INFINITY };
  #used = 0;
  /** Not before this is it worth asking again. */
  #askAt = 0;
  #unlimitedUntil = 0;
  #accepted = 0;
  #throttled: Throttling[] = [];

  constructor(ledger: Ledger, sender: SenderAbout, isWanted: () => boolean) {
    this.#ledger = ledger;
    this.#sender = sender;
    this.#isWanted = isWanted;
  }

  get rate(): number {
    return this.#slice.rate;
  }

  /** Of the slice that this worker has leased: what others hold is theirs to tell. */
  level(nowMs: number): number {
    if (Number.isFinite(this.#slice.rate)) return Math.max(0, this.#slice.count - this.#used);
    return nowMs < this.#unlimitedUntil ? Number.POSITIVE_INFINITY : 0;
  }

  available(nowMs: number): number {
    if (!Number.isFinite(this.#slice.rate)) return nowMs < this.#unlimitedUntil ? this.#slice.count : 0;
    const left = this.#slice.count - this.#used;
    const due = Math.floor(((nowMs - this.#slice.fromMs) / 1_000) * this.#slice.rate) - this.#used + 1;
    const some = Math.min(left, due);
    return some >= Math.min(left, this.#grain()) ? Math.max(0, some) : 0;
  }

  take(count: number): void {
    this.#used += count;
  }

  waitMs(nowMs: number): number {
    if (this.available(nowMs) > 0) return 0;
    const left = this.#slice.count - this.#used;
    if (left <= 0 || !Number.isFinite(this.#slice.rate)) return Math.max(1, this.#askAt - nowMs);
    const wanted = this.#used + Math.min(left, this.#grain()) - 1;
    return Math.max(1, this.#slice.fromMs + (wanted / this.#slice.rate) * 1_000 - nowMs);
  }

  accepted(): void {
    this.#accepted += 1;
  }

  throttled(_nowMs: number, startedAtMs: number, retryAfterMs?: number): void {
    this.#throttled.push({ startedAtMs, retryAfterMs });
    // Nothing more until everybody knows.
    this.#askAt = 0;
  }

  /** Leases the next slice when this one is nearly used up, and tells what was heard. */
  async renew(room: number): Promise<void> {
    const nowMs = performance.now();
    const isUrgent = this.#throttled.length > 0;
    if (!isUrgent && (room === 0 || nowMs < this.#askAt || !this.#isWanted())) return;
    const left = Number.isFinite(this.#slice.rate) ? this.#slice.count - this.#used : 0;
    if (!isUrgent && left > 0) return;
    const [accepted, throttled] = [this.#accepted, this.#throttled];
    this.#accepted = 0;
    this.#throttled = [];
    try {
      const { slice, offsetMs } = await this.#ledger.writeConcurrently((tx) =>
        this.#exchange(tx, { accepted, throttled, unused: isUrgent ? left : 0, wanted: room }),
      );
      this.#begin({ ...slice, fromMs: slice.fromMs - offsetMs });
    } catch (error) {
      this.#accepted += accepted;
      this.#throttled = throttled.concat(this.#throttled);
      throw error;
    }
  }

  #begin(slice: Slice): void {
    const nowMs = performance.now();
    this.#slice = slice;
    this.#used = 0;
    const isEndless = !Number.isFinite(slice.rate);
    if (isEndless) this.#unlimitedUntil = nowMs + UNLIMITED_MS;
    if (slice.count === 0) this.#askAt = slice.fromMs;
    else if (isEndless) this.#askAt = nowMs + UNLIMITED_MS / 2;
    // The next slice is asked for while this one is being spent: there is no gap between them.
    else this.#askAt = slice.fromMs;
  }

  async #exchange(
    tx: Transaction,
    told: { accepted: number; throttled: readonly Throttling[]; unused: number; wanted: number },
  ): Promise<{ slice: Slice; offsetMs: number }> {
    // What a crash of the database would lose is a tenth of a second's worth of turns.
    await tx.run('SET LOCAL synchronous_commit TO off');
    const { bucket, now } = await this.#lockBucket(tx);
    const offsetMs = now - performance.now();
    const pacer = Pacer.restore(bucket, this.#sender.ratePerSecond, now);
    if (told.accepted > 0) pacer.accepted(now, told.accepted);
    pacer.giveBack(told.unused);
    for (const { startedAtMs, retryAfterMs } of told.throttled)
      pacer.throttled(now, startedAtMs + offsetMs, retryAfterMs);
    const slice = pacer.lease(told.wanted, now, SLICES);
    await tx.run('UPDATE sender_buckets SET bucket = ? WHERE id = ?', pacer.save(now), this.#sender.id);
    return { slice, offsetMs };
  }

  async #lockBucket(tx: Transaction): Promise<{ bucket: string; now: number }> {
    const sql = `SELECT bucket, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS DOUBLE PRECISION) AS now
      FROM sender_buckets WHERE id = ? FOR UPDATE`;
    const row = await tx.get<{ bucket: string; now: number }>(sql, this.#sender.id);
    if (row) return row;
    await tx.run(
      "INSERT INTO sender_buckets (id, bucket) VALUES (?, '') ON CONFLICT DO NOTHING",
      this.#sender.id,
    );
    return (await tx.get<{ bucket: string; now: number }>(sql, this.#sender.id))!;
  }

  #grain(): number {
    return Math.max(1, (this.#slice.rate * GRAIN_MS) / 1_000);
  }
}
