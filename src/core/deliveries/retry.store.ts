import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { GIVEN_UP } from './delivery.ts';

/**
 * Nothing waits for longer than `longestMs` from now: what another process wrote down by a clock that has been set back
 * since would wait for that much longer.
 */
export async function capRetryDelays(tx: Transaction, nowMs: number, longestMs: number): Promise<void> {
  await tx.run(
    `UPDATE deliveries SET retry_at = ?
     WHERE send_seq IN (SELECT seq FROM sends) AND retry_at > ? AND retry_at < ?`,
    nowMs + longestMs,
    nowMs + longestMs,
    GIVEN_UP,
  );
}

/** Whether any row waits for a retry in this run. */
export async function awaitsRetry(reader: Reader, sendSeq: number): Promise<boolean> {
  const sql = 'SELECT 1 AS found FROM deliveries WHERE send_seq = ? AND retry_at < ? LIMIT 1';
  return (await reader.get(sql, sendSeq, GIVEN_UP)) !== undefined;
}

/** Workers look for a send that was resumed within two seconds or so: only then is anybody claimed. */
const AFTER_OTHERS_MS = 5_000;

/**
 * Rows that an earlier run gave up on are tried again; whom everybody's refusal put back, after those never tried: it
 * is their acceptance that says that the sender is not refused any more.
 */
export async function retryGivenUp(tx: Transaction, sendSeq: number, nowMs: number): Promise<number> {
  const sql = 'SELECT 1 AS found FROM chunks WHERE send_seq = ? AND claimed_through < last_position LIMIT 1';
  const hasOthers = (await tx.get(sql, sendSeq)) !== undefined;
  return tx.run(
    `UPDATE deliveries SET retries = 0, retry_at = CASE WHEN EXISTS (SELECT 1 FROM refusals r
         WHERE r.send_seq = deliveries.send_seq AND r.position = deliveries.position) THEN CAST(? AS BIGINT) ELSE 0 END
     WHERE send_seq = ? AND retry_at >= ?`,
    hasOthers ? nowMs + AFTER_OTHERS_MS : 0,
    sendSeq,
    GIVEN_UP,
  );
}
