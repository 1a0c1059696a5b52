import { backoffMs } from '../../deliveries/resolve-outcome.ts';

/**
 * Whether the relay can be reached from this process. While it cannot, one message at a time is tried, later and
 * later. All times are monotonic milliseconds, handed in.
 */
export class Outage {
  #since: number | null = null;
  #failures = 0;
  #pausedUntil = 0;

  /** How many may try now. */
  available(nowMs: number): number {
    if (nowMs < this.#pausedUntil) return 0;
    return this.#failures > 0 ? 1 : Number.MAX_SAFE_INTEGER;
  }

  waitMs(nowMs: number): number {
    return Math.max(0, this.#pausedUntil - nowMs);
  }

  /** Anything was heard from the relay: it is there. */
  reached(): void {
    this.#failures = 0;
    this.#since = null;
  }

  /** Burns no attempt of any lead. */
  unreachable(nowMs: number, dice: number): void {
    this.#since ??= nowMs;
    if (nowMs < this.#pausedUntil) return;
    this.#pausedUntil = nowMs + backoffMs(this.#failures, dice, 1_000, 30_000);
    this.#failures += 1;
  }

  /** It is there, but takes nothing. */
  tooFast(nowMs: number): void {
    this.#failures = 0;
    this.#since ??= nowMs;
  }

  /** For how long it has not been reached, or has called everything too fast; 0: messages leave. */
  downMs(nowMs: number): number {
    return this.#since === null ? 0 : nowMs - this.#since;
  }
}
