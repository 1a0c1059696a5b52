import type { Reader } from '../../../ledger/ledger.ts';
import { nextOfRows } from './numbered-rows.ts';
import type { Selection } from './selection.ts';

/** The first lead behind `after` that can be one of a selection; null: there is none. Spans without any are passed over. */
export async function nextLead(reader: Reader, selection: Selection, after: number): Promise<number | null> {
  const { source } = selection;
  if (source === null) return after + 1;
  if (source.kind === 'rows') return nextOfRows(reader, source, after);
  if (source.kind === 'leads') {
    const marks = source.ids.map(() => '?').join(', ');
    return smallest(reader, `SELECT min(seq) AS seq FROM leads WHERE id IN (${marks}) AND seq > ?`, [
      ...source.ids,
      after,
    ]);
  }
  const found: number[] = [];
  for (const seq of source.seqs) {
    for (const sql of [
      'SELECT seq FROM leads WHERE import_seq = ? AND seq > ? ORDER BY seq LIMIT 1',
      'SELECT lead_seq AS seq FROM import_leads WHERE import_seq = ? AND lead_seq > ? ORDER BY lead_seq LIMIT 1',
    ]) {
      const first = await smallest(reader, sql, [seq, after]);
      if (first !== null) found.push(first);
    }
  }
  return found.length === 0 ? null : Math.min(...found);
}

async function smallest(
  reader: Reader,
  sql: string,
  parameters: (string | number)[],
): Promise<number | null> {
  const row = await reader.get<{ seq: number | null }>(sql, ...parameters);
  return row?.seq ?? null;
}
