import type { Reader, Transaction } from '../../ledger/ledger.ts';

/** A range of a send's deliveries: what one worker delivers at a time, with its own place and totals. */
export interface ChunkRow {
  send_seq: number;
  /** 0, 1, 2, … within the send. */
  number: number;
  first_position: number;
  last_position: number;
  /** Positions up to here have been claimed at least once, or were skipped when they were made. */
  claimed_through: number;
  /** Grows with every change of holder. */
  fence: number;
}

export type ChunkKey = Pick<ChunkRow, 'send_seq' | 'number'>;

/** One process delivers a send by itself; workers share it by pieces that take a fast one some seconds. */
const SMALLEST_CHUNK = 500;
const LARGEST_CHUNK = 20_000;
const USUAL_CHUNKS = 64;

/** Of a send that workers share. */
export function chunkSize(total: number): number {
  return Math.min(LARGEST_CHUNK, Math.max(SMALLEST_CHUNK, Math.ceil(total / USUAL_CHUNKS)));
}

export async function insertChunks(tx: Transaction, sendSeq: number, total: number): Promise<void> {
  const size = tx.dialect === 'sqlite' ? total : chunkSize(total);
  await tx.run(
    `INSERT INTO chunks (send_seq, number, first_position, last_position, claimed_through)
     WITH RECURSIVE cut (number, done) AS (
       SELECT CAST(0 AS BIGINT), CAST(0 AS BIGINT)
       UNION ALL SELECT number + 1, done + CAST(? AS BIGINT) FROM cut WHERE done + CAST(? AS BIGINT) < CAST(? AS BIGINT))
     SELECT CAST(? AS BIGINT), number, done + 1,
       CASE WHEN done + CAST(? AS BIGINT) < CAST(? AS BIGINT) THEN done + CAST(? AS BIGINT) ELSE CAST(? AS BIGINT) END,
       done FROM cut`,
    size,
    size,
    total,
    sendSeq,
    size,
    total,
    size,
    total,
  );
}

/** How the totals of a chunk have moved. */
export interface TotalsDelta {
  in_flight: number;
  sent: number;
  failed: number;
  unknown: number;
  skipped: number;
}

export const NO_CHANGE: Readonly<TotalsDelta> = { in_flight: 0, sent: 0, failed: 0, unknown: 0, skipped: 0 };

/** @returns whether everyone in the chunk is settled. */
export async function addToTotals(tx: Transaction, key: ChunkKey, moved: TotalsDelta): Promise<boolean> {
  const row = await tx.get<{ rest: number }>(
    `UPDATE chunks SET in_flight = in_flight + ?, sent = sent + ?, failed = failed + ?, unknown = unknown + ?,
       skipped = skipped + ? WHERE send_seq = ? AND number = ?
     RETURNING last_position - first_position + 1 - sent - failed - skipped AS rest`,
    moved.in_flight,
    moved.sent,
    moved.failed,
    moved.unknown,
    moved.skipped,
    key.send_seq,
    key.number,
  );
  return row?.rest === 0;
}

/** The chunk in which a position lies. */
export function chunkAt(reader: Reader, sendSeq: number, position: number): Promise<ChunkRow | undefined> {
  return reader.get<ChunkRow>(
    'SELECT * FROM chunks WHERE send_seq = ? AND first_position <= ? AND last_position >= ?',
    sendSeq,
    position,
    position,
  );
}
