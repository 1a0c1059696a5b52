/**
 * RFC 5321, section 4.2: three digits, and a space, a hyphen or nothing; in the text behind them no control characters
 * but the tab. Whatever else a server says is no SMTP.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it keeps out
const REPLY_LINE = /^[2-5]\d\d(?:[ -][^\0-\x08\x0a-\x1f\x7f]*)?$/;
/** A reply line is at most 512 octets (section 4.5.3.1.5), and EHLO answers with a dozen. */
const LONGEST_REPLY = 4 * 1024;

/** A whole reply, taken apart when somebody asks: `550 5.1.1 User unknown` (RFC 5321, section 4.2; RFC 3463). */
export class Reply {
  readonly code: number;
  /** Without line ends. */
  readonly lines: readonly string[];

  constructor(code: number, lines: readonly string[]) {
    this.code = code;
    this.lines = lines;
  }

  /** Empty when the server gives none. */
  get status(): string {
    return /^[245]\.\d{1,3}\.\d{1,3}\b/.exec(this.words[0] ?? '')?.[0] ?? '';
  }

  /** One line, without codes. */
  get text(): string {
    const { status, words } = this;
    return words
      .map((line) => (status && line.startsWith(status) ? line.slice(status.length) : line).trim())
      .filter(Boolean)
      .join(' ');
  }

  /** Each line behind its code. */
  get words(): string[] {
    return this.lines.map((line) => line.slice(4));
  }
}

/** Puts replies together, line by line: the only reader of what a server says. */
export class ReplyReader {
  #lines: string[] = [];
  #code = 0;
  #length = 0;

  /** Whether a reply has begun and not ended. */
  get isInside(): boolean {
    return this.#lines.length > 0;
  }

  /** @returns the reply that this line ends, null when more lines belong to it, or `'garbled'`: no reply at all. */
  take(line: string): Reply | null | 'garbled' {
    this.#length += line.length;
    if (this.isTooLong(0) || !REPLY_LINE.test(line)) return 'garbled';
    const code = Number(line.slice(0, 3));
    // Lines of one reply that do not agree say nothing that could be relied on.
    if (this.#lines.length > 0 && code !== this.#code) return 'garbled';
    if (line[3] === '-') {
      this.#code = code;
      this.#lines.push(line);
      return null;
    }
    const lines = this.#lines.length === 0 ? [line] : [...this.#lines, line];
    this.#lines = [];
    this.#length = 0;
    return new Reply(code, lines);
  }

  /** With so many characters of a line that has not ended yet. */
  isTooLong(waiting: number): boolean {
    return this.#length + waiting > LONGEST_REPLY;
  }
}

/** Takes a reply of one or many lines apart; null when it is none. */
export function parseReply(response: string): Reply | null {
  const reader = new ReplyReader();
  for (const line of response.split(/\r?\n/)) {
    const reply = reader.take(line);
    if (reply !== null) return reply === 'garbled' ? null : reply;
  }
  return null;
}
