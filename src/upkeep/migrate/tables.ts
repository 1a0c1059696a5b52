import { TidingsError } from '../../errors.ts';
import type { Reader } from '../../ledger/ledger.ts';

/** The tables that are moved, a table after those it refers to, with what their rows are in order of. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  leads: ['seq'],
  audiences: ['seq'],
  audience_members: ['audience_seq', 'position'],
  sends: ['seq'],
  chunks: ['send_seq', 'number'],
  send_texts: ['content_hash', 'send_seq'],
  deliveries: ['send_seq', 'position'],
  suppressions: ['channel', 'contact'],
  suppression_history: ['seq'],
  erased_contacts: ['hash'],
  erasures: ['seq'],
  outbox_texts: ['seq'],
  outbox_bodies: ['text_seq'],
  refusals: ['seq'],
  outbox: ['seq'],
  marks: ['name'],
};
export const TABLE_NAMES = Object.keys(TABLES);

/** What is about this database only: its version, who sends from it, where it was moved to. */
const STAYS_BEHIND = ['schema_migrations', 'leases', 'moved_to'];

export type ColumnType = 'BIGINT' | 'TEXT' | 'DOUBLE PRECISION';

/** A table with its columns, and how to read all of it in one order and as the same values from both databases. */
export interface MovedTable {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  /** Whether rows are numbered by the database. */
  readonly isNumbered: boolean;
  readonly selectFromSqlite: string;
  readonly selectFromPostgres: string;
}

/**
 * The columns are those that the databases say they have: a later migration adds to what is moved without a change
 * here, and a table that it adds is not forgotten in silence.
 * @throws TidingsError `configuration` when the two do not hold the same.
 */
export async function tablesToMove(source: Reader, target: Reader): Promise<MovedTable[]> {
  const found = await source.all<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  );
  const unknown = found.find(({ name }) => !TABLE_NAMES.includes(name) && !STAYS_BEHIND.includes(name));
  if (unknown) throw differ(`the table ${unknown.name} is not known here`);
  return Promise.all(TABLE_NAMES.map((name) => describe(name, source, target)));
}

async function describe(name: string, source: Reader, target: Reader): Promise<MovedTable> {
  const here = await source.all<{ name: string }>('SELECT name FROM pragma_table_info(?)', name);
  const there = await target.all<{ name: string; type: string }>(
    `SELECT column_name AS name, upper(data_type) AS type FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position`,
    name,
  );
  const sorted = (columns: readonly { name: string }[]) => columns.map((column) => column.name).sort();
  if (sorted(here).join() !== sorted(there).join()) throw differ(`the columns of ${name} are not the same`);
  const columns = there.map((column) => ({ name: column.name, type: column.type as ColumnType }));
  const key = TABLES[name]!;
  return {
    name,
    columns,
    isNumbered: key[0] === 'seq',
    selectFromSqlite: `SELECT ${columns.map(asRead.sqlite).join(', ')} FROM ${name} ORDER BY ${key.map((column) => `${name}.${column}`).join(', ')}`,
    selectFromPostgres: `SELECT ${columns.map(asRead.postgres).join(', ')} FROM ${name}
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
