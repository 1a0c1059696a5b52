/**
 * A number from 0 to 2^53 that looks random, and is the same for the same lead and seed. No cryptography: nobody gains by
 * foreseeing a sample, and a hash that could not be foreseen takes fifty times as long.
 */
export function placeInSample(leadId: string, seed: string): number {
  const text = `${seed}\n${leadId}`;
  let left = 0x811c9dc5;
  let right = 0x9e3779b9;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    left = Math.imul(left ^ code, 0x01000193);
    right = Math.imul(right ^ code, 0x85ebca6b) + 0x6d2b79f5;
  }
  return (mixed(left ^ (right << 7)) >>> 11) * 2 ** 32 + (mixed(right ^ (left >>> 5)) >>> 0);
}

/** Each bit depends on every other one (the end of MurmurHash3). */
function mixed(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
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
    this.#kept = Array.from(Float64Array.from(this.#kept).sort().subarray(0, this.#count));
  }
}
