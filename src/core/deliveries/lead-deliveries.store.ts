import { setImmediate as yieldTurn } from 'node:timers/promises';
import type { Reader } from '../../ledger/ledger.ts';
import type { ReportedRow } from './delivery-report.store.ts';

export interface LeadDeliveryRow extends Omit<ReportedRow, 'lead_id' | 'name'> {
  send_seq: number;
  send_id: string;
  campaign: string;
  channel: string;
  mode: 'sandbox' | 'live';
  subject: string | null;
  /** The beginning of the text, as it was written. */
  message: string;
  created_at: string;
}

const SENDS_AT_ONCE = 100;
/** Sends looked at for one answer: some 20 rows of each, in a data file about a tenth of a second. */
const SENDS_LOOKED_AT = 2_000;
const MESSAGE_SHOWN = 200;

/**
 * Positions are in the order of the leads' numbers and without gaps: halving finds a lead in a send of a million by some
 * twenty rows, in many sends by one statement, and no index has to be kept for it while messages leave.
 */
const FIND = `WITH RECURSIVE
  place (send_seq, low, high) AS (
    SELECT seq, CAST(1 AS BIGINT), coalesce((SELECT max(d.position) FROM deliveries d WHERE d.send_seq = s.seq), 0)
    FROM (SELECT seq FROM sends WHERE seq < ? AND seq > ?) s
    UNION ALL
    SELECT p.send_seq, CASE WHEN d.lead_seq < ? THEN d.position + 1 ELSE p.low END,
      CASE WHEN d.lead_seq < ? THEN p.high ELSE d.position END
    FROM place p JOIN deliveries d ON d.send_seq = p.send_seq AND d.position = (p.low + p.high) / 2
    WHERE p.low < p.high)
  SELECT s.seq AS send_seq, s.id AS send_id, s.campaign, s.channel, s.mode, s.subject,
    substr(s.message, 1, ${MESSAGE_SHOWN + 1}) AS message, s.created_at,
    d.position, d.contact, d.status, d.attempts, d.error_code, d.error, d.provider_said, d.provider_message_id, d.sent_at
  FROM place p
  JOIN deliveries d ON d.send_seq = p.send_seq AND d.position = p.low AND d.lead_seq = ?
  JOIN sends s ON s.seq = p.send_seq
  WHERE p.low = p.high ORDER BY s.seq DESC LIMIT ?`;

/**
 * What was, or is to be, sent to a lead, the newest send first, from the sends before `beforeSeq`.
 * @returns `next`: the send to go on before, null when all were looked at
 */
export async function deliveriesOfLead(
  reader: Reader,
  leadSeq: number,
  beforeSeq: number,
  limit: number,
): Promise<{ rows: LeadDeliveryRow[]; next: number | null }> {
  const newest = await reader.get<{ seq: number | null }>(
    'SELECT max(seq) AS seq FROM sends WHERE seq < ?',
    beforeSeq,
  );
  const rows: LeadDeliveryRow[] = [];
  let before = Math.min(beforeSeq, (newest?.seq ?? 0) + 1);
  const end = Math.max(1, before - SENDS_LOOKED_AT);
  while (before > end) {
    const after = Math.max(end, before - SENDS_AT_ONCE) - 1;
    const wanted = limit - rows.length;
    const found = await reader.all<LeadDeliveryRow>(
      FIND,
      before,
      after,
      leadSeq,
      leadSeq,
      leadSeq,
      wanted + 1,
    );
    rows.push(...found.slice(0, wanted));
    if (found.length > wanted) return { rows, next: rows.at(-1)!.send_seq };
    before = after + 1;
    await yieldTurn();
  }
  return { rows, next: before > 1 ? before : null };
}

/** A text longer than is shown. */
export function shownMessage(message: string): string {
  return message.length > MESSAGE_SHOWN ? `${message.slice(0, MESSAGE_SHOWN - 1).toWellFormed()}…` : message;
}
