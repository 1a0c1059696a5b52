import type { Reader } from '../../ledger/ledger.ts';

/** A place of a send by email that goes somewhere. */
export interface Delivered {
  readonly sendId: string;
  readonly position: number;
  readonly mode: 'live' | 'sandbox';
  /** The address that it went to, or its hash. */
  readonly contact: string;
  /** The normalised number of the lead; null: it has none, or was erased. */
  readonly phone: string | null;
  /** When it was accepted, milliseconds since 1970; null: not yet, or nobody knows. */
  readonly sentAt: number | null;
}

/** @param deliveryId as `Attempt` has it: 32 digits of the send, and the position to the base of 36 */
export async function findDelivered(reader: Reader, deliveryId: string): Promise<Delivered | null> {
  const [send = '', place = ''] = deliveryId.split('.');
  const sendId = send.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const position = Number.parseInt(place, 36);
  const found = await reader.get<{
    mode: Delivered['mode'];
    contact: string | null;
    phone: string | null;
    sent_at: number | null;
  }>(
    `SELECT s.mode, d.contact, d.sent_at, l.phone_key AS phone FROM sends s JOIN deliveries d ON d.send_seq = s.seq
     JOIN leads l ON l.seq = d.lead_seq WHERE s.id = ? AND d.position = ? AND s.channel = 'email'`,
    sendId,
    position,
  );
  if (found === undefined || found.contact === null) return null;
  return {
    sendId,
    position,
    mode: found.mode,
    contact: found.contact,
    phone: found.phone,
    sentAt: found.sent_at,
  };
}
