const SLICE_MS = 50;
const SECOND = 20;
export const RECENT_MS = SECOND * SLICE_MS;

/**
 * How many there were lately; what is counted is forgotten a slice of 50 ms at a time. Times are monotonic
 * milliseconds, handed in.
 */
export class RecentCount {
  readonly #counts: Float64Array;
  #slice = 0;

  /** @param reach over 0.95 to 1 second, for the mean; or over 1 to 1.05 seconds, when no second may be passed over. */
  constructor(reach: 'about a second' | 'a whole second') {
    this.#counts = new Float64Array(reach === 'a whole second' ? SECOND + 1 : SECOND);
  }

  add(count: number, nowMs: number): void {
    this.#slide(nowMs);
    this.#counts[this.#slice % this.#counts.length]! += count;
  }

  sum(nowMs: number): number {
    this.#slide(nowMs);
    let sum = 0;
    for (const count of this.#counts) sum += count;
    return sum;
  }

  clear(): void {
    this.#counts.fill(0);
  }

  save(): SavedCount {
    return { counts: [...this.#counts], slice: this.#slice };
  }

  restore({ counts, slice }: SavedCount): void {
    this.#counts.set(counts);
    this.#slice = slice;
  }

  #slide(nowMs: number): void {
    const slice = Math.floor(nowMs / SLICE_MS);
    const { length } = this.#counts;
    const passed = Math.min(slice - this.#slice, length);
    for (let at = 0; at < passed; at++) this.#counts[(slice - at) % length] = 0;
    if (passed > 0) this.#slice = slice;
  }
}

export interface SavedCount {
  readonly counts: readonly number[];
  readonly slice: number;
}
