import type { Reader } from '../../ledger/ledger.ts';

export const MAP_CELLS = 64;
/** Rows looked at in a cell: what the map costs is the same for a hundred leads and for a million. */
const LOOKED_AT = 8;

export type MapCell = {
  readonly first: number;
  readonly last: number;
  readonly looked: number;
  readonly sent: number;
  readonly failed: number;
  readonly skipped: number;
  readonly unknown: number;
};

interface LookedRow {
  readonly position: number;
  readonly status: string;
  readonly unknown: number;
}

/** The audience of a send in its order, in up to 64 pieces of one size; of each some rows, spread evenly. */
export async function readSendMap(reader: Reader, sendSeq: number, total: number): Promise<MapCell[]> {
  const cells = cellsOf(total);
  const positions = cells.flatMap(({ first, last }) => spread(first, last));
  if (positions.length === 0) return [];
  const marks = positions.map(() => '?').join(', ');
  const rows = await reader.all<LookedRow>(
    `SELECT position, status, CASE WHEN error_code = 'outcome_unknown' THEN 1 ELSE 0 END AS unknown
     FROM deliveries WHERE send_seq = ? AND position IN (${marks})`,
    sendSeq,
    ...positions,
  );
  const found = new Map(rows.map((row) => [row.position, row]));
  return cells.map(({ first, last }) => {
    const cell = { first, last, looked: 0, sent: 0, failed: 0, skipped: 0, unknown: 0 };
    for (const position of spread(first, last)) {
      const row = found.get(position);
      cell.looked += 1;
      if (row?.status === 'sent' || row?.status === 'failed' || row?.status === 'skipped')
        cell[row.status] += 1;
      if (row?.status === 'failed') cell.unknown += row.unknown;
    }
    return cell;
  });
}

function cellsOf(total: number): { first: number; last: number }[] {
  const cells = Math.min(MAP_CELLS, total);
  return Array.from({ length: cells }, (_, at) => ({
    first: Math.floor((at * total) / cells) + 1,
    last: Math.floor(((at + 1) * total) / cells),
  }));
}

function spread(first: number, last: number): number[] {
  const size = last - first + 1;
  const amount = Math.min(LOOKED_AT, size);
  return Array.from({ length: amount }, (_, at) => first + Math.floor((at * size) / amount));
}
