import type { Transaction } from '../../ledger/ledger.ts';
import { addToTotals, type ChunkRow, NO_CHANGE } from '../sends/chunk.store.ts';
import { completeIfSettled } from '../sends/send.store.ts';
import { OUTCOME_UNKNOWN, stepSql } from './delivery.ts';
import { settleTold } from './settle.ts';

/**
 * What a process that died has left: rows handed to a provider whose answer nobody will read. They are never more
 * than its window. Where the provider has told already what became of them, that holds.
 * @returns how many are unknown
 */
export async function recoverInDoubt(tx: Transaction, sender: string, why: string): Promise<number> {
  let total = 0;
  const chunks = await tx.all<ChunkRow>(
    'SELECT c.* FROM chunks c JOIN sends s ON s.seq = c.send_seq WHERE s.sender = ? AND c.in_flight > 0',
    sender,
  );
  for (const chunk of chunks) total += await recoverChunk(tx, chunk, why);
  return total;
}

export async function recoverChunk(tx: Transaction, chunk: ChunkRow, why: string): Promise<number> {
  const { set, where } = stepSql('doubt');
  const rows = await tx.all<{ position: number; attempts: number }>(
    `UPDATE deliveries INDEXED BY deliveries_sending SET ${set}, error_code = ?, error = ?, provider_said = NULL
     WHERE send_seq = ? AND position BETWEEN ? AND ? AND ${where} RETURNING position, attempts`,
    OUTCOME_UNKNOWN,
    why,
    chunk.send_seq,
    chunk.first_position,
    chunk.last_position,
  );
  const count = rows.length;
  if (count === 0) return 0;
  await addToTotals(tx, chunk, { ...NO_CHANGE, in_flight: -count, failed: count, unknown: count });
  const told = await settleTold(tx, chunk, rows);
  await completeIfSettled(tx, chunk.send_seq);
  return count - told;
}

/**
 * After a claim of which nobody knows whether it was committed: what this process does not have in flight never left
 * it, and goes back to pending. Only whoever holds the chunk may say so.
 * @param inFlight positions with the number of their attempt: a row may have been settled and claimed again by the
 * same lost commit.
 */
export async function unclaim(
  tx: Transaction,
  chunk: ChunkRow,
  inFlight: ReadonlyMap<number, number>,
): Promise<number> {
  const rows = await tx.all<{ position: number; attempts: number }>(
    `SELECT position, attempts FROM deliveries INDEXED BY deliveries_sending
     WHERE send_seq = ? AND position BETWEEN ? AND ? AND status = 'sending'`,
    chunk.send_seq,
    chunk.first_position,
    chunk.last_position,
  );
  const { set, where } = stepSql('give_back');
  let count = 0;
  for (const { position, attempts } of rows) {
    if (inFlight.get(position) === attempts) continue;
    count += await tx.run(
      `UPDATE deliveries SET ${set}, retry_at = 0 WHERE send_seq = ? AND position = ? AND ${where}`,
      chunk.send_seq,
      position,
    );
  }
  if (count > 0) await addToTotals(tx, chunk, { ...NO_CHANGE, in_flight: -count });
  return count;
}
