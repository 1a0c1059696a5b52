import { findErased, hashContact } from '../core/suppressions/erased-contact.ts';
import type { Transaction } from '../ledger/ledger.ts';
import { forgetEventsOf } from './forget-events.ts';
import { sendsThrough } from './person.store.ts';

/** A contact that a lead still has is that person's: a family shares a phone. */
async function isHeld(tx: Transaction, contact: string): Promise<boolean> {
  const column = contact.includes('@') ? 'email_key' : 'phone_key';
  return (
    (await tx.get(
      `SELECT 1 AS found FROM leads l WHERE l.${column} = ? AND l.deleted_at IS NULL LIMIT 1`,
      contact,
    )) !== undefined
  );
}

/**
 * Puts the hash in the place of a contact wherever nothing else of the person stands: from here on an import knows that
 * they were erased, and suppressions hold on.
 * @returns the hash; null: somebody else has the contact, and it stays
 */
export async function forgetContact(tx: Transaction, contact: string, now: string): Promise<string | null> {
  if (await isHeld(tx, contact)) return null;
  const hash = await hashContact(tx, contact);
  await tx.run(
    'INSERT INTO erased_contacts (hash, erased_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
    hash,
    now,
  );
  await renameSuppressions(tx, contact, hash);
  for (const id of await forgetEventsOf(tx, contact)) await forgetContact(tx, id, now);
  return hash;
}

/** The other way round, for somebody who comes back knowingly: what was kept for them holds for the contact again. */
export async function restoreContact(tx: Transaction, contact: string): Promise<void> {
  const hash = await findErased(tx, contact);
  if (hash === null) return;
  await renameSuppressions(tx, hash, contact);
  for await (const { seq } of sendsThrough(tx, Number.MAX_SAFE_INTEGER)) {
    await tx.run(
      'UPDATE deliveries INDEXED BY deliveries_by_contact SET contact = ? WHERE send_seq = ? AND contact = ?',
      contact,
      seq,
      hash,
    );
  }
  await tx.run('DELETE FROM erased_contacts WHERE hash = ?', hash);
}

async function renameSuppressions(tx: Transaction, from: string, to: string): Promise<void> {
  // Where both are suppressed, what came by no import outlives every import.
  await tx.run(
    `UPDATE suppressions SET import_seq = NULL WHERE contact = ?
       AND EXISTS (SELECT 1 FROM suppressions x WHERE x.channel = suppressions.channel AND x.contact = ?)`,
    to,
    from,
  );
  for (const table of ['suppressions', 'suppression_grounds']) {
    const same = table === 'suppressions' ? '' : ' AND x.import_seq = suppression_grounds.import_seq';
    await tx.run(
      `UPDATE ${table} SET contact = ?, source = NULL WHERE contact = ?
         AND NOT EXISTS (SELECT 1 FROM ${table} x WHERE x.channel = ${table}.channel AND x.contact = ?${same})`,
      to,
      from,
      to,
    );
    await tx.run(`DELETE FROM ${table} WHERE contact = ?`, from);
  }
  await tx.run('UPDATE suppression_history SET contact = ?, source = NULL WHERE contact = ?', to, from);
}
