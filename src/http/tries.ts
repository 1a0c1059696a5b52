import { isIPv6 } from 'node:net';

/** Enough for whoever mistypes a key or has an old one in a script that starts again. */
const TRIES_AT_ONCE = 10;
const ANOTHER_AFTER_MS = 6_000;
/** Some 100 bytes each. Whoever has more addresses than that gains nothing: a right key is too long to be guessed. */
const ADDRESSES_MAX = 10_000;

interface Bucket {
  tries: number;
  at: number;
}

/** Wrong keys by address: a bucket of tries each that fills again with time. */
export class Tries {
  readonly #buckets = new Map<string, Bucket>();

  /** @returns the seconds to wait before the next try; 0 while there are tries left. */
  take(address: string, now = performance.now()): number {
    const from = network(address);
    const bucket = this.#buckets.get(from) ?? { tries: TRIES_AT_ONCE, at: now };
    this.#buckets.delete(from);
    this.#buckets.set(from, bucket);
    if (this.#buckets.size > ADDRESSES_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    bucket.tries = Math.min(TRIES_AT_ONCE, bucket.tries + (now - bucket.at) / ANOTHER_AFTER_MS);
    bucket.at = now;
    if (bucket.tries < 1) return Math.ceil(((1 - bucket.tries) * ANOTHER_AFTER_MS) / 1_000);
    bucket.tries--;
    return 0;
  }

  get size(): number {
    return this.#buckets.size;
  }
}

/** One subscriber of IPv6 has 2^64 addresses; the first half tells who it is. */
export function network(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter(Boolean);
  if (tail !== undefined) {
    const last = tail.split(':').filter(Boolean);
    while (groups.length + last.length < 8) groups.push('0');
  }
  return groups.slice(0, 4).join(':');
}
