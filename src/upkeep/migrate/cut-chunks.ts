import { chunkSize } from '../../core/sends/chunk.store.ts';
import type { Transaction } from '../../ledger/ledger.ts';

interface WholeChunk {
  readonly send_seq: number;
  readonly number: number;
  readonly first_position: number;
  readonly last_position: number;
  readonly claimed_through: number;
  readonly total: number;
}

/**
 * One process delivers a send as one chunk; workers share it by chunks. What has been claimed stays where it is, with
 * its totals; what lies behind is cut. There the only rows that count are those that were skipped when they were made.
 */
export async function cutChunks(tx: Transaction): Promise<void> {
  const chunks = await tx.all<WholeChunk>(
    `SELECT c.send_seq, c.number, c.first_position, c.last_position, c.claimed_through, s.total
     FROM chunks c JOIN sends s ON s.seq = c.send_seq
     WHERE s.state <> 'completed' AND c.claimed_through < c.last_position
       AND NOT EXISTS (SELECT 1 FROM chunks o WHERE o.send_seq = c.send_seq AND o.number <> c.number)`,
  );
  for (const chunk of chunks) await cut(tx, chunk);
}

async function cut(
  tx: Transaction,
  { send_seq, number, claimed_through, total, ...chunk }: WholeChunk,
): Promise<void> {
  const size = chunkSize(total);
  // The first piece is what was claimed, if anything was.
  const end = claimed_through >= chunk.first_position ? claimed_through : chunk.first_position - 1 + size;
  let skipped = 0;
  for (let first = end + 1, next = number + 1; first <= chunk.last_position; first += size, next++) {
    const last = Math.min(first + size - 1, chunk.last_position);
    const { n } = (await tx.get<{ n: number }>(
      "SELECT count(*) AS n FROM deliveries WHERE send_seq = ? AND position BETWEEN ? AND ? AND status = 'skipped'",
      send_seq,
      first,
      last,
    ))!;
    skipped += n;
    await tx.run(
      `INSERT INTO chunks (send_seq, number, first_position, last_position, claimed_through, skipped)
       VALUES (?, ?, ?, ?, ?, ?)`,
      send_seq,
      next,
      first,
      last,
      first - 1,
      n,
    );
  }
  await tx.run(
    'UPDATE chunks SET last_position = ?, skipped = skipped - ? WHERE send_seq = ? AND number = ?',
    Math.min(end, chunk.last_position),
    skipped,
    send_seq,
    number,
  );
}
