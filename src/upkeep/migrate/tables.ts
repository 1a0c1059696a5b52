import { TidingsError } from '../../errors.ts';
import type { Reader } from '../../ledger/ledger.ts';
import type { Table } from '../../ledger/schema/table.ts';
import { TABLES } from '../../ledger/schema/tables.ts';

const MOVED = TABLES.filter(({ moves }) => moves);
export const TABLE_NAMES = MOVED.map(({ name }) => name);

/** Made by a move, beside the schema: where the data went. */
const MOVED_TO = 'moved_to';

/** Of a table those rows that are moved; the others are about the database that they are in. */
export function movedRows({ name, moves }: Pick<Table, 'name' | 'moves'>): string {
  return typeof moves === 'object' ? `${name} WHERE ${moves.where}` : name;
}

/** How to put it in a statement: those that are moved, of all tables that are. */
export const MOVED_ROWS = MOVED.map(movedRows);

export type ColumnType = 'BIGINT' | 'TEXT' | 'DOUBLE PRECISION';

/** A table with its columns, and how to read all of it in one order and as the same values from both databases. */
export interface MovedTable {
  readonly name: string;
  /** What stands behind FROM: it, or those of its rows that are moved. */
  readonly rows: string;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  /** Whether rows are numbered by the database. */
  readonly isNumbered: boolean;
  readonly selectFromSqlite: string;
  readonly selectFromPostgres: string;
}

/**
 * The columns are those that the databases say they have, and the tables those of the schema; one that neither knows is
 * not left behind in silence.
 * @throws TidingsError `configuration` when the two do not hold the same.
 */
export async function tablesToMove(source: Reader, target: Reader): Promise<MovedTable[]> {
  const found = await source.all<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  );
  const known = new Set([...TABLES.map(({ name }) => name), MOVED_TO]);
  const unknown = found.find(({ name }) => !known.has(name));
  if (unknown) throw differ(`the table ${unknown.name} is not known here`);
  return Promise.all(MOVED.map((table) => describe(table, source, target)));
}

async function describe(table: Table, source: Reader, target: Reader): Promise<MovedTable> {
  const { name, order: key } = table;
  const rows = movedRows(table);
  const here = await source.all<{ name: string }>('SELECT name FROM pragma_table_info(?)', name);
  const there = await target.all<{ name: string; type: string }>(
    `SELECT column_name AS name, upper(data_type) AS type FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position`,
    name,
  );
  const sorted = (columns: readonly { name: string }[]) => columns.map((column) => column.name).sort();
  if (sorted(here).join() !== sorted(there).join()) throw differ(`the columns of ${name} are not the same`);
  const columns = there.map((column) => ({ name: column.name, type: column.type as ColumnType }));
  return {
    name,
    rows,
    columns,
    isNumbered: key[0] === 'seq',
    selectFromSqlite: `SELECT ${columns.map(asRead.sqlite).join(', ')} FROM ${rows} ORDER BY ${key.map((column) => `${name}.${column}`).join(', ')}`,
    selectFromPostgres: `SELECT ${columns.map(asRead.postgres).join(', ')} FROM ${rows}
      ORDER BY ${key.map((column) => byBytes(name, columns.find((one) => one.name === column)!)).join(', ')}`,
  };
}

type Column = MovedTable['columns'][number];

/** Whole numbers travel as text: 64 bits are more than a JavaScript number holds. A fraction has no place in them. */
const asRead = {
  sqlite: ({ name, type }: Column) =>
    type === 'BIGINT' ? `CAST(CAST(${name} AS INTEGER) AS TEXT)` : `${name}`,
  postgres: ({ name, type }: Column) => (type === 'BIGINT' ? `CAST(${name} AS TEXT)` : name),
};

/**
 * SQLite compares text by its bytes; PostgreSQL by the rules of a language, unless it is told not to. With the name of
 * the table, since the bare name would be what is selected, which is text.
 */
function byBytes(table: string, { name, type }: Column): string {
  return type === 'TEXT' ? `${table}.${name} COLLATE "C"` : `${table}.${name}`;
}

function differ(how: string): TidingsError {
  return new TidingsError('configuration', `The two databases do not hold the same tables: ${how}.`, {
    fix: 'Run the migration with the newest Tidings of those that have used them.',
  });
}
