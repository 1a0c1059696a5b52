import { Parser } from 'csv-parse';
import { firstQuote, plainRows } from './plain-rows.ts';
import { RecordSkipper } from './skip-record.ts';

/** Fields and all; a lead is a few hundred bytes, and a quote that is never closed must not fill the memory. */
export const MAX_RECORD_BYTES = 1024 * 1024;
const SHOWN_CHARS = 200;
/** Read at a stretch: of nothing but line breaks that is some 10 ms. */
const PIECE_BYTES = 16 * 1024;
const NOTHING = Buffer.alloc(0);

export interface CsvRecord {
  /** Line of the file where the record starts, from 1. */
  readonly line: number;
  readonly fields: string[];
  /** Why it could not be read; `fields` is then its beginning only. */
  readonly problem?: string;
}

/** csv-parse, keeping records itself: those of a stream that fails would be lost with its buffer. */
class CollectingParser extends Parser {
  records: string[][] = [];
  /** Bytes up to the end of the last whole record. */
  bytesDone = 0;

  constructor(delimiter: string) {
    super({
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      relax_quotes: true,
      ltrim: true,
      max_record_size: MAX_RECORD_BYTES,
    });
    // What failed is read from `errored`; without a listener it would end the process.
    this.on('error', () => {});
  }

  override push(record: string[] | null): boolean {
    if (record === null) return super.push(null);
    this.records.push(record);
    this.bytesDone = this.info.bytes;
    // Each record is the first: for one that is not as wide as the first the parser makes an error, with its stack, that
    // nobody reads. That took 50 µs, and a second for a block of short ones.
    (this.info as { records: number }).records = 0;
    return true;
  }

  takeRecords(): string[][] {
    const { records } = this;
    this.records = [];
    return records;
  }

  finish(): Promise<void> {
    return new Promise((resolve) => {
      this.once('finish', resolve).once('close', resolve).end();
    });
  }
}

/**
 * Records with the lines they start on, a list for each piece read. One that is too large is told, passed over without
 * being kept, and the reading goes on behind it.
 */
export async function* readRecords(
  blocks: AsyncIterable<Buffer>,
  delimiter: string,
  firstLine: number,
): AsyncGenerator<CsvRecord[]> {
  const reader = new RecordReader(delimiter, firstLine);
  for await (const block of blocks) {
    for (let at = 0; at < block.length; at += PIECE_BYTES) {
      yield reader.read(block.subarray(at, at + PIECE_BYTES));
    }
  }
  yield await reader.end();
}

class RecordReader {
  readonly #delimiter: string;
  #parser: CollectingParser;
  #line: number;
  /** What the parser was given and has not made records of; `#keptFrom` is where it starts in the parser's count. */
  #kept: Buffer[] = [];
  #keptFrom = 0;
  /** The beginning of a record without a quote that the parser was not given. */
  #carried: Buffer = NOTHING;
  #skipping: { skipper: RecordSkipper; start: string } | undefined;

  constructor(delimiter: string, firstLine: number) {
    this.#delimiter = delimiter;
    this.#line = firstLine;
    this.#parser = new CollectingParser(delimiter);
  }

  read(block: Buffer): CsvRecord[] {
    const out: CsvRecord[] = [];
    let rest: Buffer | undefined = block;
    while (rest !== undefined && rest.length > 0) {
      rest = this.#skipping ? this.#skip(rest, out) : this.#parse(rest, out);
    }
    return out;
  }

  async end(): Promise<CsvRecord[]> {
    const out: CsvRecord[] = [];
    if (!this.#skipping) {
      this.#parser.write(this.#carried);
      await this.#parser.finish();
      this.#collect(out);
      if (this.#parser.errored) {
        this.#startSkipping();
        // Its end was not found by the parser either, so all that is left is part of it.
        for (const part of this.#unread()) this.#skipping!.skipper.skip(part);
      }
    }
    if (this.#skipping) out.push(this.#skipped(this.#skipping, true));
    return out;
  }

  /** @returns what is to be read again after a record that was too large. */
  #parse(given: Buffer, out: CsvRecord[]): Buffer | undefined {
    const block = this.#readPlain(given, out);
    if (block.length === 0) return undefined;
    this.#kept.push(block);
    this.#parser.write(block);
    this.#collect(out);
    if (!this.#parser.errored) {
      this.#dropDone();
      return undefined;
    }
    this.#startSkipping();
    return Buffer.concat(this.#unread());
  }

  /** Reads what has no quotes. @returns what is left to the parser */
  #readPlain(given: Buffer, out: CsvRecord[]): Buffer {
    const before = this.#kept.length > 0 ? this.#unread() : [this.#carried];
    // A parser within a record goes on with it, unless it can be taken back and there is much to win. A long record is not
    // begun again with every piece.
    if (this.#kept.length > 0) {
      const isLong = before.reduce((sum, part) => sum + part.length, 0) > PIECE_BYTES;
      const hasQuote = before.some((part) => firstQuote(part) < part.length);
      if (isLong || hasQuote || 2 * firstQuote(given) < given.length) return given;
      this.#newParser();
    }
    const block = Buffer.concat([...before, given]);
    const { rows, bytes } = plainRows(block, this.#delimiter);
    for (const fields of rows) out.push({ line: this.#line++, fields });
    const rest = block.subarray(bytes);
    const isCarried = rest.length <= PIECE_BYTES && firstQuote(rest) === rest.length;
    this.#carried = isCarried ? rest : NOTHING;
    return isCarried ? NOTHING : rest;
  }

  #collect(out: CsvRecord[]): void {
    for (const fields of this.#parser.takeRecords()) {
      out.push({ line: this.#line, fields });
      this.#line += 1 + lineBreaks(fields);
    }
  }

  #dropDone(): void {
    const done = this.#parser.bytesDone;
    while (this.#kept.length > 0 && this.#keptFrom + this.#kept[0]!.length <= done) {
      this.#keptFrom += this.#kept.shift()!.length;
    }
  }

  #unread(): Buffer[] {
    this.#dropDone();
    const [first, ...others] = this.#kept;
    return first ? [first.subarray(this.#parser.bytesDone - this.#keptFrom), ...others] : [];
  }

  #startSkipping(): void {
    const start =
      this.#unread()[0]
        ?.toString('utf8', 0, SHOWN_CHARS * 4)
        .slice(0, SHOWN_CHARS) ?? '';
    this.#skipping = { skipper: new RecordSkipper(this.#delimiter), start: `${start}…` };
  }

  #skip(block: Buffer, out: CsvRecord[]): Buffer | undefined {
    const skipping = this.#skipping!;
    const next = skipping.skipper.skip(block);
    if (next < 0) return undefined;
    out.push(this.#skipped(skipping, false));
    this.#line += skipping.skipper.lines;
    this.#skipping = undefined;
    this.#newParser();
    return block.subarray(next);
  }

  #newParser(): void {
    this.#parser = new CollectingParser(this.#delimiter);
    this.#kept = [];
    this.#keptFrom = 0;
  }

  #skipped({ skipper, start }: { skipper: RecordSkipper; start: string }, atEnd: boolean): CsvRecord {
    const last = this.#line + (atEnd ? skipper.linesWithin : skipper.lines);
    const problem =
      atEnd && skipper.insideQuotes
        ? `a quote (") opened in this row is never closed, so lines ${this.#line} to ${last}, the end of the file, could not be read; the rows before it were. Close the quote and import the file again`
        : `the row is larger than 1 MiB and was passed over; the reading went on ${atEnd ? 'to the end of the file' : `at line ${last}`}`;
    return { line: this.#line, fields: [start], problem };
  }
}

/** Counted here: csv-parse takes a CRLF inside quotes for two lines. */
function lineBreaks(fields: readonly string[]): number {
  let count = 0;
  for (const field of fields) {
    if (field.includes('\n') || field.includes('\r')) count += field.match(/\r\n|\n|\r/g)!.length;
  }
  return count;
}
