import { conversationsOf } from '../core/conversations/conversation.store.ts';
import type { Transaction } from '../ledger/ledger.ts';

/**
 * Removes what a contact did, and since when they write to whom.
 * @returns the ids by which providers know whoever has the contact: what is held under them is that person's too
 */
export async function forgetEventsOf(tx: Transaction, contact: string): Promise<string[]> {
  const known = await conversationsOf(tx, [contact]);
  await tx.run('DELETE FROM events WHERE contact = ?', contact);
  await tx.run('DELETE FROM conversations WHERE contact = ?', contact);
  return [...new Set(known.flatMap(({ user_id }) => user_id ?? []))].filter((id) => id !== contact);
}

/** Removes what became of the messages to a lead: of all, or of one. Totals keep their counts. */
export async function forgetEventsOfLead(
  tx: Transaction,
  leadSeq: number,
  at?: { readonly send: number; readonly position: number },
): Promise<void> {
  if (at === undefined) await tx.run('DELETE FROM events WHERE lead_seq = ?', leadSeq);
  else
    await tx.run(
      'DELETE FROM events WHERE lead_seq = ? AND send_seq = ? AND position = ?',
      leadSeq,
      at.send,
      at.position,
    );
}
