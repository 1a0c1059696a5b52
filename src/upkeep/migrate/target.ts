import { TidingsError } from '../../errors.ts';
import type { Reader } from '../../ledger/ledger.ts';
import type { PostgresTransaction } from '../../ledger/postgres/open-postgres.ts';
import type { TableSum } from './table-sum.ts';
import { MOVED_ROWS, type MovedTable, TABLE_NAMES } from './tables.ts';

/**
 * What an earlier move has put into the target. No part of the schema: nobody but the next move reads it.
 */
export interface Mark {
  readonly source: string;
  readonly moved_at: string;
  /** What the source held. */
  readonly sums: readonly TableSum[];
  /** What the target holds because of it: the same, but for the chunks, which are cut for many workers. */
  readonly held: readonly TableSum[];
}

/**
 * Makes the transaction one that may last, and keeps everybody else from writing into the tables until it ends. Whoever
 * reads sees what was there before.
 */
export async function lockTarget(tx: PostgresTransaction): Promise<void> {
  await tx.run('SET LOCAL statement_timeout = 0');
  await tx.run("SET LOCAL idle_in_transaction_session_timeout = '1h'");
  // Whole tables are read in order: sorting them is allowed where no index has that order.
  await tx.run('SET LOCAL enable_seqscan = on');
  await tx.run(`LOCK TABLE ${TABLE_NAMES.join(', ')} IN EXCLUSIVE MODE`);
}

export async function isEmpty(target: Reader): Promise<boolean> {
  for (const rows of MOVED_ROWS) if (await target.get(`SELECT 1 AS found FROM ${rows} LIMIT 1`)) return false;
  return true;
}

export async function clear(tx: PostgresTransaction): Promise<void> {
  // With all their rows in one statement, since they refer to each other; in part, by what is to go.
  const whole = MOVED_ROWS.filter((rows) => TABLE_NAMES.includes(rows));
  await tx.run(`TRUNCATE ${whole.join(', ')}`);
  for (const rows of MOVED_ROWS) if (!whole.includes(rows)) await tx.run(`DELETE FROM ${rows}`);
}

export async function readMark(target: Reader): Promise<Mark | null> {
  if (!(await target.get("SELECT 1 AS found WHERE to_regclass('moved_from') IS NOT NULL"))) return null;
  const row = await target.get<Record<keyof Mark, string>>('SELECT * FROM moved_from');
  return row ? { ...row, sums: JSON.parse(row.sums), held: JSON.parse(row.held) } : null;
}

export async function writeMark(tx: PostgresTransaction, mark: Mark): Promise<void> {
  await removeMark(tx);
  await tx.run(
    'CREATE TABLE moved_from (source TEXT NOT NULL, moved_at TEXT NOT NULL, sums TEXT NOT NULL, held TEXT NOT NULL)',
  );
  const { source, moved_at, sums, held } = mark;
  const texts = [source, moved_at, JSON.stringify(sums), JSON.stringify(held)];
  await tx.run('INSERT INTO moved_from (source, moved_at, sums, held) VALUES (?, ?, ?, ?)', ...texts);
}

export async function removeMark(tx: PostgresTransaction): Promise<void> {
  await tx.run('DROP TABLE IF EXISTS moved_from');
}

/** The next row gets the number after the last, as in the source; the planner is told how much there is. */
export async function settleTable(tx: PostgresTransaction, { name, isNumbered }: MovedTable): Promise<void> {
  if (isNumbered) {
    await tx.run(
      `SELECT setval(pg_get_serial_sequence('${name}', 'seq'), (SELECT coalesce(max(seq), 0) + 1 FROM ${name}), false)`,
    );
  }
  await tx.run(`ANALYZE ${name}`);
}

const LAST_ROWS = ['leads', 'audiences', 'sends'];

/**
 * Whether the source is what the target was copied from, at a later time: it has the target's first and last leads,
 * audiences and sends, and has tried every send at least as often. These rows are never removed and attempts never
 * taken back, so an older copy of the file, which knows less of who was sent to, does not pass.
 */
export async function refuseUnlessLater(source: Reader, target: Reader, file: string): Promise<void> {
  for (const table of LAST_ROWS) {
    const ends = await target.all<{ seq: number; id: string }>(
      `SELECT seq, id FROM ${table} WHERE seq IN ((SELECT min(seq) FROM ${table}), (SELECT max(seq) FROM ${table}))`,
    );
    for (const { seq, id } of ends) {
      const here = await source.get<{ id: string }>(`SELECT id FROM ${table} WHERE seq = ?`, seq);
      if (here?.id !== id) throw notLater(file, `it does not have the ${table.slice(0, -1)} ${id}`);
    }
  }
  const tried =
    'SELECT send_seq, CAST(sum(attempts) AS BIGINT) AS attempts FROM deliveries GROUP BY send_seq';
  const here = new Map((await source.all<Tried>(tried)).map((row) => [row.send_seq, row.attempts]));
  for (const { send_seq, attempts } of await target.all<Tried>(tried))
    if ((here.get(send_seq) ?? 0) < attempts) throw notLater(file, 'it knows of fewer messages sent');
}

interface Tried {
  readonly send_seq: number;
  readonly attempts: number;
}

function notLater(file: string, why: string): TidingsError {
  return new TidingsError(
    'conflict',
    `The target holds what another file, or a later state of this one, had: ${why}.`,
    {
      fix: `Nothing was changed. Check that ${file} is the file you mean; or name another schema: postgres://…?schema=NAME.`,
    },
  );
}
