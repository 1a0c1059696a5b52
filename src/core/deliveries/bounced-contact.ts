import type { Transaction } from '../../ledger/ledger.ts';
import { suppress } from '../suppressions/suppression.store.ts';
import type { SuppressionReason } from '../suppressions/suppression.ts';

/**
 * Keeps whoever a delivery went to from being messaged again, by what came back of it.
 * @param deliveryId as `Attempt` has it
 * @returns whether there is such a delivery
 */
export async function suppressDelivered(
  tx: Transaction,
  deliveryId: string,
  reason: SuppressionReason,
  source: string,
): Promise<boolean> {
  const [send = '', position = ''] = deliveryId.split('.');
  const id = send.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const found = await tx.get<{ contact: string | null }>(
    `SELECT d.contact FROM sends s JOIN deliveries d ON d.send_seq = s.seq
     WHERE s.id = ? AND d.position = ? AND s.channel = 'email' AND s.mode = 'live'`,
    id,
    Number.parseInt(position, 36),
  );
  if (!found) return false;
  if (found.contact !== null) await suppress(tx, 'email', found.contact, reason, source);
  return true;
}
