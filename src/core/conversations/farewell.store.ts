import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { openSince } from './window.ts';

/** Who says STOP again within this is not told again. */
const ONCE_IN_MS = 24 * 60 * 60_000;

/**
 * A contact is to be told that their STOP was heard: nobody who was told within a day, nor anybody whose message opens no
 * window any more. In the transaction that suppresses them.
 */
export async function oweFarewell(
  tx: Transaction,
  sender: string,
  contact: string,
  language: string,
  nowMs: number,
): Promise<void> {
  await tx.run(
    `UPDATE conversations SET farewell = ? WHERE sender = ? AND contact = ? AND last_inbound_at > ?
       AND coalesce(farewell_at, 0) <= ?`,
    language,
    sender,
    contact,
    openSince(nowMs),
    nowMs - ONCE_IN_MS,
  );
}

export interface Farewell {
  readonly contact: string;
  readonly farewell: string;
}

export function listFarewells(reader: Reader, sender: string, limit: number): Promise<Farewell[]> {
  return reader.all<Farewell>(
    'SELECT contact, farewell FROM conversations WHERE sender = ? AND farewell IS NOT NULL ORDER BY contact LIMIT ?',
    sender,
    limit,
  );
}

/**
 * From here on it is this caller's, and nobody else's: whoever dies now leaves a contact who is not told, and none who is
 * told twice.
 * @returns whether the window is open; false also when another one was first
 */
export async function takeFarewell(
  tx: Transaction,
  sender: string,
  contact: string,
  nowMs: number,
): Promise<boolean> {
  const row = await tx.get<{ last_inbound_at: number }>(
    `UPDATE conversations SET farewell = NULL, farewell_at = ? WHERE sender = ? AND contact = ? AND farewell IS NOT NULL
     RETURNING last_inbound_at`,
    nowMs,
    sender,
    contact,
  );
  return row !== undefined && row.last_inbound_at > openSince(nowMs);
}

/** It has certainly not left, and may later. */
export async function giveBackFarewell(
  tx: Transaction,
  sender: string,
  { contact, farewell }: Farewell,
  takenAt: number,
): Promise<void> {
  await tx.run(
    'UPDATE conversations SET farewell = ?, farewell_at = NULL WHERE sender = ? AND contact = ? AND farewell_at = ?',
    farewell,
    sender,
    contact,
    takenAt,
  );
}
