/**
 * Which contacts came by, of millions: a number for each, 16 bytes a contact, in place of the texts. Two of a million
 * have the same number once in some ten thousand times; who counts with it may then be off by one.
 */
export class ContactSet {
  readonly #places: Float64Array;

  /** @param most contacts that may come */
  constructor(most: number) {
    this.#places = new Float64Array(2 ** Math.ceil(Math.log2(Math.max(8, most * 1.5))));
  }

  /** @returns whether it is new here. */
  add(contact: string): boolean {
    const number = numberOf(contact);
    const last = this.#places.length - 1;
    for (let at = number % this.#places.length; ; at = at === last ? 0 : at + 1) {
      const there = this.#places[at];
      if (there === number) return false;
      if (there !== 0) continue;
      this.#places[at] = number;
      return true;
    }
  }
}

/** 53 bits that depend on each character (cyrb53, public domain); never 0. */
function numberOf(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return 4_294_967_296 * (2_097_151 & b) + (a >>> 0) + 1;
}
