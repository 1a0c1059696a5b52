import { TidingsError } from '../errors.ts';
import { byDialect, type Ledger, type Reader } from './ledger.ts';
import { type Migration, migrations } from './schema/migrations.ts';

/** Before 0.1.0 the steps counted from 1, and made other tables: whatever says less than this is one of those. */
const RELEASED = 100;
/** The version of the schema that this Tidings needs. */
export const NEWEST = RELEASED + migrations.length;

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
 * has moved on is used when its steps left intact what this version needs: machines are upgraded one by one. One from
 * before the first release is refused: what it knows of people is brought over as files.
 * @param place what a person knows it by
 * @param steps all that this version knows
 * @returns whether it was made just now.
 * @throws TidingsError `configuration` when it is too new, or older and not to be changed by this opener; `NoLedger`.
 */
export async function migrate(
  ledger: Ledger,
  opening: Opening,
  place: string,
  steps: readonly Migration[] = migrations,
): Promise<boolean> {
  const newest = RELEASED + steps.length;
  const found = await findVersion(ledger, place, newest);
  if (found === 'fit') return false;
  if (found === 0 && opening === 'existing') throw new NoLedger(place);
  if (found > 0 && opening !== 'migrate') throw tooOld(found, newest);
  await ledger.write(async (tx) => {
    // Another process may have done it meanwhile.
    const reached = ((await versionOf(tx)) ?? RELEASED) - RELEASED;
    for (const [at, step] of steps.entries()) {
      if (at < reached) continue;
      for (const statement of step[tx.dialect]) await tx.run(statement);
      await step.rows?.(tx);
      await tx.run(
        'INSERT INTO schema_migrations (version, applied_at, oldest_code) VALUES (?, ?, ?)',
        RELEASED + at + 1,
        new Date().toISOString(),
        RELEASED + step.oldestCode,
      );
    }
  });
  return found === 0;
}

/** A server of the older version may be running on it, which must not find other tables under its feet. */
function tooOld(version: number, newest: number): TidingsError {
  return new TidingsError(
    'configuration',
    `The data is from an older Tidings (schema ${version}; this one needs ${newest}), and this command changes no tables.`,
    {
      fix: 'Stop what runs of the older version, then start tidings serve (or mcp, or worker): it brings the data up to date.',
    },
  );
}

/**
 * `fit`: as this version made it, or newer and still fit for it; 0: there is none yet.
 * @throws TidingsError `configuration` when it is too new, or from before the first release.
 */
async function findVersion(ledger: Reader, place: string, newest: number): Promise<number | 'fit'> {
  const version = await versionOf(ledger);
  if (version === null) return 0;
  refuseUnreleased(version, place);
  if (version < newest) return version;
  if (version === newest || !(await isOutdated(ledger))) return 'fit';
  throw new TidingsError(
    'configuration',
    `The data is from a newer Tidings (schema ${version}; this one knows ${NEWEST}).`,
    { fix: 'Run the newer Tidings, or restore a backup made before the upgrade.' },
  );
}

/** @throws TidingsError `configuration` when the data is from before the first release. */
export function refuseUnreleased(version: number, place: string): void {
  if (version > RELEASED) return;
  throw new TidingsError(
    'configuration',
    `The data at ${place} is from before Tidings 0.1.0 (schema ${version}), and no release reads it. Nothing was changed.`,
    { fix: UNRELEASED_FIX },
  );
}

/** CHANGELOG.md tells it step by step. */
const UNRELEASED_FIX =
  'Start with a new data folder or schema, and bring the leads and suppressions over as files: CHANGELOG.md, "Data from before 0.1.0", says how.';

/** For whoever goes on running: whether a newer Tidings has moved the database on, beyond what this version can use. */
export async function isOutdated(ledger: Reader): Promise<boolean> {
  const row = await ledger.get<{ oldest: number }>(
    'SELECT coalesce(max(oldest_code), 0) AS oldest FROM schema_migrations',
  );
  return row!.oldest > NEWEST;
}

const IS_MADE = byDialect({
  sqlite: "SELECT 1 AS found FROM sqlite_master WHERE name = 'schema_migrations'",
  // `to_regclass` answers out of a cache: to whoever waited for the one that makes the tables, they would not be there.
  postgres: `SELECT 1 AS found FROM pg_catalog.pg_tables
    WHERE schemaname = current_schema() AND tablename = 'schema_migrations'`,
});

/** null: there are no tables yet. */
async function versionOf(reader: Reader): Promise<number | null> {
  if (!(await reader.get(IS_MADE(reader)))) return null;
  const row = await reader.get<{ version: number }>(
    'SELECT coalesce(max(version), 0) AS version FROM schema_migrations',
  );
  return row!.version;
}
