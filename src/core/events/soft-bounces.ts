import type { Reader } from '../../ledger/ledger.ts';

/** Nobody is given up for less: a mailbox may be full for a holiday, a server away for some days. */
const IN_A_ROW = 5;
const OVER_MS = 7 * 24 * 60 * 60_000;
/** Enough for one message an hour over that time. */
const MOST_IN_A_ROW = 200;
const SENDS_LOOKED_AT = 500;

export const SOFT_BOUNCE = 'bounce_soft';

/** How many messages came back softly, and since when, as milliseconds since 1970. */
export interface SoftBounces {
  readonly count: number;
  readonly sinceMs: number;
}

/**
 * Whether what came back softly is one too many of a contact: five in a row, over seven days, with nothing between that
 * stayed there. Asked for the newest of them; messages that were sent after it may still come back, and say nothing yet.
 * Those before a person lifted a suppression for bounces do not count.
 * @returns null: not yet
 */
export async function tooManySoftBounces(
  reader: Reader,
  contact: string,
  sendSeq: number,
): Promise<SoftBounces | null> {
  // Mostly these say it: one that stayed is among them.
  if ((await softInARow(reader, contact, sendSeq, IN_A_ROW)).length < IN_A_ROW) return null;
  const liftedMs = await liftedAt(reader, contact);
  const times = (await softInARow(reader, contact, sendSeq, MOST_IN_A_ROW)).filter((at) => at > liftedMs);
  const [sinceMs, lastMs] = [Math.min(...times), Math.max(...times)];
  return times.length >= IN_A_ROW && lastMs - sinceMs >= OVER_MS ? { count: times.length, sinceMs } : null;
}

/** When each came back, the newest message first, up to the one that stayed. */
async function softInARow(reader: Reader, contact: string, sendSeq: number, most: number): Promise<number[]> {
  const rows = await reader.all<{ status: string; at: number }>(
    `SELECT d.status, coalesce(r.bounced_at, 0) AS at
     FROM (SELECT seq FROM sends WHERE seq <= ? AND channel = 'email' AND mode = 'live'
       ORDER BY seq DESC LIMIT ${SENDS_LOOKED_AT}) s
     JOIN deliveries d INDEXED BY deliveries_by_contact ON d.send_seq = s.seq AND d.contact = ?
     LEFT JOIN receipts r ON r.send_seq = d.send_seq AND r.position = d.position
     WHERE d.status = 'sent' OR (d.status = 'failed' AND d.error_code = '${SOFT_BOUNCE}')
     ORDER BY s.seq DESC LIMIT ?`,
    sendSeq,
    contact,
    most,
  );
  const stayed = rows.findIndex(({ status }) => status === 'sent');
  return rows.slice(0, stayed < 0 ? rows.length : stayed).map(({ at }) => at);
}

/** Who was let in again by a person begins anew. */
async function liftedAt(reader: Reader, contact: string): Promise<number> {
  const { ended } = (await reader.get<{ ended: string | null }>(
    "SELECT max(ended_at) AS ended FROM suppression_history WHERE contact = ? AND channel = 'email' AND reason = 'bounced'",
    contact,
  ))!;
  return ended === null ? 0 : Date.parse(ended);
}
