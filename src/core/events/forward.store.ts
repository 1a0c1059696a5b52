import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { findMark, setMark } from '../../ledger/marks.ts';
import { FOLDED, FORWARDED } from './event.store.ts';
import type { ListedEventRow } from './list-events.store.ts';

/** Until when nobody else passes anything on: somebody does, or the other side does not answer. */
const RESTS = 'events_forward_rests';

export interface Forwardable {
  readonly rows: readonly ListedEventRow[];
  /** The mark that they go on from. */
  readonly after: number;
}

/**
 * Takes the next events that have had their effect, for one process at a time; who dies with them is followed after
 * `leaseMs`. Begins with what comes in after it was first asked. null: not now, or there are none.
 */
export async function takeForwardable(
  tx: Transaction,
  nowMs: number,
  leaseMs: number,
  limit: number,
): Promise<Forwardable | null> {
  if (Number((await findMark(tx, RESTS)) ?? 0) > nowMs) return null;
  const folded = Number((await findMark(tx, FOLDED)) ?? 0);
  const mark = await findMark(tx, FORWARDED);
  if (mark === null) {
    await setMark(tx, FORWARDED, String(folded));
    return null;
  }
  const after = Number(mark);
  const rows = await tx.all<ListedEventRow>(
    `SELECT e.*, s.id AS send_id, l.id AS lead_id FROM events e
     LEFT JOIN sends s ON s.seq = e.send_seq LEFT JOIN leads l ON l.seq = e.lead_seq
     WHERE e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ?`,
    after,
    folded,
    limit,
  );
  if (rows.length === 0) return null;
  await setMark(tx, RESTS, String(nowMs + leaseMs));
  return { rows, after };
}

/** They have arrived; unless another process was faster. */
export async function noteForwarded(tx: Transaction, { rows, after }: Forwardable): Promise<void> {
  if (Number((await findMark(tx, FORWARDED)) ?? 0) !== after) return;
  await setMark(tx, FORWARDED, String(rows.at(-1)!.seq));
  await setMark(tx, RESTS, '0');
}

export function restForwarding(tx: Transaction, untilMs: number): Promise<void> {
  return setMark(tx, RESTS, String(untilMs));
}

/** Cheap: whether there may be something to pass on. */
export async function anyForwardable(reader: Reader): Promise<boolean> {
  const mark = await findMark(reader, FORWARDED);
  if (mark === null) return true;
  const sql = 'SELECT 1 AS found FROM events WHERE seq > ? LIMIT 1';
  return (await reader.get(sql, Number(mark))) !== undefined;
}
