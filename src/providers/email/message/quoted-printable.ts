/**
 * Quoted-printable (RFC 2045, section 6.7) in two stages: literals are encoded once for each send, values while a
 * message is put together. A soft line break (`=` CRLF, which a reader takes out again) is set only where a piece
 * would pass the 76th column, so most messages leave as readable text. A dot that could come to stand at the start of a
 * line is encoded too: SMTP would have to double it.
 */
export interface QuotedLiteral {
  readonly text: string;
  /** Length of the first line: what must still fit behind a value. */
  readonly firstLine: number;
  /** Column behind the last character; for a single line it is `firstLine` wide and relative to its start. */
  readonly lastLine: number;
  readonly isSingleLine: boolean;
  readonly beginsWithBreak: boolean;
  readonly endsInSpace: boolean;
}

/** 76 without the `=` of a soft line break. */
const LINE_LENGTH = 75;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DOT = 0x2e;
const EQUALS = 0x3d;
const HEX_DIGITS = Buffer.from('0123456789ABCDEF');
const SPACE_AT_END = /[ \t]$/;
const PLAIN = /^[ !-<>-~]*$/;

/** Every kind of line break becomes CRLF, the only one that may travel (RFC 5321, section 2.3.8). */
export function toCrlf(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/\r\n?|\n/g, '\r\n') : text;
}

/** Encodes a literal as if it stood at the start of a line. */
export function quoteLiteral(text: string): QuotedLiteral {
  const quoted = quote(toCrlf(text), 0);
  const first = quoted.indexOf('\r\n');
  return {
    text: quoted,
    firstLine: first < 0 ? quoted.length : first,
    lastLine: quoted.length - (quoted.lastIndexOf('\r\n') < 0 ? 0 : quoted.lastIndexOf('\r\n') + 2),
    isSingleLine: first < 0,
    beginsWithBreak: first === 0,
    endsInSpace: SPACE_AT_END.test(quoted),
  };
}

/** Puts one body together; nothing it writes can pass the 76th column or end a line in white space. */
export class QuotedPrintableWriter {
  #text = '';
  #column = 0;
  #endsInSpace = false;

  literal(literal: QuotedLiteral): void {
    // White space at the end of a line may be lost on the way; a soft line break shields it.
    if (this.#column + literal.firstLine > LINE_LENGTH || (this.#endsInSpace && literal.beginsWithBreak)) {
      this.#softBreak();
    }
    this.#endsInSpace = literal.endsInSpace;
    this.#text += literal.text;
    this.#column = literal.isSingleLine ? this.#column + literal.firstLine : literal.lastLine;
  }

  value(value: string): void {
    if (value === '') return;
    if (this.#endsInSpace && /^[\r\n]/.test(value)) this.#softBreak();
    this.#endsInSpace = SPACE_AT_END.test(value);
    // The common value is a short plain word, or a link of one or two lines: no look at its single characters.
    if (PLAIN.test(value) && value[0] !== '.' && (value.length <= LINE_LENGTH || !value.includes('..'))) {
      this.#plain(value);
      return;
    }
    const quoted = quote(toCrlf(value), this.#column);
    this.#text += quoted;
    const last = quoted.lastIndexOf('\n');
    this.#column = last < 0 ? this.#column + quoted.length : quoted.length - last - 1;
  }

  #plain(value: string): void {
    let rest = value;
    if (this.#column + rest.length > LINE_LENGTH) this.#softBreak();
    while (rest.length > LINE_LENGTH) {
      // No line begins with a dot, and no two of them stand beside each other.
      const cut = rest[LINE_LENGTH] === '.' ? LINE_LENGTH - 1 : LINE_LENGTH;
      this.#text += rest.slice(0, cut);
      this.#softBreak();
      rest = rest.slice(cut);
    }
    this.#text += rest;
    this.#column += rest.length;
  }

  end(): string {
    if (this.#endsInSpace) this.#softBreak();
    return this.#text;
  }

  #softBreak(): void {
    this.#text += '=\r\n';
    this.#column = 0;
  }
}

/** Encodes text whose line breaks are CRLF, beginning at `column`. */
function quote(text: string, column: number): string {
  const bytes = Buffer.from(text, 'utf8');
  // Three for each byte, and three for the break that each 25 of them need.
  const out = Buffer.allocUnsafe(Math.ceil(bytes.length * 3.12) + 3);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === CR && bytes[at + 1] === LF) {
      out[length++] = CR;
      out[length++] = LF;
      column = 0;
      at++;
      continue;
    }
    const endsLine = (byte === SPACE || byte === TAB) && bytes[at + 1] === CR;
    const isPlain = ((byte >= SPACE && byte <= 0x7e && byte !== EQUALS) || byte === TAB) && !endsLine;
    if (column + (isPlain ? 1 : 3) > LINE_LENGTH) {
      out[length++] = EQUALS;
      out[length++] = CR;
      out[length++] = LF;
      column = 0;
    }
    if (isPlain && !(column === 0 && byte === DOT)) {
      out[length++] = byte;
      column += 1;
      continue;
    }
    out[length++] = EQUALS;
    out[length++] = HEX_DIGITS[byte >> 4]!;
    out[length++] = HEX_DIGITS[byte & 15]!;
    column += 3;
  }
  return out.toString('latin1', 0, length);
}
