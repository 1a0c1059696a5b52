import type { Reader } from '../../ledger/ledger.ts';
import type { ChannelName } from '../channel.ts';
import { RECEIPT_COLUMNS, type Stamps } from '../deliveries/receipt.store.ts';
import type { EventRow } from './event.store.ts';

type Nullable<T> = { readonly [Key in keyof T]: T[Key] | null };

/** An event with all that its effect depends on. */
export interface UnfoldedRow extends EventRow, Nullable<Stamps> {
  /** Of the delivery that it is about; null: it is about none, or nothing was told of that yet. */
  readonly channel: ChannelName | null;
  readonly send_id: string | null;
  readonly status: string | null;
  readonly attempts: number | null;
  readonly delivered_to: string | null;
  readonly told_attempt: number | null;
  readonly told_code: string | null;
}

/** In the order in which they came, those behind `afterSeq`. */
export function listUnfolded(reader: Reader, afterSeq: number, limit: number): Promise<UnfoldedRow[]> {
  return reader.all<UnfoldedRow>(
    `SELECT e.*, s.channel, s.id AS send_id, d.status, d.attempts, d.contact AS delivered_to,
       r.attempt AS told_attempt, r.code AS told_code, ${RECEIPT_COLUMNS}
     FROM events e
     LEFT JOIN sends s ON s.seq = e.send_seq
     LEFT JOIN deliveries d ON d.send_seq = e.send_seq AND d.position = e.position
     LEFT JOIN receipts r ON r.send_seq = e.send_seq AND r.position = e.position
     WHERE e.seq > ? ORDER BY e.seq LIMIT ?`,
    afterSeq,
    limit,
  );
}

/** The delivery that a contact answers: the newest that reached them before they wrote, or the one that they quote. */
export interface AnsweredRow {
  readonly send_seq: number;
  readonly position: number;
  readonly attempts: number;
  readonly lead_seq: number;
}

/** A reply to something older than this is a conversation of its own. */
const ANSWERS_WITHIN_MS = 7 * 24 * 60 * 60_000;
const SENDS_LOOKED_AT = 20;

export function findAnswered(
  reader: Reader,
  sender: string,
  contact: string,
  atMs: number,
  messageId: string | null,
): Promise<AnsweredRow | undefined> {
  // A provider's clock is by the second.
  const [first, last] =
    messageId === null ? [atMs - ANSWERS_WITHIN_MS, atMs + 1_000] : [0, Number.MAX_SAFE_INTEGER];
  return reader.get<AnsweredRow>(
    `SELECT d.send_seq, d.position, d.attempts, d.lead_seq
     FROM (SELECT seq FROM sends WHERE sender = ? ORDER BY seq DESC LIMIT ${SENDS_LOOKED_AT}) s
     JOIN deliveries d INDEXED BY deliveries_by_contact ON d.send_seq = s.seq AND d.contact = ?
     WHERE d.sent_at BETWEEN ? AND ? AND d.provider_message_id = coalesce(CAST(? AS TEXT), d.provider_message_id)
     ORDER BY d.sent_at DESC LIMIT 1`,
    sender,
    contact,
    first,
    last,
    messageId,
  );
}

/** Whether a contact chose otherwise after that time, as far as is written down. */
export async function choseLater(
  reader: Reader,
  contacts: readonly string[],
  type: 'opted_in' | 'opted_out',
  code: string,
  fromMs: number,
): Promise<boolean> {
  for (const contact of contacts) {
    const later = await reader.get(
      'SELECT 1 AS found FROM events WHERE contact = ? AND type = ? AND code = ? AND occurred_at >= ? LIMIT 1',
      contact,
      type,
      code,
      fromMs,
    );
    if (later) return true;
  }
  return false;
}
