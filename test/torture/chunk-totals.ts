import type { Reader } from '../../src/ledger/ledger.ts';

/** What is wrong with the chunks when everything has come to its end: totals that are not those of their rows, holders. */
export async function wrongChunks(reader: Reader): Promise<string[]> {
  const count = (test: string) => `CAST(count(CASE WHEN ${test} THEN 1 END) AS BIGINT)`;
  const rows = await reader.all<{ send_seq: number; number: number; holder: string | null } & Totals>(
    `SELECT c.send_seq, c.number, c.holder, c.last_position - c.first_position + 1 AS members,
       c.in_flight, c.sent, c.failed, c.unknown, c.skipped,
       CAST(count(*) AS BIGINT) AS rows_made,
       ${count("d.status = 'sending'")} AS rows_in_flight,
       ${count("d.status = 'sent'")} AS rows_sent,
       ${count("d.status = 'failed'")} AS rows_failed,
       ${count("d.error_code = 'outcome_unknown' AND d.status = 'failed'")} AS rows_unknown,
       ${count("d.status = 'skipped'")} AS rows_skipped
     FROM chunks c JOIN deliveries d
       ON d.send_seq = c.send_seq AND d.position BETWEEN c.first_position AND c.last_position
     GROUP BY c.send_seq, c.number ORDER BY c.send_seq, c.number`,
  );
  return rows.flatMap((row) => {
    const name = `chunk ${row.send_seq}/${row.number}`;
    const told = KINDS.filter((kind) => row[kind] !== row[`rows_${kind}`]).map(
      (kind) => `${name} says ${kind} ${row[kind]}, its rows ${row[`rows_${kind}`]}`,
    );
    if (row.members !== row.rows_made) told.push(`${name} has ${row.rows_made} rows for ${row.members}`);
    if (row.holder !== null) told.push(`${name} is held by ${row.holder}`);
    return told;
  });
}

const KINDS = ['in_flight', 'sent', 'failed', 'unknown', 'skipped'] as const;
type Totals = Record<(typeof KINDS)[number] | `rows_${(typeof KINDS)[number]}`, number> & {
  members: number;
  rows_made: number;
};
