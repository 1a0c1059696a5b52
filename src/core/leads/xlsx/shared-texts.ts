import { damaged, LIMITS, tooLarge } from './limits.ts';
import { readXml } from './read-xml.ts';
import { TextReader } from './text-reader.ts';

const BLOCK_BYTES = 1024 * 1024;

/**
 * The texts that cells name by number. They are held as bytes beside the heap, since a large workbook has millions, and
 * the rows that need them come later.
 */
export class SharedTexts {
  readonly #blocks: Buffer[] = [];
  #used = BLOCK_BYTES;
  /** Block and place within it of each; where the next begins, it ends. */
  #starts = new Float64Array(1024);
  #ends = new Uint32Array(1024);
  #count = 0;
  #bytes = 0;

  /** @throws TidingsError `invalid_file` when they are too many */
  static async read(bytes: AsyncIterable<Buffer>): Promise<SharedTexts> {
    const texts = new SharedTexts();
    const reader = new TextReader();
    const turns = readXml(bytes, {
      open(name) {
        if (name === 'si') reader.begin();
        else reader.open(name);
      },
      text: (text) => reader.add(text),
      close(name) {
        if (name === 'si') texts.#add(reader.end());
        else reader.close(name);
      },
    });
    for await (const _ of turns);
    return texts;
  }

  /** undefined: there is none of this number. */
  get(index: number): string | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= this.#count) return undefined;
    const start = this.#starts[index]!;
    const block = this.#blocks[Math.floor(start / BLOCK_BYTES)]!;
    return block.toString('utf8', start % BLOCK_BYTES, this.#ends[index]!);
  }

  #add(text: string): void {
    const size = Buffer.byteLength(text);
    this.#bytes += size;
    if (this.#bytes > LIMITS.textBytes) throw tooLarge('The text of the workbook', LIMITS.textBytes);
    if (this.#count >= LIMITS.texts)
      throw damaged(`it has more than ${LIMITS.texts} texts; save the sheet as CSV`);
    if (this.#used + size > BLOCK_BYTES) {
      this.#blocks.push(Buffer.allocUnsafeSlow(BLOCK_BYTES));
      this.#used = 0;
    }
    if (this.#count === this.#ends.length) this.#grow();
    const block = this.#blocks.at(-1)!;
    block.write(text, this.#used);
    this.#starts[this.#count] = (this.#blocks.length - 1) * BLOCK_BYTES + this.#used;
    this.#used += size;
    this.#ends[this.#count++] = this.#used;
  }

  #grow(): void {
    const starts = new Float64Array(2 * this.#starts.length);
    starts.set(this.#starts);
    this.#starts = starts;
    const ends = new Uint32Array(2 * this.#ends.length);
    ends.set(this.#ends);
    this.#ends = ends;
  }
}
