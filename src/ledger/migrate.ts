import { TidingsError } from '../core/errors.ts';
import type { Ledger } from './ledger.ts';
import { migrations } from './migrations.ts';

/** Brings a data file to this version, one numbered step after the other; never back. */
export async function migrate(ledger: Ledger): Promise<void> {
  const newest = migrations.length;
  if ((await currentVersion(ledger)) === newest) return;
  await ledger.write(async (tx) => {
    await tx.run(
      'CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)',
    );
    const row = await tx.get<{ version: number | null }>(
      'SELECT max(version) AS version FROM schema_migrations',
    );
    const version = row?.version ?? 0;
    if (version > newest) {
      throw new TidingsError(
        'configuration',
        `The data file is from a newer Tidings (schema ${version}; this one knows ${newest}).`,
        { fix: 'Run the newer Tidings, or restore a backup made before the upgrade.' },
      );
    }
    for (let next = version; next < newest; next++) {
      for (const statement of migrations[next]!) await tx.run(statement);
      await tx.run('INSERT INTO schema_migrations VALUES (?, ?)', next + 1, new Date().toISOString());
    }
  });
}

async function currentVersion(ledger: Ledger): Promise<number> {
  const table = await ledger.get("SELECT 1 AS found FROM sqlite_master WHERE name = 'schema_migrations'");
  if (!table) return 0;
  const row = await ledger.get<{ version: number | null }>(
    'SELECT max(version) AS version FROM schema_migrations',
  );
  return row?.version ?? 0;
}
