import type { Reader, Transaction } from '../../ledger/ledger.ts';
import type { ChannelName } from '../channel.ts';
import { findErased } from './erased-contact.ts';
import type { SuppressionReason } from './suppression.ts';

export interface SuppressionRow {
  readonly channel: ChannelName;
  readonly contact: string;
  readonly reason: SuppressionReason;
  readonly created_at: string;
  /** Where it comes from, such as a column of a file. */
  readonly source: string | null;
}

/** A suppression that no longer holds: who lifted it and when, or what took its place. */
export interface PastSuppressionRow extends SuppressionRow {
  readonly seq: number;
  readonly ended_at: string;
  readonly ended_by: string;
}

/** The later one weighs more: what a person said counts for more than what a mailbox did. */
const WEIGHTS: Readonly<Record<string, number>> = {
  not_opted_in: 0,
  bounced: 1,
  unsubscribed: 2,
  opted_out: 3,
  complained: 4,
};

/**
 * Keeps a contact from being messaged. One that is suppressed already stays so, for the weightier reason; the other one
 * becomes history. Of a person who was erased only the hash is written.
 */
export async function suppress(
  tx: Transaction,
  channel: ChannelName,
  given: string,
  reason: string,
  source: string | null = null,
): Promise<void> {
  const contact = (await findErased(tx, given)) ?? given;
  const before = await tx.get<SuppressionRow>(
    'SELECT * FROM suppressions WHERE channel = ? AND contact = ?',
    channel,
    contact,
  );
  if (before && (WEIGHTS[reason] ?? 0) <= (WEIGHTS[before.reason] ?? 0)) return;
  if (before) await endSuppression(tx, before, reason);
  await tx.run(
    'INSERT INTO suppressions (channel, contact, reason, created_at, source) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    channel,
    contact,
    reason,
    new Date().toISOString(),
    source,
  );
}

/** The suppression of a contact, also of a person who was erased. */
export async function findSuppression(
  reader: Reader,
  channel: ChannelName,
  contact: string,
): Promise<SuppressionRow | undefined> {
  const select = 'SELECT * FROM suppressions WHERE channel = ? AND contact = ?';
  const found = await reader.get<SuppressionRow>(select, channel, contact);
  if (found) return found;
  const hash = await findErased(reader, contact);
  return hash === null ? undefined : reader.get<SuppressionRow>(select, channel, hash);
}

/** Never just deleted: what held, until when and by whom stays. */
export async function endSuppression(tx: Transaction, row: SuppressionRow, by: string): Promise<void> {
  await tx.run('DELETE FROM suppressions WHERE channel = ? AND contact = ?', row.channel, row.contact);
  await tx.run(
    `INSERT INTO suppression_history (channel, contact, reason, created_at, ended_at, ended_by, source)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    row.channel,
    row.contact,
    row.reason,
    row.created_at,
    new Date().toISOString(),
    by,
    row.source,
  );
}

/** Newest first. */
export function listHistory(
  reader: Reader,
  contacts: readonly string[],
  beforeSeq: number,
  limit: number,
): Promise<PastSuppressionRow[]> {
  const only = contacts.length === 0 ? '' : `AND contact IN (${contacts.map(() => '?').join(', ')})`;
  return reader.all<PastSuppressionRow>(
    `SELECT * FROM suppression_history WHERE seq < ? ${only} ORDER BY seq DESC LIMIT ?`,
    beforeSeq,
    ...contacts,
    limit,
  );
}
