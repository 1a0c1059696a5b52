import type { Ledger, Reader, Transaction } from '../../ledger/ledger.ts';

export interface AuditRow {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly who: string;
  readonly who_id: string | null;
  readonly door: string;
  readonly client: string | null;
  readonly operation: string;
  readonly subject: string | null;
  readonly answer: string;
}

const DAY_MS = 86_400_000;
const ROWS_AT_ONCE = 5_000;

/** @returns its number */
export async function insertAudit(tx: Transaction, row: Omit<AuditRow, 'seq'>): Promise<number> {
  const columns = Object.keys(row);
  const inserted = await tx.get<{ seq: number }>(
    `INSERT INTO audit (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) RETURNING seq`,
    ...Object.values(row),
  );
  return inserted!.seq;
}

export async function endAudit(
  tx: Transaction,
  seq: number,
  { subject, answer }: Pick<AuditRow, 'subject' | 'answer'>,
): Promise<void> {
  await tx.run('UPDATE audit SET subject = ?, answer = ? WHERE seq = ?', subject, answer, seq);
}

/** Newest first. */
export function listAudit(reader: Reader, beforeSeq: number, limit: number): Promise<AuditRow[]> {
  return reader.all<AuditRow>(
    'SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?',
    beforeSeq,
    limit,
  );
}

/** In steps, so that nobody waits for a year of it. */
export async function pruneAudit(ledger: Ledger, keepDays: number, nowMs: number): Promise<void> {
  const sql = 'DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < ? ORDER BY at LIMIT ?)';
  for (;;) {
    const removed = await ledger.write((tx) => tx.run(sql, nowMs - keepDays * DAY_MS, ROWS_AT_ONCE));
    if (removed < ROWS_AT_ONCE) return;
  }
}

/** Whether there is a row since then that says the same: who, which operation, on what, with which answer. */
export async function isInAudit(
  reader: Reader,
  { who, operation, subject, answer }: Omit<AuditRow, 'seq' | 'at'>,
  sinceMs: number,
): Promise<boolean> {
  const found = await reader.get(
    'SELECT 1 AS found FROM audit WHERE at > ? AND who = ? AND operation = ? AND subject = ? AND answer = ? LIMIT 1',
    ...[sinceMs, who, operation, subject, answer],
  );
  return found !== undefined;
}
