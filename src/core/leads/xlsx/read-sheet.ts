import type { CsvRecord } from '../csv/read-records.ts';
import { damaged, LIMITS } from './limits.ts';
import { type NumberFormat, plainNumber } from './number-format.ts';
import { readXml } from './read-xml.ts';
import type { SharedTexts } from './shared-texts.ts';
import { TextReader, unescapeText } from './text-reader.ts';

export interface Values {
  /** Null: the workbook has none, as where each cell has its text with it. */
  readonly texts: SharedTexts | null;
  /** By the number of the style of a cell. */
  readonly formats: readonly NumberFormat[];
  readonly is1904: boolean;
}

/** As many as a header may name; whoever has one cell in the last column of Excel would have 16,384 fields. */
const MOST_COLUMNS = 2_000;
/** Fields that are handed on at a stretch. */
const PIECE_FIELDS = 20_000;

/**
 * The rows of a sheet that hold something, as records whose line is the number of the row, in flat memory. Of formulas
 * the results that were kept are read, and nothing is computed.
 * @throws TidingsError `invalid_file` when the sheet is broken; rows before it were given
 */
export async function* readSheet(bytes: AsyncIterable<Buffer>, values: Values): AsyncGenerator<CsvRecord[]> {
  const reader = new SheetReader(values);
  for await (const _ of readXml(bytes, reader)) {
    yield* cut(reader.take());
  }
  yield* cut(reader.take());
}

function* cut(records: readonly CsvRecord[]): Generator<CsvRecord[]> {
  let piece: CsvRecord[] = [];
  let fields = 0;
  for (const record of records) {
    piece.push(record);
    fields += record.fields.length;
    if (fields < PIECE_FIELDS) continue;
    yield piece;
    piece = [];
    fields = 0;
  }
  // Also when it is empty: the caller takes its turns by them.
  yield piece;
}

class SheetReader {
  readonly #values: Values;
  #records: CsvRecord[] = [];
  #isInData = false;
  #isWide = false;
  /** Rows with one cell: what is not in the sheet is blank, and a CSV would have it. */
  #alone: string[][] = [];
  /** Behind a blank row stands what a program writes below a table, until there is a whole row again. */
  #isBelow = false;
  #lastFilled = 0;

  #rows = 0;
  #line = 0;
  #fields: string[] = [];
  #chars = 0;
  #problem: string | undefined;

  #column = -1;
  #type = 'n';
  #style = 0;
  #isInValue = false;
  #value = '';
  #isInline = false;
  readonly #inline = new TextReader();

  constructor(values: Values) {
    this.#values = values;
  }

  take(): CsvRecord[] {
    const records = this.#records;
    this.#records = [];
    if (this.#isWide) {
      for (const fields of this.#alone) fields.push('');
      this.#alone = [];
    }
    return records;
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (name === 'sheetData') this.#isInData = true;
    else if (!this.#isInData) return;
    else if (name === 'c') this.#beginCell(attributes);
    else if (name === 'v') this.#isInValue = true;
    else if (name === 'row') this.#beginRow(attributes['r']);
    else if (name === 'is') {
      this.#isInline = true;
      this.#inline.begin();
    } else if (this.#isInline) this.#inline.open(name);
  }

  text(text: string): void {
    if (this.#isInValue) {
      if (this.#value.length < LIMITS.cellChars) this.#value += text;
    } else if (this.#isInline) this.#inline.add(text);
  }

  close(name: string): void {
    if (!this.#isInData) return;
    if (name === 'v') this.#isInValue = false;
    else if (name === 'c') this.#endCell();
    else if (name === 'row') this.#endRow();
    else if (name === 'is') {
      this.#isInline = false;
      if (this.#value === '') this.#value = this.#inline.end();
    } else if (name === 'sheetData') this.#isInData = false;
    else if (this.#isInline) this.#inline.close(name);
  }

  #beginRow(number: string | undefined): void {
    this.#rows += 1;
    if (this.#rows > LIMITS.rows)
      throw damaged(`it has more rows than a spreadsheet can have, ${LIMITS.rows}`);
    const line = Number(number);
    this.#line = Number.isInteger(line) && line > this.#line && line <= LIMITS.rows ? line : this.#line + 1;
    this.#fields = [];
    this.#chars = 0;
    this.#problem = undefined;
    this.#column = -1;
  }

  #beginCell(attributes: Readonly<Record<string, string>>): void {
    const reference = attributes['r'];
    this.#column = reference === undefined ? this.#column + 1 : columnOf(reference, this.#column + 1);
    this.#type = attributes['t'] ?? 'n';
    this.#style = Number(attributes['s'] ?? 0);
    this.#value = '';
  }

  #endCell(): void {
    const text = this.#read();
    this.#value = '';
    if (text === '') return;
    this.#chars += text.length;
    if (this.#column >= MOST_COLUMNS)
      this.#problem ??= `there is a cell in column ${this.#column + 1}, and at most ${MOST_COLUMNS} are read`;
    else if (this.#chars > LIMITS.rowChars)
      this.#problem ??= 'the row is larger than 1 MiB and was passed over';
    else {
      while (this.#fields.length < this.#column) this.#fields.push('');
      this.#fields[this.#column] = text;
    }
  }

  #read(): string {
    const value = this.#value;
    switch (this.#type) {
      case 's':
        return value === '' ? '' : this.#shared(Number(value));
      case 'n':
        return value === '' ? '' : this.#number(value);
      case 'inlineStr':
        return value;
      case 'str':
        return unescapeText(value);
      case 'b':
        return value === '' ? '' : value === '1' || value === 'true' ? 'TRUE' : 'FALSE';
      case 'd':
        return value.trim().replace(/T00:00(?::00(?:\.0*)?)?Z?$/, '');
      default:
        // An error such as #N/A says nothing of anybody.
        return '';
    }
  }

  #shared(index: number): string {
    const text = this.#values.texts?.get(index);
    if (text === undefined)
      this.#problem ??=
        'the text of a cell is missing in the workbook; save it again in your spreadsheet program';
    return text ?? '';
  }

  #number(given: string): string {
    const value = Number(given);
    if (!Number.isFinite(value)) return given.trim();
    const format = this.#values.formats[this.#style];
    return format === undefined ? plainNumber(value) : format(value, this.#values.is1904);
  }

  #endRow(): void {
    const [line, fields, problem] = [this.#line, this.#fields, this.#problem];
    this.#fields = [];
    if (problem !== undefined) this.#records.push({ line, fields: fields.slice(0, 20), problem });
    else if (fields.length > 0) {
      this.#records.push({ line, fields });
      if (fields.length > 1) {
        this.#isWide = true;
        this.#isBelow = false;
      } else {
        this.#isBelow ||= this.#isWide && line > this.#lastFilled + 1;
        if (!this.#isBelow) this.#alone.push(fields);
      }
      this.#lastFilled = line;
    }
  }
}

/** Of `AB12`, from 0; `next` where it names none. */
function columnOf(reference: string, next: number): number {
  let column = 0;
  for (let at = 0; at < reference.length && at < 4; at++) {
    const letter = (reference.charCodeAt(at) | 0x20) - 0x60;
    if (letter < 1 || letter > 26) break;
    column = column * 26 + letter;
  }
  return column === 0 ? next : column - 1;
}
