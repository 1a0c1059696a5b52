import type { Reader } from '../../../ledger/ledger.ts';
import type { Bounds } from './leaf-sql.ts';
import type { Leaf } from './node.ts';

type Rows = Leaf & { kind: 'rows' };

/** Where the leads of a span stand among numbered rows: without this, each span would read them all. */
export async function boundsOf(
  reader: Reader,
  leaves: readonly Leaf[],
  after: number,
  through: number,
): Promise<Bounds> {
  const bounds = new Map<Leaf, readonly [number, number]>();
  for (const leaf of leaves) {
    if (leaf.kind !== 'rows') continue;
    const first = await firstBehind(reader, leaf, after);
    bounds.set(leaf, [first, (await firstBehind(reader, leaf, through)) - 1]);
  }
  return bounds;
}

/** The position of the first row whose lead stands behind `seq`; found by halves. */
async function firstBehind(reader: Reader, leaf: Rows, seq: number): Promise<number> {
  const { table, by } = leaf.of;
  const last = await reader.get<{ position: number }>(
    `SELECT position FROM ${table} WHERE ${by} = ? ORDER BY position DESC LIMIT 1`,
    leaf.seq,
  );
  let low = 1;
  let high = (last?.position ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await reader.get<{ lead_seq: number }>(
      `SELECT lead_seq FROM ${table} WHERE ${by} = ? AND position = ?`,
      leaf.seq,
      middle,
    );
    if (row !== undefined && row.lead_seq > seq) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The first lead behind `seq` that has such a row; null: there is none. */
export async function nextOfRows(reader: Reader, leaf: Rows, seq: number): Promise<number | null> {
  const row = await reader.get<{ lead_seq: number }>(
    `SELECT lead_seq FROM ${leaf.of.table} WHERE ${leaf.of.by} = ? AND position = ?`,
    leaf.seq,
    await firstBehind(reader, leaf, seq),
  );
  return row?.lead_seq ?? null;
}
