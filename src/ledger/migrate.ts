import { TidingsError } from '../errors.ts';
import type { Ledger, Reader } from './ledger.ts';
import { migrations } from './migrations.ts';

const NEWEST = migrations.length;

/**
 * What an opener may do: `migrate`, whoever goes on to run (a server, a worker), makes a ledger and brings an older one
 * to this version; `create` makes one where there is none; `existing` changes nothing of what it finds.
 */
export type Opening = 'migrate' | 'create' | 'existing';

/** There is nothing there yet, and whoever asked may not make it. */
export class NoLedger extends TidingsError {
  constructor(place: string) {
    super('not_found', `There is no data yet at ${place}.`, {
      fix: 'tidings serve makes it, and so does tidings leads import.',
    });
  }
}

/**
 * Brings a database to this version, one numbered step after the other; never back. A database that a newer Tidings
 * has moved on is used when its steps left intact what this version needs: machines are upgraded one by one.
 * @param place what a person knows it by
 * @returns whether it was made just now.
 * @throws TidingsError `configuration` when it is too new, or older and not to be changed by this opener; `NoLedger`.
 */
export async function migrate(ledger: Ledger, opening: Opening, place: string): Promise<boolean> {
  const found = await findVersion(ledger);
  if (found === 'fit') return false;
  if (found === 0 && opening === 'existing') throw new NoLedger(place);
  if (found > 0 && opening !== 'migrate') throw tooOld(found);
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
  return found === 0;
}

/** A server of the older version may be running on it, which must not find other tables under its feet. */
function tooOld(version: number): TidingsError {
  return new TidingsError(
    'configuration',
    `The data is from an older Tidings (schema ${version}; this one needs ${NEWEST}), and this command changes no tables.`,
    {
      fix: 'Stop what runs of the older version, then start tidings serve (or mcp, or worker): it brings the data up to date.',
    },
  );
}

/**
 * `fit`: as this version made it, or newer and still fit for it; 0: there is none yet.
 * @throws TidingsError `configuration` when it is too new.
 */
async function findVersion(ledger: Reader): Promise<number | 'fit'> {
  const table =
    ledger.dialect === 'sqlite'
      ? await ledger.get("SELECT 1 AS found FROM sqlite_master WHERE name = 'schema_migrations'")
      : await ledger.get("SELECT 1 AS found WHERE to_regclass('schema_migrations') IS NOT NULL");
  if (!table) return 0;
  if (!(await hasColumn(ledger))) return 1;
  const { version, oldest_code } = (await schemaVersion(ledger))!;
  if (version < NEWEST) return version;
  if (version === NEWEST || oldest_code <= NEWEST) return 'fit';
  throw new TidingsError(
    'configuration',
    `The data is from a newer Tidings (schema ${version}; this one knows ${NEWEST}).`,
    { fix: 'Run the newer Tidings, or restore a backup made before the upgrade.' },
  );
}

/** For whoever goes on running: whether a newer Tidings has moved the database on, beyond what this version can use. */
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
