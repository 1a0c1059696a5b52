import { TidingsError } from '../errors.ts';
import type { Ledger, Reader } from './ledger.ts';
import { migrations } from './migrations.ts';

const NEWEST = migrations.length;

/**
 * Brings a database to this version, one numbered step after the other; never back. A database that a newer Tidings
 * has moved on is used when its steps left intact what this version needs: machines are upgraded one by one.
 * @throws TidingsError `configuration` when it is too new.
 */
export async function migrate(ledger: Ledger): Promise<void> {
  if (await isCurrent(ledger)) return;
  await ledger.write(async (tx) => {
    await tx.run(
      `CREATE TABLE IF NOT EXISTS schema_migrations (
         version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL, oldest_code INTEGER NOT NULL DEFAULT 0)`,
    );
    // Of a data file made before this column was there.
    if (!(await hasColumn(tx)))
      await tx.run('ALTER TABLE schema_migrations ADD COLUMN oldest_code INTEGER NOT NULL DEFAULT 0');
    const { version } = (await schemaVersion(tx))!;
    for (let next = version; next < NEWEST; next++) {
      const migration = migrations[next]!;
      for (const statement of migration[tx.dialect]) await tx.run(statement);
      await migration.rows?.(tx);
      await tx.run(
        'INSERT INTO schema_migrations (version, applied_at, oldest_code) VALUES (?, ?, ?)',
        next + 1,
        new Date().toISOString(),
        migration.oldestCode,
      );
    }
  });
}

/**
 * Whether the database is as this version made it, or newer and still fit for it.
 * @throws TidingsError `configuration` when it is too new.
 */
async function isCurrent(ledger: Reader): Promise<boolean> {
  const table =
    ledger.dialect === 'sqlite'
      ? await ledger.get("SELECT 1 AS found FROM sqlite_master WHERE name = 'schema_migrations'")
      : await ledger.get("SELECT 1 AS found WHERE to_regclass('schema_migrations') IS NOT NULL");
  if (!table || !(await hasColumn(ledger))) return false;
  const { version, oldest_code } = (await schemaVersion(ledger))!;
  if (version <= NEWEST) return version === NEWEST;
  if (oldest_code <= NEWEST) return true;
  throw new TidingsError(
    'configuration',
    `The data is from a newer Tidings (schema ${version}; this one knows ${NEWEST}).`,
    { fix: 'Run the newer Tidings, or restore a backup made before the upgrade.' },
  );
}

/** For long-lived workers: whether a newer Tidings has moved the database on, beyond what this version can use. */
export async function isOutdated(ledger: Reader): Promise<boolean> {
  const { oldest_code } = (await schemaVersion(ledger))!;
  return oldest_code > NEWEST;
}

function schemaVersion(reader: Reader): Promise<{ version: number; oldest_code: number } | undefined> {
  return reader.get(
    'SELECT coalesce(max(version), 0) AS version, coalesce(max(oldest_code), 0) AS oldest_code FROM schema_migrations',
  );
}

async function hasColumn(reader: Reader): Promise<boolean> {
  const found =
    reader.dialect === 'sqlite'
      ? "SELECT 1 AS found FROM pragma_table_info('schema_migrations') WHERE name = 'oldest_code'"
      : `SELECT 1 AS found FROM information_schema.columns WHERE table_schema = current_schema()
           AND table_name = 'schema_migrations' AND column_name = 'oldest_code'`;
  return (await reader.get(found)) !== undefined;
}
