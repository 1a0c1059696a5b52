import type { Transaction } from '../../ledger/ledger.ts';
import { CHANNELS } from '../channel.ts';
import { heldBackSince } from '../conversations/window.ts';
import { addToTotals, NO_CHANGE } from '../sends/chunk.store.ts';
import { lockSend } from '../sends/send.store.ts';
import { joinSuppression } from '../suppressions/suppression.ts';
import { DELIVERY_TRANSITIONS, stepSql } from './delivery.ts';
import { skipReason, taken } from './freeze.ts';
import { isUtilitySend } from './purpose.ts';

export type Retry = 'failed' | 'unknown' | 'skipped';

/** For whom the provider held marketing back: to try again within a day only prolongs it. */
const HELD_BACK =
  'EXISTS (SELECT 1 FROM conversations v WHERE v.sender = ? AND v.contact = d.contact AND v.held_back_at > ?)';

/**
 * Puts up to `count` settled rows after `afterPosition` back to pending, with the contact that the lead has now.
 * A skipped row only returns when nothing stands in its way any more. What an attempt at another contact may still
 * have to say is then about that one: the number of the attempt moves on.
 * @returns the last position looked at, or null when there was none left.
 */
export async function requeue(
  tx: Transaction,
  sendSeq: number,
  retry: Retry,
  afterPosition: number,
  count: number,
): Promise<{ last: number; moved: number } | null> {
  const send = (await lockSend(tx, sendSeq))!;
  const { key } = CHANNELS[send.channel];
  const isUtility = await isUtilitySend(tx, send);
  const event = `requeue_${retry}` as const;
  const { set, where } = stepSql(event);
  const status = DELIVERY_TRANSITIONS[event].from;
  const rows = await tx.all<{
    position: number;
    number: number;
    contact: string | null;
    reason: string | null;
  }>(
    `SELECT d.position, c.number, l.${key} AS contact, ${skipReason(send.channel)} AS reason
     FROM deliveries d
     JOIN leads l ON l.seq = d.lead_seq
     JOIN chunks c ON c.send_seq = d.send_seq AND d.position BETWEEN c.first_position AND c.last_position
     ${joinSuppression(send.channel, `l.${key}`, isUtility)}
     WHERE d.send_seq = ? AND ${stepSql(event, 'd.').where} AND d.position > ? AND NOT ${HELD_BACK}
     ORDER BY d.position LIMIT ?`,
    send.channel,
    sendSeq,
    afterPosition,
    send.sender,
    isUtility ? Number.MAX_SAFE_INTEGER : heldBackSince(Date.now()),
    count,
  );
  const moved = new Map<number, number>();
  for (const { position, number, contact, reason } of rows) {
    if (reason !== null) continue;
    // The same condition again: a late answer may have said meanwhile what was unknown.
    const changed = await tx.run(
      `UPDATE deliveries SET ${set}, contact = ?, retries = 0, retry_at = 0,
         attempts = attempts + CASE WHEN contact = ? THEN 0 ELSE 1 END
       WHERE send_seq = ? AND position = ? AND ${where} AND NOT ${taken('?', '?')}`,
      contact,
      contact,
      sendSeq,
      position,
      sendSeq,
      contact,
      position,
    );
    moved.set(number, (moved.get(number) ?? 0) + changed);
  }
  let total = 0;
  for (const [number, some] of moved) {
    total += some;
    const unknown = retry === 'unknown' ? -some : 0;
    await addToTotals(tx, { send_seq: sendSeq, number }, { ...NO_CHANGE, unknown, [status]: -some });
  }
  const last = rows.at(-1)?.position;
  return last === undefined ? null : { last, moved: total };
}
