import { join } from 'node:path';
import { findHold } from '../../core/holds/hold.ts';
import { openSqlite } from '../../ledger/sqlite/open-sqlite.ts';
import type { Check } from './check.ts';
import { checkHold, failed, good } from './check.ts';

export async function checkDataFile(folder: string): Promise<Check[]> {
  const file = join(folder, 'tidings.db');
  try {
    const ledger = await openSqlite(file);
    try {
      await ledger.write((tx) =>
        tx.run("INSERT INTO leases VALUES ('doctor', '', 1, 0) ON CONFLICT DO UPDATE SET beat = beat + 1"),
      );
      const leads = await ledger.get<{ n: number }>(
        'SELECT count(*) AS n FROM leads WHERE deleted_at IS NULL',
      );
      const database = good('database', `${file} can be written; ${leads!.n} leads`);
      return [database, ...checkHold(await findHold(ledger))];
    } finally {
      await ledger.close();
    }
  } catch (error) {
    return [failed('database', error)];
  }
}
