import { LIMITS } from './limits.ts';

/** Characters that XML cannot hold, and what looks like one of these: `_x000D_`, `_x005F_x000D_`. */
const ESCAPED = /_x([0-9a-f]{4})_/gi;

/** Text of a cell from its runs, without how it is pronounced. */
export class TextReader {
  #text = '';
  #isIn = false;
  #pronounced = 0;

  begin(): void {
    this.#text = '';
    this.#isIn = false;
    this.#pronounced = 0;
  }

  open(name: string): void {
    if (name === 'rPh') this.#pronounced += 1;
    else if (name === 't' && this.#pronounced === 0) this.#isIn = true;
  }

  add(text: string): void {
    if (this.#isIn && this.#text.length < LIMITS.cellChars) this.#text += text;
  }

  close(name: string): void {
    if (name === 'rPh') this.#pronounced -= 1;
    else if (name === 't') this.#isIn = false;
  }

  end(): string {
    return unescapeText(this.#text.slice(0, LIMITS.cellChars));
  }
}

export function unescapeText(text: string): string {
  if (!text.includes('_x')) return text;
  return text
    .replaceAll(ESCAPED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .toWellFormed();
}
