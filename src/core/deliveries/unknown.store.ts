import type { Reader } from '../../ledger/ledger.ts';
import { stepSql } from './delivery.ts';

/** A delivery of which nobody knows whether it left. */
export interface UnknownDelivery {
  readonly contact: string;
  /** As {@link Attempt} has it. */
  readonly attemptId: string;
}

/**
 * Deliveries of a sender whose outcome is unknown, of sends that go on or were completed lately.
 * @param completedAfter of completed sends, as ISO 8601
 */
export async function listUnknown(
  reader: Reader,
  sender: string,
  completedAfter: string,
  limit: number,
): Promise<UnknownDelivery[]> {
  const chunks = await reader.all<{
    id: string;
    send_seq: number;
    first_position: number;
    last_position: number;
  }>(
    `SELECT s.id, c.send_seq, c.first_position, c.last_position FROM sends s JOIN chunks c ON c.send_seq = s.seq
     WHERE s.sender = ? AND (s.completed_at IS NULL OR s.completed_at > ?) AND c.unknown > 0
     ORDER BY s.seq DESC, c.number`,
    sender,
    completedAfter,
  );
  const found: UnknownDelivery[] = [];
  for (const { id, send_seq, first_position, last_position } of chunks) {
    if (found.length >= limit) break;
    const rows = await reader.all<{ position: number; attempts: number; contact: string }>(
      `SELECT position, attempts, contact FROM deliveries INDEXED BY deliveries_failed
       WHERE send_seq = ? AND position BETWEEN ? AND ? AND ${stepSql('prove').where} AND contact IS NOT NULL
       ORDER BY position LIMIT ?`,
      send_seq,
      first_position,
      last_position,
      limit - found.length,
    );
    for (const { position, attempts, contact } of rows)
      found.push({ contact, attemptId: `${id.replaceAll('-', '')}.${position.toString(36)}.${attempts}` });
  }
  return found;
}
