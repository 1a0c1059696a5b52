import type { Transaction } from '../../ledger/ledger.ts';
import { addToTotals, chunkAt, NO_CHANGE } from '../sends/chunk.store.ts';
import { lockSend, reopen } from '../sends/send.store.ts';
import { stepSql } from './delivery.ts';

/**
 * A text that the provider took, and then could not deliver since the window of its recipient is closed, goes once more
 * as the template of its send: `failed → pending`. It did not arrive, the provider says so; a template that fails like
 * that does not come here.
 * @returns whether it does
 */
export async function goByTemplate(
  tx: Transaction,
  told: {
    readonly send_seq: number;
    readonly position: number;
    readonly attempt: number;
    readonly code: string;
  },
): Promise<boolean> {
  const { send_seq, position, attempt, code } = told;
  const chunk = await chunkAt(tx, send_seq, position);
  if (!chunk) return false;
  await tx.get(
    'SELECT 1 AS locked FROM chunks WHERE send_seq = ? AND number = ? FOR UPDATE',
    send_seq,
    chunk.number,
  );
  const send = await lockSend(tx, send_seq);
  if (!send?.template || send.state === 'cancelled') return false;
  const { set, where } = stepSql('requeue_failed');
  const moved = await tx.run(
    `UPDATE deliveries SET ${set}, retries = 0, retry_at = 0
     WHERE send_seq = ? AND position = ? AND attempts = ? AND ${where} AND error_code = ?
       AND NOT EXISTS (SELECT 1 FROM template_messages t WHERE t.send_seq = ? AND t.position = ?)`,
    send_seq,
    position,
    attempt,
    code,
    send_seq,
    position,
  );
  if (moved === 0) return false;
  await addToTotals(tx, chunk, { ...NO_CHANGE, failed: -1 });
  await reopen(tx, send_seq);
  return true;
}
