import { RECENT_MS, RecentCount } from './recent-count.ts';
import { backoffMs } from './resolve-outcome.ts';

/**
 * Tokens kept for when this process gets its turn late: on a busy machine turns come 100 ms late all the time, and
 * what had to be forgotten came to half of the rate.
 */
const KEPT_SECONDS = 1;
/** So much more than the rate may leave in any one second: a provider may allow no deeper bursts itself. */
const BURST = 0.06;
/** Fewer tokens than this many milliseconds' worth are not worth a commit. */
const GRAIN_MS = 20;
/** How close below the speed that was too fast it settles. */
const MARGIN = 0.99;
const LONGEST_HOLD_MS = 240_000;
/** A shorter time says nothing about a speed. */
const SHORTEST_MEASURE_MS = 250;
const PROBING = { first: { hold: 300, pace: 1 }, again: { hold: 1_000, pace: 0.01 } };

/**
 * How fast a sender may go: a token bucket whose rate finds the provider's limit, and a pause while the relay cannot
 * be reached. All times are monotonic milliseconds, handed in.
 *
 *   probing ──"too fast"──▶ paused ──▶ climbing back to just under what was accepted ──▶ holding ──▶ probing …
 *
 * A limit that was configured is never passed. Each time the same limit is found again, it holds for twice as long
 * before it probes, so that a settled sender hears "too fast" hardly ever.
 */
export class Pacer {
  readonly #limit: number;
  #rate: number;
  #tokens: number;
  #filledAt: number;
  #pausedUntil = 0;

  /** The speed that was last found to be too fast; infinite: none was. */
  #ceiling = Number.POSITIVE_INFINITY;
  #cutAt = Number.NEGATIVE_INFINITY;
  /** How many times in a row the same limit was found. */
  #certainty = 0;
  #pauses = 0;
  #beganAt = 0;
  #tookAt = Number.NEGATIVE_INFINITY;
  readonly #accepted = new RecentCount('about a second');
  readonly #taken = new RecentCount('a whole second');

  #downSince: number | null = null;
  #failures = 0;

  /** @param ratePerSecond null: no limit is known. */
  constructor(ratePerSecond: number | null, nowMs: number) {
    this.#limit = ratePerSecond ?? Number.POSITIVE_INFINITY;
    this.#rate = this.#limit;
    this.#tokens = 0;
    this.#filledAt = nowMs;
  }

  /** How many may leave now. While the relay is being probed: one. */
  available(nowMs: number): number {
    if (nowMs < this.#pausedUntil) return 0;
    if (this.#failures > 0) return 1;
    if (!Number.isFinite(this.#rate)) return Number.MAX_SAFE_INTEGER;
    this.#refill(nowMs);
    const count = Math.min(this.#tokens, this.#roomInSecond(nowMs));
    return count >= this.#grain() ? Math.floor(count) : 0;
  }

  take(count: number, nowMs: number): void {
    if (count > 0) {
      // After a rest nothing is known of the speed.
      if (nowMs - this.#tookAt > RECENT_MS) this.#beganAt = nowMs;
      this.#tookAt = nowMs;
      this.#taken.add(count, nowMs);
    }
    if (Number.isFinite(this.#rate)) this.#tokens -= count;
  }

  /** Milliseconds until something may leave again. */
  waitMs(nowMs: number): number {
    if (nowMs < this.#pausedUntil) return this.#pausedUntil - nowMs;
    if (this.available(nowMs) >= 1) return 0;
    return Math.max(GRAIN_MS / 2, ((this.#grain() - this.#tokens) / this.#rate) * 1_000);
  }

  accepted(nowMs: number): void {
    this.reached();
    this.#pauses = 0;
    if (nowMs < this.#pausedUntil) return;
    this.#accepted.add(1, nowMs);
  }

  /** Anything was heard from the relay: it is there. */
  reached(): void {
    this.#failures = 0;
    this.#downSince = null;
  }

  /** The relay cannot be reached. Burns no attempt of any lead; the next try is a single one. */
  unreachable(nowMs: number, dice: number): void {
    this.#downSince ??= nowMs;
    if (nowMs < this.#pausedUntil) return;
    this.#pausedUntil = nowMs + backoffMs(this.#failures, dice, 1_000, 30_000);
    this.#failures += 1;
  }

  /** For how long the relay has not been reached; 0: it is there. */
  downMs(nowMs: number): number {
    return this.#downSince === null ? 0 : nowMs - this.#downSince;
  }

  /**
   * The provider said "too fast" to an attempt that left at `startedAtMs`. All that left before the last cut is one
   * and the same overshoot.
   */
  throttled(nowMs: number, startedAtMs: number, retryAfterMs?: number): void {
    this.reached();
    if (startedAtMs <= this.#cutAt) {
      if (retryAfterMs !== undefined) this.#pausedUntil = Math.max(this.#pausedUntil, nowMs + retryAfterMs);
      return;
    }
    const found = Math.max(1, Math.min(this.#rate, this.#measured(nowMs) || 1));
    this.#certainty = Math.abs(found - this.#ceiling) < 0.2 * found ? this.#certainty + 1 : 0;
    this.#ceiling = found;
    this.#rate = 0.9 * found;
    this.#tokens = 0;
    this.#pausedUntil = nowMs + (retryAfterMs ?? Math.min(250 * 2 ** this.#pauses, 30_000));
    this.#pauses += 1;
    this.#cutAt = this.#pausedUntil;
    this.#filledAt = this.#pausedUntil;
    this.#beganAt = this.#pausedUntil;
    this.#accepted.clear();
  }

  #refill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#filledAt);
    this.#filledAt = nowMs;
    if (Number.isFinite(this.#ceiling)) this.#adapt(nowMs, passedMs / 1_000);
    // After a rest it begins gently.
    const kept = nowMs - this.#tookAt > RECENT_MS ? BURST : KEPT_SECONDS;
    const capacity = Math.max(1, this.#rate * kept);
    this.#tokens = Math.min(capacity, this.#tokens + (this.#rate * passedMs) / 1_000);
  }

  /** Back to just under the ceiling within seconds, a while there, then upwards, faster the longer nothing objects. */
  #adapt(nowMs: number, seconds: number): void {
    const goal = Math.min(this.#limit, MARGIN * this.#ceiling);
    if (this.#rate < goal) this.#rate += (goal - this.#rate) * (1 - Math.exp(-seconds));
    const { hold, pace: slowest } = this.#certainty === 0 ? PROBING.first : PROBING.again;
    const holdMs = Math.min(hold * 2 ** Math.max(0, this.#certainty - 1), LONGEST_HOLD_MS);
    const probingMs = nowMs - this.#cutAt - holdMs;
    if (probingMs <= 0) return;
    const pace = Math.min(1, slowest * 2 ** (probingMs / 4_000));
    this.#rate = Math.min(this.#limit, this.#rate * (1 + pace * seconds));
  }

  #grain(): number {
    return Math.max(1, (this.#rate * GRAIN_MS) / 1_000);
  }

  /** Accepted a second, over the last second or since it began. */
  #measured(nowMs: number): number {
    const sinceMs = Math.min(nowMs - this.#beganAt, RECENT_MS);
    return (this.#accepted.sum(nowMs) * 1_000) / Math.max(sinceMs, SHORTEST_MEASURE_MS);
  }

  #roomInSecond(nowMs: number): number {
    return this.#rate + Math.max(1, this.#rate * BURST) - this.#taken.sum(nowMs);
  }
}
