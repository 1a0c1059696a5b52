import type { Ledger } from '../ledger.ts';
import { findMark, HOLD, HOME, PLACE_MARK, setMark } from '../marks.ts';

/**
 * Which tables of which server these are. A dump that is restored makes new ones, with other numbers, and so does a
 * copy of the database: that is how a restored ledger is told from the one that it was taken of. A server that was
 * brought to another version, or is a copy of the whole server file by file, keeps the numbers.
 */
const HERE = `SELECT concat_ws('/',
    CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
      THEN (SELECT system_identifier FROM pg_control_system()) END,
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    CAST(CAST('marks' AS regclass) AS oid)) AS here`;

/** Notes where the ledger is at home, and holds it when it was at home somewhere else before: it was restored. */
export async function holdIfRestored(ledger: Ledger): Promise<void> {
  const { here } = (await ledger.get<{ here: string }>(HERE))!;
  if ((await findMark(ledger, HOME)) === here) return;
  await ledger.write(async (tx) => {
    const before = await findMark(tx, HOME);
    await setMark(tx, HOME, here);
    // Nobody knows when the copy was made.
    if (before !== null && before !== here) await tx.run(PLACE_MARK, HOLD, '');
  });
}
