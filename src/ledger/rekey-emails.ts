import { normalizeEmail } from '../core/leads/contact.ts';
import type { Dialect, Transaction } from './ledger.ts';

/** Rows held in memory at a time. */
const BATCH = 1_000;

/**
 * Brings stored contacts to the key that {@link normalizeEmail} makes of them today: a step to run again whenever that
 * key changes. What cannot be read any more is no contact of a lead; suppressions and deliveries keep it as it was.
 */
export async function rekeyEmails(tx: Transaction): Promise<void> {
  await rekeyLeads(tx);
  await rekeySuppressions(tx);
  await rekeyDeliveries(tx);
}

/** Plain ASCII is its own key, unless it stands for something else: most rows are not even fetched. */
function mayChange(dialect: Dialect, column: string): string {
  const bytes = dialect === 'postgres' ? `octet_length(${column})` : `length(CAST(${column} AS BLOB))`;
  return `(${bytes} <> length(${column}) OR ${column} LIKE '%xn--%')`;
}

async function rekeyLeads(tx: Transaction): Promise<void> {
  const sql = `SELECT seq, email_key FROM leads WHERE seq > ? AND ${mayChange(tx.dialect, 'email_key')}
    ORDER BY seq LIMIT ${BATCH}`;
  let rows: { seq: number; email_key: string }[] = [];
  do {
    rows = await tx.all(sql, rows.at(-1)?.seq ?? 0);
    for (const { seq, email_key } of rows) {
      const key = newKey(email_key);
      if (key !== email_key) await tx.run('UPDATE leads SET email_key = ? WHERE seq = ?', key, seq);
    }
  } while (rows.length === BATCH);
}

async function rekeySuppressions(tx: Transaction): Promise<void> {
  const sql = `SELECT contact FROM suppressions WHERE channel = 'email' AND contact > ?
    AND ${mayChange(tx.dialect, 'contact')} ORDER BY contact LIMIT ${BATCH}`;
  let rows: { contact: string }[] = [];
  do {
    rows = await tx.all(sql, rows.at(-1)?.contact ?? '');
    for (const { contact } of rows) {
      const key = newKey(contact);
      if (key === null || key === contact) continue;
      // Of two that are one now, the one that has the key already stays.
      await tx.run(
        `UPDATE suppressions SET contact = ? WHERE channel = 'email' AND contact = ?
           AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.channel = 'email' AND x.contact = ?)`,
        key,
        contact,
        key,
      );
      await tx.run("DELETE FROM suppressions WHERE channel = 'email' AND contact = ?", contact);
    }
  } while (rows.length === BATCH);
}

async function rekeyDeliveries(tx: Transaction): Promise<void> {
  const sql = `SELECT send_seq, position, contact FROM deliveries
    WHERE (send_seq, position) > (?, ?) AND ${mayChange(tx.dialect, 'contact')}
    ORDER BY send_seq, position LIMIT ${BATCH}`;
  let rows: { send_seq: number; position: number; contact: string }[] = [];
  do {
    const last = rows.at(-1);
    rows = await tx.all(sql, last?.send_seq ?? 0, last?.position ?? 0);
    for (const { send_seq, position, contact } of rows) {
      const key = newKey(contact);
      if (key === null || key === contact) continue;
      await tx.run(
        'UPDATE deliveries SET contact = ? WHERE send_seq = ? AND position = ?',
        key,
        send_seq,
        position,
      );
      await skipDuplicates(tx, send_seq, key);
    }
  } while (rows.length === BATCH);
}

/**
 * Rows of one send that have become one contact: whoever was written to already, else the first, keeps it. The others
 * that still wait are skipped, as they would have been when they were made.
 */
async function skipDuplicates(tx: Transaction, sendSeq: number, contact: string): Promise<void> {
  const rows = await tx.all<{ position: number; status: string }>(
    `SELECT position, status FROM deliveries INDEXED BY deliveries_by_contact
     WHERE send_seq = ? AND contact = ? AND status <> 'skipped' ORDER BY position FOR UPDATE`,
    sendSeq,
    contact,
  );
  const keeps = rows.find(({ status }) => status !== 'pending') ?? rows[0];
  const waiting = rows.filter((row) => row !== keeps && row.status === 'pending');
  for (const { position } of waiting) {
    await tx.run(
      `UPDATE deliveries SET status = 'skipped', retry_at = NULL, error_code = 'duplicate_contact', error = NULL
       WHERE send_seq = ? AND position = ?`,
      sendSeq,
      position,
    );
    await tx.run(
      'UPDATE chunks SET skipped = skipped + 1 WHERE send_seq = ? AND ? BETWEEN first_position AND last_position',
      sendSeq,
      position,
    );
  }
  if (waiting.length === 0) return;
  await tx.run(
    `UPDATE sends SET state = 'completed', problem_code = NULL, problem = NULL, completed_at = ?
     WHERE seq = ? AND state <> 'completed'
       AND total = (SELECT sum(sent + failed + skipped) FROM chunks WHERE send_seq = sends.seq)`,
    new Date().toISOString(),
    sendSeq,
  );
}

function newKey(contact: string): string | null {
  const read = normalizeEmail(contact);
  return read.ok ? read.value : null;
}
