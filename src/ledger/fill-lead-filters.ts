import { FILTERED_KEYS, type MetadataColumns, metadataColumns } from '../core/leads/metadata.ts';
import type { Transaction } from './ledger.ts';

/** Rows held in memory at a time. */
const BATCH = 1_000;
const COLUMNS = ['metadata', ...FILTERED_KEYS] as const;

/**
 * Gives leads that are there already the columns that they are filtered by, and mends metadata that holds what only
 * JSON can write (half a character, NUL).
 */
export async function fillLeadFilters(tx: Transaction): Promise<void> {
  const holds = tx.dialect === 'postgres' ? 'strpos' : 'instr';
  const wanted = [...FILTERED_KEYS, '\\ud', '\\u0000'];
  const sql = `SELECT seq, metadata FROM leads
    WHERE seq > ? AND (${wanted.map((text) => `${holds}(metadata, '${text}') > 0`).join(' OR ')})
    ORDER BY seq LIMIT ${BATCH}`;
  let rows: { seq: number; metadata: string }[] = [];
  do {
    rows = await tx.all(sql, rows.at(-1)?.seq ?? 0);
    await store(tx, rows.flatMap(readRow));
  } while (rows.length === BATCH);
}

type Filled = MetadataColumns & { readonly seq: number };

/** What somebody wrote by hand and is no JSON stays as it is: it must not keep the whole ledger from its new version. */
function readRow({ seq, metadata }: { seq: number; metadata: string }): Filled[] {
  try {
    return [{ seq, ...metadataColumns(JSON.parse(metadata) as Record<string, unknown>) }];
  } catch {
    return [];
  }
}

async function store(tx: Transaction, rows: readonly Filled[]): Promise<void> {
  if (tx.dialect === 'postgres') {
    await tx.run(
      `UPDATE leads l SET ${COLUMNS.map((column) => `${column} = v.${column}`).join(', ')}
       FROM unnest(CAST(? AS BIGINT[]), ${COLUMNS.map(() => 'CAST(? AS TEXT[])').join(', ')})
         AS v (seq, ${COLUMNS.join(', ')}) WHERE l.seq = v.seq`,
      rows.map(({ seq }) => seq),
      ...COLUMNS.map((column) => rows.map((row) => row[column])),
    );
    return;
  }
  const sql = `UPDATE leads SET ${COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE seq = ?`;
  for (const row of rows) await tx.run(sql, ...COLUMNS.map((column) => row[column]), row.seq);
}
