import { RECENT_MS, RecentCount, type SavedCount } from './recent-count.ts';

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
/** By as much as this the clocks of a machine or its successor differ; more, and the clock was set. */
const SET_BACK_MS = 1_000;
const PROBING = { first: { hold: 300, pace: 1 }, again: { hold: 1_000, pace: 0.01 } };

/** What a sending loop asks of its pacing. */
export interface Pace {
  /** How many may leave now. */
  available(nowMs: number): number;
  /** They leave. */
  take(count: number, nowMs: number): void;
  /** Milliseconds until something may leave again. */
  waitMs(nowMs: number): number;
  accepted(nowMs: number): void;
  /** The provider said "too fast" to an attempt that left at `startedAtMs`. */
  throttled(nowMs: number, startedAtMs: number, retryAfterMs?: number): void;
  /** Messages a second at most; infinite: no limit is known. */
  readonly rate: number;
  /** Tokens there are, for people who watch; infinite: no limit is known. Changes nothing. */
  level(nowMs: number): number;
  /** Asks those who share the limit, where it is shared. `room`: how many could leave. */
  renew?(room: number): Promise<void>;
}

/**
 * How fast a sender may go: a token bucket whose rate finds the provider's limit. All times are monotonic milliseconds,
 * handed in.
 *
 *   probing ──"too fast"──▶ paused ──▶ climbing back to just under what was accepted ──▶ holding ──▶ probing …
 *
 * A limit that was configured is never passed. Each time the same limit is found again, it holds for twice as long
 * before it probes, so that a settled sender hears "too fast" hardly ever.
 */
export class Pacer implements Pace {
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

  /** @param ratePerSecond null: no limit is known. */
  constructor(ratePerSecond: number | null, nowMs: number) {
    this.#limit = ratePerSecond ?? Number.POSITIVE_INFINITY;
    this.#rate = this.#limit;
    this.#tokens = 0;
    this.#filledAt = nowMs;
  }

  /** How many may leave now. */
  available(nowMs: number): number {
    if (nowMs < this.#pausedUntil) return 0;
    if (!Number.isFinite(this.#rate)) return Number.MAX_SAFE_INTEGER;
    this.#refill(nowMs);
    const count = Math.min(this.#tokens, this.#roomInSecond(nowMs));
    return count >= this.#grain() ? Math.floor(count) : 0;
  }

  get rate(): number {
    return this.#rate;
  }

  level(nowMs: number): number {
    if (!Number.isFinite(this.#rate)) return Number.POSITIVE_INFINITY;
    if (nowMs < this.#pausedUntil) return 0;
    const since = Math.max(0, nowMs - this.#filledAt);
    return Math.max(0, Math.min(this.#capacity(nowMs), this.#tokens + (this.#rate * since) / 1_000));
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

  accepted(nowMs: number, count = 1): void {
    this.#pauses = 0;
    if (nowMs < this.#pausedUntil) return;
    this.#accepted.add(count, nowMs);
  }

  /**
   * The provider said "too fast" to an attempt that left at `startedAtMs`. All that left before the last cut is one
   * and the same overshoot.
   */
  throttled(nowMs: number, startedAtMs: number, retryAfterMs?: number): void {
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

  /**
   * Turns taken in advance, for a process that shares the bucket with others: at most `wanted`, and a slice of time's
   * worth. The bucket goes into debt for them, so that the next one's begin where these end.
   * @returns how many, from when on and at which pace; none: until when it is too early to ask again.
   */
  lease(wanted: number, nowMs: number, slices: { ms: number; aheadMs: number }): Slice {
    if (nowMs < this.#pausedUntil) return { count: 0, fromMs: this.#pausedUntil, rate: this.#rate };
    if (!Number.isFinite(this.#rate)) return { count: wanted, fromMs: nowMs, rate: this.#rate };
    this.#refill(nowMs);
    // Who comes late has what was missed at once: one process that leases slice after slice lost 9 % of the rate.
    const fromMs = nowMs - Math.min((this.#tokens / this.#rate) * 1_000, slices.ms);
    if (fromMs > nowMs + slices.aheadMs)
      return { count: 0, fromMs: fromMs - slices.aheadMs, rate: this.#rate };
    const slice = Math.max(1, Math.round((this.#rate * slices.ms) / 1_000));
    const count = Math.min(wanted, slice, Math.floor(this.#roomInSecond(nowMs)));
    if (count < 1) return { count: 0, fromMs: nowMs + GRAIN_MS, rate: this.#rate };
    this.take(count, nowMs);
    return { count, fromMs, rate: this.#rate };
  }

  /** Turns that were leased and not used. */
  giveBack(count: number): void {
    if (Number.isFinite(this.#rate)) this.#tokens += count;
  }

  /** Everything it knows, as JSON. */
  save(nowMs: number): string {
    return JSON.stringify({
      savedAt: nowMs,
      rate: finite(this.#rate),
      tokens: this.#tokens,
      filledAt: this.#filledAt,
      pausedUntil: this.#pausedUntil,
      ceiling: finite(this.#ceiling),
      cutAt: finite(this.#cutAt),
      certainty: this.#certainty,
      pauses: this.#pauses,
      beganAt: this.#beganAt,
      tookAt: finite(this.#tookAt),
      accepted: this.#accepted.save(),
      taken: this.#taken.save(),
    } satisfies SavedPacer);
  }

  /**
   * As it was saved; a limit that has been configured differently since counts at once. A clock that was set back in
   * between holds up nothing: what was to come comes as soon as it would have.
   */
  static restore(saved: string, ratePerSecond: number | null, nowMs: number): Pacer {
    const pacer = new Pacer(ratePerSecond, nowMs);
    if (saved === '') return pacer;
    const state = JSON.parse(saved) as SavedPacer;
    const backMs = state.savedAt - nowMs > SET_BACK_MS ? state.savedAt - nowMs : 0;
    pacer.#ceiling = state.ceiling ?? Number.POSITIVE_INFINITY;
    pacer.#rate = Math.min(
      Number.isFinite(pacer.#ceiling) ? (state.rate ?? pacer.#limit) : pacer.#limit,
      pacer.#limit,
    );
    pacer.#tokens = state.tokens;
    pacer.#filledAt = state.filledAt - backMs;
    pacer.#pausedUntil = state.pausedUntil - backMs;
    pacer.#cutAt = (state.cutAt ?? Number.NEGATIVE_INFINITY) - backMs;
    pacer.#certainty = state.certainty;
    pacer.#pauses = state.pauses;
    pacer.#beganAt = state.beganAt - backMs;
    pacer.#tookAt = (state.tookAt ?? Number.NEGATIVE_INFINITY) - backMs;
    if (backMs > 0) return pacer;
    pacer.#accepted.restore(state.accepted);
    pacer.#taken.restore(state.taken);
    return pacer;
  }

  #refill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#filledAt);
    this.#filledAt = nowMs;
    if (Number.isFinite(this.#ceiling)) this.#adapt(nowMs, passedMs / 1_000);
    this.#tokens = Math.min(this.#capacity(nowMs), this.#tokens + (this.#rate * passedMs) / 1_000);
  }

  /** After a rest it begins gently. */
  #capacity(nowMs: number): number {
    const kept = nowMs - this.#tookAt > RECENT_MS ? BURST : KEPT_SECONDS;
    return Math.max(1, this.#rate * kept);
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

/** Turns leased from a bucket: `count` of them from `fromMs` on, `rate` a second. */
export interface Slice {
  readonly count: number;
  readonly fromMs: number;
  readonly rate: number;
}

interface SavedPacer {
  savedAt: number;
  rate: number | null;
  tokens: number;
  filledAt: number;
  pausedUntil: number;
  ceiling: number | null;
  cutAt: number | null;
  certainty: number;
  pauses: number;
  beganAt: number;
  tookAt: number | null;
  accepted: SavedCount;
  taken: SavedCount;
}

/** JSON knows no infinity. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
