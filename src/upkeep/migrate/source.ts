import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { TidingsError } from '../../errors.ts';
import { openSqlite, type SqliteLedger } from '../../ledger/sqlite/open-sqlite.ts';

/**
 * Opens a data file that is there: the opener would make an empty one of a name that was mistyped, and tables in a
 * database of somebody else.
 * @throws TidingsError `not_found`, or `configuration` when it is no data file or from another version.
 */
export async function openSource(file: string): Promise<SqliteLedger> {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) {
    throw new TidingsError('not_found', `There is no data file ${file}.`, {
      fix: 'Name the file to move: --from sqlite:./data/tidings.db.',
    });
  }
  if (!found.isFile() || !isTidings(file)) {
    throw new TidingsError('configuration', `${file} is not a Tidings database.`, {
      fix: 'Name the file to move: --from sqlite:./data/tidings.db.',
    });
  }
  return openSqlite(file, { evenIfMoved: true, opening: 'existing' });
}

function isTidings(file: string): boolean {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    const sql =
      "SELECT count(*) AS n FROM sqlite_master WHERE name IN ('schema_migrations', 'leads', 'deliveries')";
    return database.prepare(sql).get()!['n'] === 3;
  } catch {
    return false;
  } finally {
    database?.close();
  }
}
