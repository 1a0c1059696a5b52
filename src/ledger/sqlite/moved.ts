import { TidingsError } from '../../errors.ts';
import type { Reader, Transaction } from '../ledger.ts';

/**
 * The mark on a data file whose contents went to another database. From both of them the same people would be written
 * to twice, and a lead that is still written here would be lost: so a marked file is not opened, and whoever has it
 * open already writes nothing more.
 *
 * `user_version` is free for the application (https://sqlite.org/pragma.html#pragma_user_version), part of the
 * transaction, and costs microseconds to ask for. Where the data went is in `moved_to`.
 */
export async function markMoved(tx: Transaction, place: string): Promise<void> {
  await tx.run('CREATE TABLE IF NOT EXISTS moved_to (place TEXT NOT NULL, moved_at TEXT NOT NULL)');
  await tx.run('DELETE FROM moved_to');
  await tx.run('INSERT INTO moved_to VALUES (?, ?)', place, new Date().toISOString());
  await tx.run('PRAGMA user_version = 1');
}

export async function unmarkMoved(tx: Transaction): Promise<void> {
  await tx.run('PRAGMA user_version = 0');
  await tx.run('DROP TABLE IF EXISTS moved_to');
}

/** Where the data went, and when; null: it is still here. */
export async function whereMoved(reader: Reader): Promise<{ place: string; moved_at: string } | null> {
  if (!(await isMoved(reader))) return null;
  return (
    (await reader.get<{ place: string; moved_at: string }>('SELECT place, moved_at FROM moved_to')) ?? null
  );
}

/** @throws TidingsError `configuration` when the data is not here any more. */
export async function refuseIfMoved(reader: Reader, file: string): Promise<void> {
  const moved = await whereMoved(reader);
  if (!moved) return;
  throw new TidingsError(
    'configuration',
    `The data of ${file} was moved to PostgreSQL at ${moved.place} (${moved.moved_at.slice(0, 16)}Z).`,
    {
      fix: 'Set DATABASE_URL to it. To go on with the file instead, as long as nothing was done there: tidings migrate --undo.',
    },
  );
}

async function isMoved(reader: Reader): Promise<boolean> {
  return (await reader.get<{ user_version: number }>('PRAGMA user_version'))!.user_version !== 0;
}
