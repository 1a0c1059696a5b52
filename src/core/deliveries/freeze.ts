import type { Transaction } from '../../ledger/ledger.ts';
import { CHANNELS, type ChannelName } from '../channel.ts';
import { addToTotals, chunkAt, NO_CHANGE } from '../sends/chunk.store.ts';
import type { SendRow } from '../sends/send.store.ts';
import { joinSuppression } from '../suppressions/suppression.ts';
import { isUtilitySend } from './purpose.ts';

/** What stands in the way of messaging lead `l` (null: nothing), as SQL over the suppression `x`. */
export function skipReason(channel: ChannelName): string {
  const { given, key, missing, invalid } = CHANNELS[channel];
  return `CASE
    WHEN l.deleted_at IS NOT NULL THEN 'lead_deleted'
    WHEN l.${given} IS NULL THEN '${missing}'
    WHEN l.${key} IS NULL THEN '${invalid}'
    WHEN x.reason IS NOT NULL THEN x.reason
    END`;
}

/**
 * A send reaches each contact by one row only, whatever the leads do meanwhile: of several leads with one contact the
 * first gets the message. So a contact is taken when another row that is not skipped holds it. INDEXED BY, because
 * SQLite without statistics would rather walk the whole send for each row.
 */
export function taken(contact: string, position: string): string {
  return `EXISTS (SELECT 1 FROM deliveries o INDEXED BY deliveries_by_contact
    WHERE o.send_seq = ? AND o.contact = ${contact} AND o.position <> ${position} AND o.status <> 'skipped')`;
}

/** Members of an audience, with what stands in the way of each. Parameters: channel, audience, first and last position. */
export function candidates(channel: ChannelName, isUtility: boolean): string {
  const { key } = CHANNELS[channel];
  return `SELECT m.position, m.lead_seq, l.${key} AS contact, ${skipReason(channel)} AS reason
    FROM audience_members m
    JOIN leads l ON l.seq = m.lead_seq
    ${joinSuppression(channel, `l.${key}`, isUtility)}
    WHERE m.audience_seq = ? AND m.position BETWEEN ? AND ?`;
}

/**
 * Makes the delivery rows of the next `count` members. One transaction, in which nobody else makes rows of this send
 * ({@link lockSend}); the place reached is kept with it.
 * @returns whether rows are left to make.
 */
export async function freezeRows(tx: Transaction, send: SendRow, count: number): Promise<boolean> {
  if (send.frozen_through >= send.total) return false;
  const first = send.frozen_through + 1;
  const chunk = (await chunkAt(tx, send.seq, first))!;
  const last = Math.min(send.frozen_through + count, chunk.last_position);
  await tx.run(
    `INSERT INTO deliveries (send_seq, position, lead_seq, contact, status, error_code)
     SELECT CAST(? AS BIGINT), position, lead_seq, contact,
       CASE WHEN reason IS NULL THEN 'pending' ELSE 'skipped' END, reason FROM (
       SELECT position, lead_seq, contact, CASE
         WHEN reason IS NOT NULL THEN reason
         WHEN row_number() OVER (PARTITION BY contact, reason IS NULL ORDER BY position) > 1 THEN 'duplicate_contact'
         WHEN ${taken('c.contact', 'c.position')} THEN 'duplicate_contact'
         END AS reason
       FROM (
         ${candidates(send.channel, await isUtilitySend(tx, send))}) c) r`,
    send.seq,
    send.seq,
    send.channel,
    send.audience_seq,
    first,
    last,
  );
  const { skipped } = (await tx.get<{ skipped: number }>(
    "SELECT count(*) AS skipped FROM deliveries WHERE send_seq = ? AND position BETWEEN ? AND ? AND status = 'skipped'",
    send.seq,
    first,
    last,
  ))!;
  if (skipped > 0) await addToTotals(tx, chunk, { ...NO_CHANGE, skipped });
  await tx.run('UPDATE sends SET frozen_through = ? WHERE seq = ?', last, send.seq);
  return last < send.total;
}
