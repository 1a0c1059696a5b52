import { backoffMs } from './resolve-outcome.ts';

/**
 * How fast a sender may go: a token bucket whose rate gives way to "too fast" and creeps back, and a pause while the
 * relay cannot be reached. Times are monotonic milliseconds, handed in.
 */
export class Pacer {
  readonly #limit: number | null;
  #rate: number;
  #tokens: number;
  #filledAt: number;
  #pausedUntil = 0;
  #failures = 0;

  /** @param ratePerSecond null: no limit, until the provider says "too fast". */
  constructor(ratePerSecond: number | null, nowMs: number) {
    this.#limit = ratePerSecond;
    this.#rate = ratePerSecond ?? Number.POSITIVE_INFINITY;
    this.#tokens = this.#capacity();
    this.#filledAt = nowMs;
  }

  /** How many may leave now. While the relay is being probed: one. */
  available(nowMs: number): number {
    if (nowMs < this.#pausedUntil) return 0;
    if (this.#failures > 0) return 1;
    if (!Number.isFinite(this.#rate)) return Number.MAX_SAFE_INTEGER;
    const passedMs = nowMs - this.#filledAt;
    this.#filledAt = nowMs;
    if (this.#limit !== null)
      this.#rate = Math.min(this.#limit, this.#rate + (this.#limit * 0.05 * passedMs) / 1000);
    else this.#rate += (this.#rate * 0.05 * passedMs) / 1000;
    this.#tokens = Math.min(this.#capacity(), this.#tokens + (this.#rate * passedMs) / 1000);
    return Math.floor(this.#tokens);
  }

  take(count: number): void {
    if (Number.isFinite(this.#rate)) this.#tokens -= count;
  }

  /** Milliseconds until something may leave again. */
  waitMs(nowMs: number): number {
    if (nowMs < this.#pausedUntil) return this.#pausedUntil - nowMs;
    return this.available(nowMs) >= 1 ? 0 : ((1 - this.#tokens) / this.#rate) * 1000;
  }

  /** Anything was heard from the relay: it is there. */
  reached(): void {
    this.#failures = 0;
  }

  /** The relay cannot be reached. Burns no attempt of any lead; the next try is a single one. */
  unreachable(nowMs: number, dice: number): void {
    if (nowMs < this.#pausedUntil) return;
    this.#pausedUntil = nowMs + backoffMs(this.#failures, dice, 1_000, 30_000);
    this.#failures += 1;
  }

  get down(): boolean {
    return this.#failures > 0;
  }

  /** The provider said "too fast": stop for as long as it asked, then go on at half the speed that was measured. */
  throttled(nowMs: number, measuredRate: number, retryAfterMs = 1_000): void {
    if (nowMs < this.#pausedUntil) return;
    this.#pausedUntil = nowMs + retryAfterMs;
    const current = Number.isFinite(this.#rate) ? this.#rate : Math.max(measuredRate, 2);
    this.#rate = Math.max(1, current / 2);
    this.#tokens = 0;
    this.#filledAt = this.#pausedUntil;
  }

  /** A fifth of a second's worth: smooth enough for a provider that counts by the second. */
  #capacity(): number {
    return Number.isFinite(this.#rate) ? Math.max(1, this.#rate / 5) : 0;
  }
}
