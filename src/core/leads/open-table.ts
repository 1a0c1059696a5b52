import { decode, type Seen } from './csv/decode.ts';
import { detectDelimiter } from './csv/delimiter.ts';
import { type CsvRecord, readRecords } from './csv/read-records.ts';
import { isCompound, isZip, refuseCompound, refuseOtherText } from './other-files.ts';
import { IS_CARDS, readCards } from './vcard/read-cards.ts';

/** A file of people as a table of texts, whatever it was. */
export interface OpenTable {
  readonly pieces: AsyncIterable<CsvRecord[]>;
  readonly seen: Seen;
  /** What whoever gave the file should know, such as which sheet was read. */
  readonly notices: readonly string[];
}

/** As many bytes as tell archives from text. */
const HEAD_BYTES = 8;

/**
 * Opens CSV, vCard and XLSX, told from each other by what is in them: names and declared types are often wrong.
 * @throws TidingsError `invalid_file` for all else, here or at the first piece
 */
export async function openTable(input: AsyncIterable<Uint8Array>): Promise<OpenTable> {
  const { head, bytes } = await peek(input);
  if (isZip(head)) {
    // Loaded when there is one.
    const { openWorkbook } = await import('./xlsx/open-workbook.ts');
    return openWorkbook(bytes);
  }
  if (isCompound(head)) {
    const { holdFile } = await import('./xlsx/hold-file.ts');
    throw refuseCompound(await holdFile(bytes));
  }
  const { blocks, seen } = decode(bytes);
  return { pieces: readText(blocks), seen, notices: [] };
}

async function peek(
  input: AsyncIterable<Uint8Array>,
): Promise<{ head: Buffer; bytes: AsyncIterable<Uint8Array> }> {
  const source = input[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < HEAD_BYTES) {
    const next = await source.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const bytes = async function* () {
    let isOver = false;
    try {
      if (head.length > 0) yield head;
      for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
      isOver = true;
    } finally {
      if (!isOver) await source.return?.();
    }
  };
  return { head, bytes: bytes() };
}

/** What Excel puts above the header to tell itself the delimiter. */
const SEP_LINE = /^sep=([,;\t|])(?:\r\n|\n|\r)/i;

/** Looks at the first block for the delimiter, then reads it and all others. */
async function* readText(blocks: AsyncGenerator<Buffer>): AsyncGenerator<CsvRecord[]> {
  const first = await blocks.next();
  if (first.done) return;
  const head = first.value.toString();
  const sep = SEP_LINE.exec(head);
  const start = sep ? first.value.subarray(Buffer.byteLength(sep[0])) : first.value;
  const all = async function* () {
    yield start;
    yield* blocks;
  };
  if (IS_CARDS.test(head)) return yield* readCards(all());
  refuseOtherText(head);
  yield* readRecords(all(), sep?.[1] ?? detectDelimiter(head), sep ? 2 : 1);
}
