import { PLACE_HOLD } from '../../core/holds/hold.ts';
import type { Ledger } from '../ledger.ts';

/**
 * Which tables of which server these are. A dump that is restored makes new ones, with other numbers, and so does a
 * copy of the database: that is how a restored ledger is told from the one that it was taken of. A server that was
 * brought to another version, or is a copy of the whole server file by file, keeps the numbers.
 */
const HERE = `SELECT concat_ws('/',
    CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
      THEN (SELECT system_identifier FROM pg_control_system()) END,
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    CAST(CAST('leases' AS regclass) AS oid)) AS here`;

/** Notes where the ledger is at home, and holds it when it was at home somewhere else before: it was restored. */
export async function holdIfRestored(ledger: Ledger): Promise<void> {
  const { here } = (await ledger.get<{ here: string }>(HERE))!;
  const known = await ledger.get<{ holder: string }>("SELECT holder FROM leases WHERE name = 'home'");
  if (known?.holder === here) return;
  await ledger.write(async (tx) => {
    const before = await tx.get<{ holder: string }>("SELECT holder FROM leases WHERE name = 'home'");
    await tx.run(
      `INSERT INTO leases (name, holder, fence, beat) VALUES ('home', ?, 1, 0)
       ON CONFLICT (name) DO UPDATE SET holder = excluded.holder`,
      here,
    );
    if (before !== undefined && before.holder !== here) await tx.run(PLACE_HOLD, '');
  });
}
