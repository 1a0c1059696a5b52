import { byDialect, type Reader, type Transaction } from '../../ledger/ledger.ts';
import type { ChannelName } from '../channel.ts';
import type { ConversationRow } from '../conversations/conversation.store.ts';
import { MERGE_COLUMNS, type MergeRow } from '../leads/lead.ts';
import type { ChunkRow } from '../sends/chunk.store.ts';
import {
  joinSuppression,
  type SuppressionReason,
  type SuppressionScope,
} from '../suppressions/suppression.ts';
import { AWAITS_TEMPLATE, stepSql } from './delivery.ts';
import type { Reason } from './reasons.ts';

export interface ClaimedRow extends MergeRow {
  delivery_position: number;
  contact: string;
  attempts: number;
  retries: number;
  suppressed: SuppressionReason | null;
  deleted_at: string | null;
}

/** With what decides between text and template. */
export interface WindowedRow
  extends ClaimedRow,
    Pick<ConversationRow, 'last_inbound_at' | 'refused_at' | 'held_back_at'> {
  /** What the suppression keeps from the contact; null: there is none. */
  suppressed_in: SuppressionScope | null;
  retry_at: number | null;
}

const CLAIM = `SELECT d.position AS delivery_position, d.contact, d.attempts, d.retries, x.reason AS suppressed,
    l.deleted_at, ${MERGE_COLUMNS}
  FROM deliveries d`;
const joined = (channel: ChannelName) => `JOIN leads l ON l.seq = d.lead_seq
  ${joinSuppression(channel, 'd.contact')}`;
/** In the order of the index that each database has: where all of a chunk is due, no more is looked at than is taken. */
const selectDue = (
  channel: ChannelName,
  order: string,
) => `${CLAIM} INDEXED BY deliveries_retry ${joined(channel)}
  WHERE d.send_seq = ? AND d.position BETWEEN ? AND ? AND d.retry_at <= ? ORDER BY ${order} LIMIT ?`;
const DUE = byDialect({
  sqlite: forChannels((channel) => selectDue(channel, 'd.retry_at')),
  postgres: forChannels((channel) => selectDue(channel, 'd.position, d.retry_at')),
});
const FRESH = forChannels(
  (channel) => `${CLAIM} ${joined(channel)}
  WHERE d.send_seq = ? AND d.position > ? AND d.position <= ? AND d.status = 'pending' AND d.retry_at IS NULL
  ORDER BY d.position LIMIT ?`,
);

/** A statement for each channel, made once. */
function forChannels(sql: (channel: ChannelName) => string): Readonly<Record<ChannelName, string>> {
  return { email: sql('email'), whatsapp: sql('whatsapp') };
}

const CLAIM_WINDOWED = CLAIM.replace(
  'l.deleted_at,',
  'l.deleted_at, d.retry_at, v.last_inbound_at, v.refused_at, v.held_back_at, x.channel AS suppressed_in,',
);
const windowed = (channel: ChannelName) => `${joined(channel)}
  LEFT JOIN conversations v ON v.sender = ? AND v.contact = d.contact`;
const windowedDue = (channel: ChannelName, order: string) =>
  `${CLAIM_WINDOWED} INDEXED BY deliveries_retry ${windowed(channel)}
  WHERE d.send_seq = ? AND d.position BETWEEN ? AND ? AND d.retry_at BETWEEN ? AND ? ORDER BY ${order} LIMIT ?`;
const DUE_WINDOWED = byDialect({
  sqlite: forChannels((channel) => windowedDue(channel, 'd.retry_at')),
  postgres: forChannels((channel) => windowedDue(channel, 'd.position, d.retry_at')),
});
const FRESH_WINDOWED = forChannels((channel) =>
  FRESH[channel].replace(CLAIM, CLAIM_WINDOWED).replace(joined(channel), windowed(channel)),
);

/** Of a send that has a template: whose contacts wrote lately, and whether those who wait for the template are due. */
export interface Windows {
  readonly sender: string;
  readonly takesWaiting: boolean;
}

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
  windows: Windows | null = null,
): Promise<{ rows: (ClaimedRow | WindowedRow)[]; due: number; claimedThrough: number }> {
  const { send_seq, first_position, last_position, claimed_through: claimed } = chunk;
  const made = Math.min(frozenThrough, last_position);
  const nothing: ClaimedRow[] = [];
  const dueRows = windows
    ? tx.all<WindowedRow>(
        DUE_WINDOWED(tx)[channel],
        ...[channel, windows.sender, send_seq, first_position, last_position],
        ...[windows.takesWaiting ? AWAITS_TEMPLATE : 0, nowMs, count],
      )
    : tx.all<ClaimedRow>(DUE(tx)[channel], channel, send_seq, first_position, last_position, nowMs, count);
  const freshRows = () =>
    windows
      ? tx.all<WindowedRow>(FRESH_WINDOWED[channel], channel, windows.sender, send_seq, claimed, made, count)
      : tx.all<ClaimedRow>(FRESH[channel], channel, send_seq, claimed, made, count);
  // Both at once: one journey.
  const [due, fresh] = await Promise.all([dueRows, claimed < made ? freshRows() : nothing]);
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

/** Rows that only a template reaches, while there is none that may leave. */
export async function awaitTemplate(
  tx: Transaction,
  sendSeq: number,
  positions: readonly number[],
): Promise<void> {
  if (positions.length === 0) return;
  const sql = `UPDATE deliveries SET retry_at = ${AWAITS_TEMPLATE} WHERE send_seq = ? AND ${stepSql('defer').where} AND position`;
  if (tx.dialect === 'postgres') await tx.run(`${sql} = ANY (CAST(? AS BIGINT[]))`, sendSeq, positions);
  else for (const position of positions) await tx.run(`${sql} = ?`, sendSeq, position);
}

/** Whether any row of a send waits for its template. */
export async function anyAwaitsTemplate(reader: Reader, sendSeq: number): Promise<boolean> {
  const sql = `SELECT 1 AS found FROM deliveries WHERE send_seq = ? AND retry_at = ${AWAITS_TEMPLATE} LIMIT 1`;
  return (await reader.get(sql, sendSeq)) !== undefined;
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
