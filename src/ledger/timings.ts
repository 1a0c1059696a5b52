/** Upper bounds in seconds: a commit is a tenth of a millisecond on a fast disk, and seconds on one in trouble. */
export const TIMING_BOUNDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
] as const;

/**
 * How long something took, counted into buckets. An array and a few comparisons: what is measured takes a hundred
 * times as long, whether anybody asks for the figures or not.
 */
export class Timings {
  /** How many took as long as the bound of this place at most, and longer than the one before; the last: longer. */
  readonly counts = new Float64Array(TIMING_BOUNDS.length + 1);
  sumSeconds = 0;

  note(ms: number): void {
    const seconds = ms / 1_000;
    let at = 0;
    while (at < TIMING_BOUNDS.length && seconds > TIMING_BOUNDS[at]!) at++;
    this.counts[at]! += 1;
    this.sumSeconds += seconds;
  }
}
