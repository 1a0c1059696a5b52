const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;

type State = 'field-start' | 'plain' | 'quoted' | 'quote-in-quoted' | 'after-cr';

/** Finds the end of one record without keeping it, by the same rules of quoting as the parser. */
export class RecordSkipper {
  #state: State = 'field-start';
  #last = 0;
  readonly #delimiter: number;
  /** Line breaks passed, the one that ends the record included. */
  lines = 0;

  constructor(delimiter: string) {
    this.#delimiter = delimiter.charCodeAt(0);
  }

  get insideQuotes(): boolean {
    return this.#state === 'quoted';
  }

  /** Line breaks passed before the last line that has text. */
  get linesWithin(): number {
    return this.lines - (this.#last === LF || this.#last === CR ? 1 : 0);
  }

  /** @returns where the next record starts in `block`, or -1 when this one goes on. */
  skip(block: Buffer): number {
    for (let at = 0; at < block.length; at++) {
      const byte = block[at]!;
      if (this.#state === 'after-cr') return byte === LF ? at + 1 : at;
      if (byte === CR || (byte === LF && this.#last !== CR)) this.lines++;
      this.#last = byte;
      if (this.#state === 'quoted') {
        if (byte === QUOTE) this.#state = 'quote-in-quoted';
      } else if (byte === QUOTE && this.#state !== 'plain') {
        this.#state = 'quoted';
      } else if (byte === LF) {
        return at + 1;
      } else if (byte === CR) {
        this.#state = 'after-cr';
      } else if (byte === this.#delimiter) {
        this.#state = 'field-start';
      } else if (this.#state !== 'field-start' || (byte !== SPACE && byte !== TAB)) {
        this.#state = 'plain';
      }
    }
    return -1;
  }
}
