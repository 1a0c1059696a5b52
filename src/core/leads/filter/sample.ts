import { createHash } from 'node:crypto';

/** A number between 0 and 2^48 that looks random, and is the same for the same lead and seed. */
export function placeInSample(leadId: string, seed: string): number {
  return createHash('sha1').update(`${seed}\n${leadId}`).digest().readUIntBE(0, 6);
}

/** Keeps the smallest `count` of any number of numbers, in memory for twice as many. */
export class Smallest {
  readonly #count: number;
  #kept: number[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  add(value: number): void {
    this.#kept.push(value);
    if (this.#kept.length >= 2 * this.#count + 1_000) this.#cut();
  }

  /** The largest of those kept; -1: there are none. */
  largest(): number {
    this.#cut();
    return this.#kept.at(-1) ?? -1;
  }

  #cut(): void {
    this.#kept = Float64Array.from(this.#kept).sort().slice(0, this.#count) as unknown as number[];
    this.#kept = Array.from(this.#kept);
  }
}
