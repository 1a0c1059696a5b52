import type { Reader } from '../../src/ledger/ledger.ts';

/** What is wrong with the chunks when everything has come to its end: counts that are not those of their rows, holders. */
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
  const wrong = rows.flatMap((row) => {
    const name = `chunk ${row.send_seq}/${row.number}`;
    const told = KINDS.filter((kind) => row[kind] !== row[`rows_${kind}`]).map(
      (kind) => `${name} says ${kind} ${row[kind]}, its rows ${row[`rows_${kind}`]}`,
    );
    if (row.members !== row.rows_made) told.push(`${name} has ${row.rows_made} rows for ${row.members}`);
    if (row.holder !== null) told.push(`${name} is held by ${row.holder}`);
    return told;
  });
  return [...wrong, ...(await wrongErrors(reader))];
}

/** Errors of which the kept count is not that of the rows. */
async function wrongErrors(reader: Reader): Promise<string[]> {
  const rows = await reader.all<{ send_seq: number; status: string; code: string; missing: number }>(
    `SELECT send_seq, status, code, CAST(sum(n) AS BIGINT) AS missing FROM (
       SELECT send_seq, CASE status WHEN 'sending' THEN 'pending' ELSE status END AS status, error_code AS code, 1 AS n
       FROM deliveries WHERE error_code IS NOT NULL AND status <> 'sent'
       UNION ALL SELECT send_seq, status, code, -count FROM delivery_errors) told
     GROUP BY send_seq, status, code HAVING sum(n) <> 0`,
  );
  return rows.map(
    ({ send_seq, status, code, missing }) =>
      `send ${send_seq}: ${missing} too few are counted as ${status} ${code}`,
  );
}

const KINDS = ['in_flight', 'sent', 'failed', 'unknown', 'skipped'] as const;
type Totals = Record<(typeof KINDS)[number] | `rows_${(typeof KINDS)[number]}`, number> & {
  members: number;
  rows_made: number;
};
