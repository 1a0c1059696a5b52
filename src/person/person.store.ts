import { setImmediate as yieldTurn } from 'node:timers/promises';
import { LEAD_COLUMNS, type LeadRow } from '../core/leads/lead.ts';
import type { Reader } from '../ledger/ledger.ts';

/** Leads with a contact: by email there is one at most, but a phone may be shared by many. */
export async function leadsWith(reader: Reader, contact: string): Promise<LeadRow[]> {
  const column = contact.includes('@') ? 'email_key' : 'phone_key';
  return reader.all<LeadRow>(
    `SELECT ${LEAD_COLUMNS} FROM leads l WHERE l.${column} = ? AND l.deleted_at IS NULL ORDER BY l.seq`,
    contact,
  );
}

export interface SendPlace {
  readonly seq: number;
  readonly id: string;
  /** Rows are made up to here. */
  readonly frozen_through: number;
}

const SENDS_AT_ONCE = 50;

/** All sends up to one, oldest first. Others get a turn in between. */
export async function* sendsThrough(reader: Reader, throughSeq: number): AsyncGenerator<SendPlace> {
  for (let after = 0; ; ) {
    const sends = await reader.all<SendPlace>(
      'SELECT seq, id, frozen_through FROM sends WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?',
      after,
      throughSeq,
      SENDS_AT_ONCE,
    );
    yield* sends;
    if (sends.length < SENDS_AT_ONCE) return;
    after = sends.at(-1)!.seq;
    await yieldTurn();
  }
}

const ROW_OF = {
  deliveries: 'SELECT lead_seq FROM deliveries WHERE send_seq = ? AND position = ?',
  audience_members: 'SELECT lead_seq FROM audience_members WHERE audience_seq = ? AND position = ?',
};

/**
 * Where a lead stands in a send or an audience: positions are in the order of the leads' numbers and without gaps, so
 * that some twenty steps find it among a million, and no index has to be kept for it while messages leave.
 */
export async function positionOf(
  reader: Reader,
  table: keyof typeof ROW_OF,
  ownerSeq: number,
  count: number,
  leadSeq: number,
): Promise<number | null> {
  for (let low = 1, high = count; low <= high; ) {
    const position = Math.floor((low + high) / 2);
    const found = await reader.get<{ lead_seq: number }>(ROW_OF[table], ownerSeq, position);
    if (found === undefined) return null;
    if (found.lead_seq === leadSeq) return position;
    if (found.lead_seq < leadSeq) low = position + 1;
    else high = position - 1;
  }
  return null;
}

/** Positions in a send that belong to one of the leads, or went to one of the contacts; ascending. */
export async function positionsIn(
  reader: Reader,
  send: SendPlace,
  leads: Iterable<number>,
  contacts: Iterable<string>,
): Promise<number[]> {
  const positions = new Set<number>();
  for (const lead of leads) {
    const position = await positionOf(reader, 'deliveries', send.seq, send.frozen_through, lead);
    if (position !== null) positions.add(position);
  }
  for (const contact of contacts) {
    const rows = await reader.all<{ position: number }>(
      'SELECT position FROM deliveries INDEXED BY deliveries_by_contact WHERE send_seq = ? AND contact = ?',
      send.seq,
      contact,
    );
    for (const { position } of rows) positions.add(position);
  }
  return [...positions].sort((one, other) => one - other);
}
