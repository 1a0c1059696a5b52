import type { Ledger, Reader, Transaction } from '../../ledger/ledger.ts';

/** The same test within this time is the same call, made again. */
export const SAME_CALL_MS = 60_000;
const KEPT_MS = 24 * 3_600_000;
/** Tests are for trying: who has more to say to people sends. */
export const MOST_AN_HOUR = 60;

/**
 * Only whoever begins a test may let it leave; it is written down before.
 * @returns null when it is this call's to send, else what the call before came to (null: it is not known yet)
 */
export async function beginTest(
  tx: Transaction,
  hash: string,
  nowMs: number,
): Promise<{ outcome: string | null } | null> {
  await tx.run('DELETE FROM test_messages WHERE tried_at < ?', nowMs - KEPT_MS);
  const begun = await tx.run(
    `INSERT INTO test_messages (hash, tried_at) VALUES (?, ?)
     ON CONFLICT (hash) DO UPDATE SET tried_at = excluded.tried_at, outcome = NULL WHERE test_messages.tried_at < ?`,
    hash,
    nowMs,
    nowMs - SAME_CALL_MS,
  );
  if (begun > 0) return null;
  return (await tx.get<{ outcome: string | null }>(
    'SELECT outcome FROM test_messages WHERE hash = ?',
    hash,
  ))!;
}

/** Whether one more would be too many. Those into the sandbox count as well. */
export async function triedEnough(reader: Reader, nowMs: number): Promise<boolean> {
  const sql = 'SELECT count(*) AS count FROM test_messages WHERE tried_at > ?';
  return (await reader.get<{ count: number }>(sql, nowMs - 3_600_000))!.count >= MOST_AN_HOUR;
}

export function endTest(ledger: Ledger, hash: string, outcome: string): Promise<unknown> {
  return ledger.write((tx) => tx.run('UPDATE test_messages SET outcome = ? WHERE hash = ?', outcome, hash));
}
