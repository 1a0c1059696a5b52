import { join } from 'node:path';
import type { Ledger } from './ledger.ts';

/**
 * The database that the configuration names. A driver is loaded when it is used.
 * @throws TidingsError `configuration` when it cannot be used, or is from a newer version.
 */
export async function openLedger(config: { dataDir: string; databaseUrl: string | null }): Promise<Ledger> {
  if (config.databaseUrl !== null) {
    const { openPostgres } = await import('./postgres/open-postgres.ts');
    return openPostgres(config.databaseUrl);
  }
  const { openSqlite } = await import('./sqlite/open-sqlite.ts');
  return openSqlite(join(config.dataDir, 'tidings.db'));
}
