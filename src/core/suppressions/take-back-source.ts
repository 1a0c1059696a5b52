import type { Transaction } from '../../ledger/ledger.ts';
import { findErased } from './erased-contact.ts';
import { type PastSuppressionRow, type SuppressionRow, takeBackSuppression } from './suppression.store.ts';
import type { SuppressionScope } from './suppression.ts';

/**
 * Takes back what one source said of a contact, and nothing else: what it took the place of holds again, and whatever
 * was said beside it goes on holding.
 * @returns whether it had said anything that still held
 */
export async function takeBackSource(
  tx: Transaction,
  channel: SuppressionScope,
  given: string,
  source: string,
  by: string,
): Promise<boolean> {
  const contact = (await findErased(tx, given)) ?? given;
  const row = await tx.get<SuppressionRow>(
    'SELECT * FROM suppressions WHERE channel = ? AND contact = ? AND source = ?',
    channel,
    contact,
    source,
  );
  if (!row) {
    // Beside what an import says it stands as a ground.
    const grounds = await tx.run(
      'DELETE FROM suppression_grounds WHERE channel = ? AND contact = ? AND import_seq = 0 AND source = ?',
      channel,
      contact,
      source,
    );
    return grounds > 0;
  }
  const isFree = await takeBackSuppression(tx, row, by);
  const replaced = await tx.get<PastSuppressionRow>(
    `SELECT * FROM suppression_history WHERE channel = ? AND contact = ? AND ended_by = ? AND ended_at >= ?
     ORDER BY seq DESC LIMIT 1`,
    channel,
    contact,
    row.reason,
    row.created_at,
  );
  if (isFree && replaced) {
    await tx.run(
      `INSERT INTO suppressions (channel, contact, reason, created_at, source, import_seq)
       VALUES (?, ?, ?, ?, ?, NULL)`,
      channel,
      contact,
      replaced.reason,
      replaced.created_at,
      replaced.source,
    );
  }
  return true;
}
