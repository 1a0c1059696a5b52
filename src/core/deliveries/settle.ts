import type { Transaction } from '../../ledger/ledger.ts';
import { addToTotals, type ChunkKey, NO_CHANGE } from '../sends/chunk.store.ts';
import { lockSend, reopen as reopenSend } from '../sends/send.store.ts';
import { assertStep, type DeliveryEvent, type DeliveryState, OUTCOME_UNKNOWN, stepSql } from './delivery.ts';
import { type Told, toldOf } from './receipt.store.ts';

/** What becomes of a row when its attempt is over. */
export interface Settlement {
  readonly position: number;
  /** The number of the attempt: an answer that comes too late for its attempt changes nothing. */
  readonly attempts: number;
  readonly status: 'sent' | 'failed' | 'skipped' | 'pending';
  readonly retries: number;
  readonly retryAt: number | null;
  readonly errorCode: string | null;
  readonly error: string | null;
  readonly providerSaid: string | null;
  readonly providerMessageId: string | null;
  readonly sentAt: number | null;
}

const settleSql = (
  event: DeliveryEvent,
) => `UPDATE deliveries SET status = ?, retries = ?, retry_at = ?, error_code = ?,
    error = ?, provider_said = ?, provider_message_id = ?, sent_at = ?
  WHERE send_seq = ? AND position = ? AND attempts = ? AND ${stepSql(event).where}`;
/** One row by one statement: the answer to its attempt, or what the same attempt proves later. */
const SETTLE = {
  settle: settleSql('settle'),
  prove: settleSql('prove'),
  arrive: settleSql('arrive'),
  bounce: settleSql('bounce'),
};
/** What most messages meet, without a word on errors: see the triggers of `delivery_errors`. */
const ACCEPT = `UPDATE deliveries SET status = ?, retries = ?, provider_message_id = ?, sent_at = ?
  WHERE send_seq = ? AND position = ? AND attempts = ? AND error_code IS NULL AND ${stepSql('settle').where}`;

/**
 * Many rows by one statement, where each statement is a journey. The positions stand there twice: by the join alone, a
 * plan that was made while the table was small walks the whole send and looks up each row in the list, and it stays.
 */
const SETTLE_MANY = `UPDATE deliveries d SET status = v.status, retries = v.retries, retry_at = v.retry_at,
    error_code = v.error_code, error = v.error, provider_said = v.provider_said,
    provider_message_id = v.provider_message_id, sent_at = v.sent_at
  FROM unnest(CAST(? AS BIGINT[]), CAST(? AS BIGINT[]), CAST(? AS TEXT[]), CAST(? AS BIGINT[]), CAST(? AS BIGINT[]),
    CAST(? AS TEXT[]), CAST(? AS TEXT[]), CAST(? AS TEXT[]), CAST(? AS TEXT[]), CAST(? AS BIGINT[]))
    AS v (position, attempts, status, retries, retry_at, error_code, error, provider_said, provider_message_id, sent_at)
  WHERE d.send_seq = ? AND d.position = ANY (CAST(? AS BIGINT[])) AND d.position = v.position
    AND d.attempts = v.attempts AND ${stepSql('settle', 'd.').where}
  RETURNING d.position`;

/**
 * Writes down results and moves the totals with them. A row that recovery had declared unknown meanwhile is put right
 * by the result of the same attempt: that is proof. So is one that somebody has put back to pending since: it arrived
 * after all, and is not sent again. What would be unknown is not where the provider has told of it already.
 * @returns whether everyone in the chunk is settled.
 */
export async function settle(
  tx: Transaction,
  key: ChunkKey,
  settlements: readonly Settlement[],
): Promise<boolean> {
  const moved = { ...NO_CHANGE };
  let reopens = false;
  const settled = await settleSending(tx, key.send_seq, settlements);
  for (const s of settlements) {
    if (settled.has(s.position)) {
      moved.in_flight -= 1;
    } else if (s.errorCode !== OUTCOME_UNKNOWN && (await settleOne(tx, 'prove', key.send_seq, s))) {
      moved.failed -= 1;
      moved.unknown -= 1;
      reopens ||= s.status === 'pending';
    } else if (s.status !== 'sent' || !(await settleOne(tx, 'arrive', key.send_seq, s))) {
      continue;
    }
    if (s.status !== 'pending') moved[s.status] += 1;
    if (s.errorCode === OUTCOME_UNKNOWN) moved.unknown += 1;
  }
  const isDone = await addToTotals(tx, key, moved);
  if (reopens) await reopen(tx, key.send_seq);
  // From here on the chunk is locked: who writes down what the provider told meanwhile waits, and finds these rows.
  const unknown = settlements.filter(({ errorCode }) => errorCode === OUTCOME_UNKNOWN);
  if (unknown.length > 0) await settleTold(tx, key, unknown);
  return isDone;
}

/** @returns the positions that were in flight. */
async function settleSending(
  tx: Transaction,
  sendSeq: number,
  settlements: readonly Settlement[],
): Promise<Set<number>> {
  const settled = new Set<number>();
  if (tx.dialect === 'postgres') {
    for (const { status } of settlements) assertStep('settle', status);
    const column = <K extends keyof Settlement>(name: K) => settlements.map((s) => s[name]);
    const rows = await tx.all<{ position: number }>(
      SETTLE_MANY,
      column('position'),
      column('attempts'),
      column('status'),
      column('retries'),
      column('retryAt'),
      column('errorCode'),
      column('error'),
      column('providerSaid'),
      column('providerMessageId'),
      column('sentAt'),
      sendSeq,
      column('position'),
    );
    for (const { position } of rows) settled.add(position);
    return settled;
  }
  for (const s of settlements)
    if ((await accept(tx, sendSeq, s)) || (await settleOne(tx, 'settle', sendSeq, s)))
      settled.add(s.position);
  return settled;
}

/** @returns false where there is more to write down: it told of an error before. */
async function accept(tx: Transaction, sendSeq: number, s: Settlement): Promise<boolean> {
  if (s.status !== 'sent' || s.providerSaid !== null) return false;
  const { retries, providerMessageId, sentAt, position, attempts } = s;
  const changed = await tx.run(
    ACCEPT,
    s.status,
    retries,
    providerMessageId,
    sentAt,
    sendSeq,
    position,
    attempts,
  );
  return changed > 0;
}

/** What the provider has told of rows that are unknown: the chunk has to be locked. @returns how many it settled */
export async function settleTold(
  tx: Transaction,
  key: ChunkKey,
  rows: readonly Pick<Settlement, 'position' | 'attempts'>[],
): Promise<number> {
  const told = await toldOf(tx, key.send_seq, rows);
  return told.length === 0 ? 0 : (await applyTold(tx, key, told)).moved;
}

interface ToldRow {
  readonly status: DeliveryState;
  readonly attempts: number;
  readonly retries: number;
  readonly error_code: string | null;
  readonly provider_message_id: string | null;
  readonly sent_at: number | null;
}

/**
 * What a provider told of attempts, apart from its answers: it took the message, or the message did not arrive. Rows that
 * are not at that attempt any more stay as they are, and so does whatever was told of them before. Not more than these
 * steps: `prove` for what is unknown, `arrive` for what was put back since, `bounce` for what was sent; and where the
 * answer is still out and it did not arrive, `settle`.
 * @param told of one chunk, which has to be locked
 * @returns how many rows it moved, and whether everyone in the chunk is settled
 */
export async function applyTold(
  tx: Transaction,
  key: ChunkKey,
  told: readonly Told[],
): Promise<{ moved: number; isDone: boolean }> {
  const totals = { ...NO_CHANGE };
  let moved = 0;
  for (const one of told) {
    const row = await tx.get<ToldRow>(
      `SELECT status, attempts, retries, error_code, provider_message_id, sent_at FROM deliveries
       WHERE send_seq = ? AND position = ?`,
      key.send_seq,
      one.position,
    );
    const event = row && row.attempts === one.attempt ? stepOf(row, one) : null;
    if (!row || !event) continue;
    const { failed } = one;
    await settleOne(tx, event, key.send_seq, {
      position: one.position,
      attempts: one.attempt,
      status: failed ? 'failed' : 'sent',
      retries: row.retries,
      retryAt: null,
      errorCode: failed?.code ?? null,
      error: failed?.error ?? null,
      providerSaid: failed?.said ?? null,
      providerMessageId: row.provider_message_id ?? one.messageId,
      sentAt: row.sent_at ?? (failed ? null : one.at),
    });
    moved += 1;
    if (event === 'settle') totals.in_flight -= 1;
    if (event === 'bounce') totals.sent -= 1;
    if (event === 'prove') {
      totals.failed -= 1;
      totals.unknown -= 1;
    }
    totals[failed ? 'failed' : 'sent'] += 1;
  }
  return { moved, isDone: moved > 0 && (await addToTotals(tx, key, totals)) };
}

function stepOf({ status, error_code }: ToldRow, { failed }: Told): keyof typeof SETTLE | null {
  if (status === 'failed') return error_code === OUTCOME_UNKNOWN ? 'prove' : null;
  if (status === 'pending') return failed ? null : 'arrive';
  if (status === 'sending') return failed ? 'settle' : null;
  return status === 'sent' && failed ? 'bounce' : null;
}

async function settleOne(
  tx: Transaction,
  event: keyof typeof SETTLE,
  sendSeq: number,
  s: Settlement,
): Promise<boolean> {
  assertStep(event, s.status);
  const changed = await tx.run(
    SETTLE[event],
    s.status,
    s.retries,
    s.retryAt,
    s.errorCode,
    s.error,
    s.providerSaid,
    s.providerMessageId,
    s.sentAt,
    sendSeq,
    s.position,
    s.attempts,
  );
  return changed > 0;
}

/** Somebody who counted as settled is not. Whoever is just saying that the send is over is waited for. */
async function reopen(tx: Transaction, sendSeq: number): Promise<void> {
  await lockSend(tx, sendSeq);
  await reopenSend(tx, sendSeq);
}
