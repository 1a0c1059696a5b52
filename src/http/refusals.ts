import type { Log } from '../log/log.ts';

export const REFUSAL_REASONS = ['no_key', 'wrong_key', 'throttled', 'foreign', 'busy', 'webhook'] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** A line at once, then one for all that follow: whoever tries keys must not be able to fill a disk by it. */
const LINE_EVERY_MS = 10_000;

/** What the door turned away: numbers for metrics, and a line in the log where somebody may be trying. */
export class Refusals {
  readonly counts: Record<RefusalReason, number> = {
    no_key: 0,
    wrong_key: 0,
    throttled: 0,
    foreign: 0,
    busy: 0,
    webhook: 0,
  };
  readonly #log: Log;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #sinceLine = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  count(reason: RefusalReason): void {
    this.counts[reason]++;
  }

  /** Never with the key: a wrong one may be the right one of another place, or have one letter too few. */
  wrongKey(address: string): void {
    this.#sinceLine++;
    const now = performance.now();
    if (now - this.#loggedAt < LINE_EVERY_MS) return;
    this.#log.warn({ address, tries: this.#sinceLine }, 'a wrong API key was refused');
    this.#loggedAt = now;
    this.#sinceLine = 0;
  }
}
