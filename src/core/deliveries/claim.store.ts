import type { Transaction } from '../../ledger/ledger.ts';
import type { ChannelName } from '../channel.ts';
import { MERGE_COLUMNS, type MergeRow } from '../leads/lead.ts';
import type { ChunkRow } from '../sends/chunk.store.ts';
import type { SuppressionReason } from '../suppressions/suppression.ts';
import { stepSql } from './delivery.ts';
import type { Reason } from './reasons.ts';

export interface ClaimedRow extends MergeRow {
  delivery_position: number;
  contact: string;
  attempts: number;
  retries: number;
  suppressed: SuppressionReason | null;
  deleted_at: string | null;
}

const CLAIM = `SELECT d.position AS delivery_position, d.contact, d.attempts, d.retries, x.reason AS suppressed,
    l.deleted_at, ${MERGE_COLUMNS}
  FROM deliveries d`;
const JOINED = `JOIN leads l ON l.seq = d.lead_seq
  LEFT JOIN suppressions x ON x.channel = ? AND x.contact = d.contact`;
/** In the order of the index that each database has: where all of a chunk is due, no more is looked at than is taken. */
const SELECT_DUE = (order: string) => `${CLAIM} INDEXED BY deliveries_retry ${JOINED}
  WHERE d.send_seq = ? AND d.position BETWEEN ? AND ? AND d.retry_at <= ? ORDER BY ${order} LIMIT ?`;
const DUE = { sqlite: SELECT_DUE('d.retry_at'), postgres: SELECT_DUE('d.position, d.retry_at') };
const SELECT_FRESH = `${CLAIM} ${JOINED}
  WHERE d.send_seq = ? AND d.position > ? AND d.position <= ? AND d.status = 'pending' AND d.retry_at IS NULL
  ORDER BY d.position LIMIT ?`;

/**
 * Rows of a chunk whose retry is due, then rows never tried, at most `count`. Nothing is changed yet.
 * @returns them, how many of them are due again, and up to which position the chunk will have been claimed with them.
 */
export async function selectClaimable(
  tx: Transaction,
  channel: ChannelName,
  chunk: ChunkRow,
  frozenThrough: number,
  count: number,
  nowMs: number,
): Promise<{ rows: ClaimedRow[]; due: number; claimedThrough: number }> {
  const { send_seq, first_position, last_position, claimed_through: claimed } = chunk;
  const made = Math.min(frozenThrough, last_position);
  const nothing: ClaimedRow[] = [];
  // Both at once: one journey.
  const [due, fresh] = await Promise.all([
    tx.all<ClaimedRow>(DUE[tx.dialect], channel, send_seq, first_position, last_position, nowMs, count),
    claimed < made ? tx.all<ClaimedRow>(SELECT_FRESH, channel, send_seq, claimed, made, count) : nothing,
  ]);
  const wanted = count - due.length;
  const some = fresh.slice(0, wanted);
  // When fewer came than were asked for, the rest of what was made was skipped when it was made.
  const whole = fresh.length < count && some.length === fresh.length;
  return {
    rows: due.concat(some),
    due: due.length,
    claimedThrough: whole ? Math.max(made, claimed) : (some.at(-1)?.delivery_position ?? claimed),
  };
}

const CLAIMED = stepSql('claim');
const MARK = `UPDATE deliveries SET ${CLAIMED.set}, attempts = attempts + 1, retry_at = NULL
  WHERE send_seq = ? AND ${CLAIMED.where} AND position`;

/** `pending → sending`, with the number of a fresh attempt. */
export async function markSending(
  tx: Transaction,
  sendSeq: number,
  positions: readonly number[],
): Promise<void> {
  if (positions.length === 0) return;
  if (tx.dialect === 'postgres') {
    await tx.run(`${MARK} = ANY (CAST(? AS BIGINT[]))`, sendSeq, positions);
  } else for (const position of positions) await tx.run(`${MARK} = ?`, sendSeq, position);
}

/** A row whose turn has come, but not yet for where it goes: looked at again at `retryAt`. */
export async function deferPending(
  tx: Transaction,
  sendSeq: number,
  position: number,
  retryAt: number,
): Promise<void> {
  await tx.run(
    `UPDATE deliveries SET retry_at = ? WHERE send_seq = ? AND position = ? AND ${stepSql('defer').where}`,
    retryAt,
    sendSeq,
    position,
  );
}

/** A row that must not be messaged after all: `pending → skipped` without an attempt. The caller moves the totals. */
export async function skipPending(
  tx: Transaction,
  sendSeq: number,
  position: number,
  code: Reason,
  why: string | null,
): Promise<void> {
  const { set, where } = stepSql('skip');
  await tx.run(
    `UPDATE deliveries SET ${set}, retry_at = NULL, error_code = ?, error = ?, provider_said = NULL
     WHERE send_seq = ? AND position = ? AND ${where}`,
    code,
    why,
    sendSeq,
    position,
  );
}
