import type { Value } from '../../ledger/ledger.ts';
import type { PostgresTransaction } from '../../ledger/postgres/open-postgres.ts';
import type { SqliteLedger } from '../../ledger/sqlite/open-sqlite.ts';
import { Summing, type TableSum } from './table-sum.ts';
import type { MovedTable } from './tables.ts';

/** A batch is full at either: rows may be a few bytes or millions, and memory is to stay flat. */
const BATCH_ROWS = 2_000;
const BATCH_CHARACTERS = 2_000_000;
/** Rows between two reports while nothing is written. */
const REPORT_ROWS = 10_000;

export type OnRows = (count: number) => void;

/** Copies all rows of a table. @returns what was read: the sum that the copy must have. */
export async function copyTable(
  source: SqliteLedger,
  target: PostgresTransaction,
  table: MovedTable,
  onRows: OnRows,
): Promise<TableSum> {
  const insert = `INSERT INTO ${table.name} (${table.columns.map(({ name }) => name).join(', ')})
    SELECT * FROM unnest(${table.columns.map(({ type }) => `CAST(? AS ${type}[])`).join(', ')})`;
  const sum = new Summing(table.name);
  let batch = emptyBatch(table);
  let characters = 0;
  // One batch is read while the one before is written: both databases work at the same time.
  let writing: Promise<unknown> = Promise.resolve();
  const write = async () => {
    await writing;
    const count = batch[0]!.length;
    if (count === 0) return;
    writing = target.run(insert, ...batch).then(() => onRows(count));
    writing.catch(() => {});
    batch = emptyBatch(table);
    characters = 0;
  };
  for (const row of source.iterate(table.selectFromSqlite)) {
    characters += sum.add(withoutNul(row));
    for (let at = 0; at < row.length; at++) batch[at]!.push(row[at]!);
    if (characters >= BATCH_CHARACTERS || batch[0]!.length >= BATCH_ROWS) await write();
  }
  await write();
  await writing;
  return sum.end();
}

function emptyBatch({ columns }: MovedTable): Value[][] {
  return columns.map(() => []);
}

/** What the source holds, as PostgreSQL would hold it. */
export async function sumOfSource(
  source: SqliteLedger,
  table: MovedTable,
  onRows: OnRows,
): Promise<TableSum> {
  const sum = new Summing(table.name);
  const report = every(REPORT_ROWS, onRows);
  for (const row of source.iterate(table.selectFromSqlite)) {
    sum.add(withoutNul(row));
    // The line to the other database wants to be looked after as well.
    if (report()) await new Promise(setImmediate);
  }
  return sum.end();
}

export async function sumOfTarget(
  target: PostgresTransaction,
  table: MovedTable,
  onRows: OnRows,
): Promise<TableSum> {
  const sum = new Summing(table.name);
  const report = every(REPORT_ROWS, onRows);
  await target.each(table.selectFromPostgres, (row) => {
    sum.add(row);
    report();
  });
  return sum.end();
}

/** Calls `onRows` at every `count`th call. @returns whether it did. */
function every(count: number, onRows: OnRows): () => boolean {
  let seen = 0;
  return () => {
    seen += 1;
    if (seen % count !== 0) return false;
    onRows(count);
    return true;
  };
}

/** PostgreSQL's text cannot hold the character 0: its ledger drops it from all that is written, and so does a copy. */
function withoutNul(row: Value[]): Value[] {
  for (let at = 0; at < row.length; at++) {
    const value = row[at];
    if (typeof value === 'string' && value.includes('\0')) row[at] = value.replaceAll('\0', '');
  }
  return row;
}
