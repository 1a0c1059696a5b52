import { join } from 'node:path';
import { counted } from '../../amounts.ts';
import { findHold } from '../../core/holds/hold.ts';
import { NoLedger } from '../../ledger/migrate.ts';
import { openSqlite } from '../../ledger/sqlite/open-sqlite.ts';
import { tryToMakeIn } from '../../private-files.ts';
import type { Check } from './check.ts';
import { bad, checkHold, failed, good } from './check.ts';

export async function checkDataFile(folder: string): Promise<Check[]> {
  const file = join(folder, 'tidings.db');
  try {
    const ledger = await openSqlite(file, { opening: 'existing' });
    try {
      await ledger.write(async (tx) => {
        await tx.run("INSERT INTO marks (name, value) VALUES ('doctor', 'was here') ON CONFLICT DO NOTHING");
        await tx.run("DELETE FROM marks WHERE name = 'doctor'");
      });
      const leads = await ledger.get<{ n: number }>(
        'SELECT count(*) AS n FROM leads WHERE deleted_at IS NULL',
      );
      const database = good('database', `${file} can be written; ${counted(leads!.n, 'lead')}`);
      return [database, ...checkHold(await findHold(ledger))];
    } finally {
      await ledger.close();
    }
  } catch (error) {
    return [error instanceof NoLedger ? checkNewFolder(folder) : failed('database', error)];
  }
}

/** A look makes no data folder, and finds out whether it could be made. */
function checkNewFolder(folder: string): Check {
  try {
    tryToMakeIn(folder);
    return good('database', `there is no data yet at ${folder}; what stores something first makes it`);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const fix = 'Set TIDINGS_DATA_DIR to a folder that this user can write.';
    return bad('database', `the data folder ${folder} cannot be made (${why})`, fix);
  }
}
