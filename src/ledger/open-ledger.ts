import { join } from 'node:path';
import type { Ledger } from './ledger.ts';
import { NoLedger, type Opening } from './migrate.ts';

export interface OpeningOptions {
  readonly opening?: Opening;
  /** Hears that a ledger was made, or that there is none to look at. */
  readonly tell?: (what: string) => void;
}

/**
 * The database that the configuration names. A driver is loaded when it is used. With `existing`, where there is none
 * yet, an empty one in memory answers, so that a look makes nothing.
 * @throws TidingsError `configuration` when it cannot be used, or is from another version.
 */
export async function openLedger(
  config: { dataDir: string; databaseUrl: string | null },
  { opening = 'migrate', tell = () => {} }: OpeningOptions = {},
): Promise<Ledger> {
  const onMade = (place: string) => tell(`New data is kept in ${place}.`);
  try {
    if (config.databaseUrl !== null) {
      const { openPostgres } = await import('./postgres/open-postgres.ts');
      return await openPostgres(config.databaseUrl, { opening, onMade });
    }
    const { openSqlite } = await import('./sqlite/open-sqlite.ts');
    return await openSqlite(join(config.dataDir, 'tidings.db'), { opening, onMade });
  } catch (error) {
    if (!(error instanceof NoLedger)) throw error;
    tell(error.message);
    const { openSqlite } = await import('./sqlite/open-sqlite.ts');
    return openSqlite(':memory:');
  }
}
