import { setImmediate as yieldTurn } from 'node:timers/promises';
import { TidingsError } from '../../../errors.ts';
import { nearest } from '../../../nearest.ts';
import { MAX_METADATA } from '../lead.schema.ts';
import type { LeadInput } from '../lead-input.ts';
import { type OpenTable, openTable } from '../open-table.ts';
import { type ColumnPlan, MAPPABLE, type PlanOptions, planColumns } from '../reading/column-plan.ts';
import { isExport } from '../reading/exported-columns.ts';
import { findHeader } from '../reading/find-header.ts';
import { type ReadRow, readRow } from '../reading/read-row.ts';
import type { Seen } from './decode.ts';
import type { CsvRecord } from './read-records.ts';
import { fromText } from './write-csv.ts';

export interface CsvLead {
  /** Line of the file where the row starts, from 1. */
  readonly line: number;
  readonly input: LeadInput;
  readonly read: ReadRow;
  /** As in the file, for a rejection later on. */
  readonly record: string[];
}

export interface CsvReject {
  readonly line: number;
  readonly reason: string;
  readonly record: string[];
}

export interface CsvBatch {
  /** How each column was read: header → field, or `metadata.key`. */
  readonly columns: Record<string, string>;
  /** The headers there, in the order of the columns. */
  readonly labels: readonly string[];
  /** Columns that hold contacts, and are not read. */
  readonly doubts: readonly string[];
  readonly canReach: boolean;
  readonly header: string[];
  readonly rows: CsvLead[];
  readonly rejects: CsvReject[];
  /** Of the file, so far. */
  readonly bytesRead: number;
  /** Of the whole file, such as which sheet was read. */
  readonly notices: readonly string[];
}

const BATCH_ROWS = 1000;
/** A row may have 100,000 characters: a thousand of those are no batch for one transaction. */
const BATCH_CHARS = 1_000_000;
const MAX_COLUMNS = 2_000;
/** Records at the head that are looked at before any is read: for the header, and for what is in the columns. */
const HEAD_RECORDS = 200;
const HEAD_CHARS = 1_000_000;

/**
 * Reads a CSV, a vCard file or a workbook of leads in flat memory: rows that can be kept, and those that cannot with their line and reason. The
 * first batch comes for a header alone, too. Blank rows are passed over.
 * @throws TidingsError `invalid_file` when nothing of it can be read.
 */
export async function* readLeadsCsv(
  input: AsyncIterable<Uint8Array>,
  options: PlanOptions = {},
): AsyncGenerator<CsvBatch> {
  yield* readLeads(await openTable(input), options);
}

/** The same of any table of texts. */
export async function* readLeads(
  { pieces, seen, notices }: OpenTable,
  options: PlanOptions,
): AsyncGenerator<CsvBatch> {
  let table: Table | undefined;
  let head: CsvRecord[] | undefined = [];
  let headChars = 0;
  let batch = emptyBatch();
  let yielded = false;
  const add = (record: CsvRecord): void => addRecord(record, table!, seen, batch, options.country ?? null);
  const isFull = () => batch.rows.length + batch.rejects.length >= BATCH_ROWS || batch.chars >= BATCH_CHARS;
  for await (const records of pieces) {
    for (const record of records) {
      if (isBlank(record)) continue;
      for (let at = 0; at < record.fields.length; at++) record.fields[at] = fromText(record.fields[at]!);
      if (head) {
        head.push(record);
        headChars += lengthOf(record.fields);
        if (head.length < HEAD_RECORDS && headChars < HEAD_CHARS) continue;
        const begun = begin(head, options);
        table = begun.table;
        head = undefined;
        for (const one of begun.rows) add(one);
      } else add(record);
      if (!isFull()) continue;
      yield toBatch(table!, batch, seen, notices);
      batch = emptyBatch();
      yielded = true;
    }
    // A piece may hold nothing that makes a batch, and there may be many of those.
    await yieldTurn();
  }
  if (head) {
    if (head.length === 0) throw new TidingsError('invalid_file', 'The file is empty.', { fix: ASK_HEADER });
    const begun = begin(head, options);
    table = begun.table;
    for (const one of begun.rows) add(one);
  }
  if (!yielded || batch.rows.length + batch.rejects.length > 0) yield toBatch(table!, batch, seen, notices);
}

interface Table {
  readonly header: string[];
  readonly plan: ColumnPlan;
}

interface Batch {
  rows: CsvLead[];
  rejects: CsvReject[];
  chars: number;
}

function emptyBatch(): Batch {
  return { rows: [], rejects: [], chars: 0 };
}

function toBatch(
  { header, plan }: Table,
  { rows, rejects }: Batch,
  { bytesRead }: Seen,
  notices: readonly string[],
): CsvBatch {
  return {
    columns: plan.shown,
    labels: plan.labels,
    doubts: plan.doubts,
    canReach:
      plan.emails.length + plan.phones.length > 0 ||
      plan.exported?.own.has('email') === true ||
      plan.exported?.own.has('phone') === true,
    header,
    rows,
    rejects,
    bytesRead,
    notices,
  };
}

const UNDERSTOOD =
  'name (nombre), first name, last name (apellidos), email (correo), phone (teléfono, mobile, celular, whatsapp)';
const ASK_HEADER = `Give a table (CSV or XLSX) whose first row names the columns. Understood for contacts: ${UNDERSTOOD}.`;

/** Finds the header among the first records, and how its columns are read. */
function begin(
  head: readonly CsvRecord[],
  options: PlanOptions,
): { table: Table; rows: readonly CsvRecord[] } {
  const [first] = head;
  if (first!.problem !== undefined) {
    throw new TidingsError(
      'invalid_file',
      `The header, on line ${first!.line}, cannot be read: ${first!.problem}.`,
      {
        fix: ASK_HEADER,
      },
    );
  }
  const sound = head.filter(({ problem }) => problem === undefined);
  const mapped =
    options.map === undefined ? -1 : sound.findIndex(({ fields }) => namesAll(fields, options.map!));
  const exported = sound.findIndex(({ fields }) => isExport(fields));
  const at =
    mapped >= 0 ? mapped : exported >= 0 ? exported : (findHeader(sound.map(({ fields }) => fields)) ?? 0);
  // Without a header the columns are known by their place.
  const record = at < 0 ? { line: first!.line, fields: first!.fields.map(() => '') } : sound[at]!;
  const header = withoutBlankEnd(record.fields);
  if (header.length > MAX_COLUMNS) {
    throw new TidingsError(
      'invalid_file',
      `The header, on line ${record.line}, names ${header.length} columns; at most ${MAX_COLUMNS} are read.`,
      { fix: 'Leave out the columns that no message speaks of, or check what separates the columns.' },
    );
  }
  checkMap(options.map ?? {}, header);
  const rows = at < 0 ? head : head.slice(head.indexOf(sound[at]!) + 1);
  const plan = planColumns(
    header,
    rows.filter(({ problem }) => problem === undefined).map(({ fields }) => fields),
    options,
  );
  if (plan.usable) return { table: { header, plan }, rows };
  const names = header.slice(0, 20).map((name) => JSON.stringify(name.slice(0, 60)));
  const more = header.length > 20 ? ` and ${header.length - 20} more` : '';
  throw new TidingsError(
    'invalid_file',
    `No column of the file holds a name, an email or a phone. Line ${record.line} names: ${names.join(', ')}${more}.`,
    { fix: ASK_HEADER },
  );
}

function checkMap(map: Readonly<Record<string, string>>, header: readonly string[]): void {
  const names = header.map((name, index) => name.trim() || `column ${index + 1}`);
  for (const [column, field] of Object.entries(map)) {
    if (!names.includes(column)) {
      const near = nearest(column, names);
      throw new TidingsError('invalid_argument', `The file has no column "${column}"${meant(near)}`, {
        fix: `It has: ${names.slice(0, 20).join(', ')}.`,
      });
    }
    if (!/^metadata\.[\p{L}\p{N}_-]+$/u.test(field) && !(MAPPABLE as readonly string[]).includes(field))
      throw new TidingsError(
        'invalid_argument',
        `"${field}" is no field that a column can be read as${meant(nearest(field, MAPPABLE))}`,
        {
          fix: `There are ${MAPPABLE.join(', ')}, and metadata.KEY.`,
        },
      );
  }
}

const meant = (near: string | null) => (near === null ? '.' : `; did you mean ${near}?`);

function namesAll(fields: readonly string[], map: Readonly<Record<string, string>>): boolean {
  const names = new Set(fields.map((field) => field.trim()));
  return Object.keys(map).every((name) => names.has(name));
}

/** Spreadsheets may leave thousands of blank columns behind the last one that is used. */
function withoutBlankEnd(fields: string[]): string[] {
  if (fields.length <= MAX_COLUMNS) return fields;
  return fields.slice(0, fields.findLastIndex((field) => field.trim() !== '') + 1);
}

export function isBlank({ fields, problem }: CsvRecord): boolean {
  return problem === undefined && fields.every((field) => field.trim() === '');
}

function addRecord(
  { line, fields, problem }: CsvRecord,
  { plan, header }: Table,
  seen: Seen,
  batch: Batch,
  country: string | null,
): void {
  batch.chars += lengthOf(fields);
  // A lead that was stored as it is may be stored so again.
  const long = plan.exported ? undefined : tooLong(fields);
  const refusal = problem ?? tooWide(fields, header.length) ?? long ?? damaged(fields, seen);
  const read = refusal ?? readRow(fields, plan, country);
  if (typeof read === 'string') batch.rejects.push({ line, reason: read, record: fields });
  else if (fields.length < header.length && isFooter(fields, read))
    batch.rejects.push({ line, reason: wrongWidth(fields, header.length), record: fields });
  else batch.rows.push({ line, input: read.input, read, record: fields });
}

/** Blank fields beyond the header are of no harm: spreadsheets leave them behind. */
function tooWide(fields: readonly string[], width: number): string | undefined {
  if (fields.length <= width || fields.slice(width).every((field) => field.trim() === '')) return undefined;
  return wrongWidth(fields, width);
}

/** Fewer fields are blanks at the end, except in what a program writes below the table: totals, and whose it is. */
function isFooter(fields: readonly string[], { email, phone }: ReadRow): boolean {
  return fields.length === 1 && email?.ok !== true && phone?.ok !== true;
}

function wrongWidth(fields: readonly string[], width: number): string {
  return `the row has ${fields.length} ${fields.length === 1 ? 'field' : 'fields'} and the header has ${width}`;
}

function lengthOf(fields: readonly string[]): number {
  return fields.reduce((sum, field) => sum + field.length, 0);
}

function tooLong(fields: readonly string[]): string | undefined {
  const length = lengthOf(fields);
  if (length <= MAX_METADATA) return undefined;
  return `the row has ${length} characters, and a lead holds at most ${MAX_METADATA}`;
}

/** Looked for only from where bad bytes were seen: a U+FFFD in a valid file was typed by someone. */
export function damaged(fields: readonly string[], seen: Seen): string | undefined {
  if (seen.badBytes && fields.some((field) => field.includes('\uFFFD'))) {
    return 'the row has bytes that are not of the encoding of the file; save the file as UTF-8';
  }
  if (seen.nul && fields.some((field) => field.includes('\0')))
    return 'the row has NUL characters, which text has not';
  return undefined;
}
