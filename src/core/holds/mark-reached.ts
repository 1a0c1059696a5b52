import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import { OUTCOME_UNKNOWN, stepSql } from '../deliveries/delivery.ts';
import { freezeRows } from '../deliveries/freeze.ts';
import { addToTotals, chunkAt, NO_CHANGE } from '../sends/chunk.store.ts';
import { completeIfSettled, lockSend } from '../sends/send.store.ts';

const ROWS = 500;
const FREEZE_ROWS = 2_000;
const WHY = 'A log names this delivery, which the restored backup does not know of: it may have arrived.';

/**
 * Deliveries that somebody else's log names and that are pending here, as after a restore: nobody can know their
 * outcome from here, so they are `failed / outcome_unknown`, and never sent again by themselves.
 * @param positions within the send; those that are not in it are left out
 * @returns how many were pending
 */
export async function markReached(
  ledger: Ledger,
  sendId: string,
  positions: ReadonlySet<number>,
): Promise<number> {
  const send = await ledger.get<{ seq: number; total: number }>(
    'SELECT seq, total FROM sends WHERE id = ?',
    sendId,
  );
  if (!send) return 0;
  const wanted = [...positions].filter((at) => at >= 1 && at <= send.total).sort((a, b) => a - b);
  const last = wanted.at(-1);
  if (last === undefined) return 0;
  while (await ledger.write((tx) => makeRowsTo(tx, send.seq, last)));
  let marked = 0;
  for (let from = 0; from < wanted.length; from += ROWS)
    marked += await ledger.write((tx) => markSome(tx, send.seq, wanted.slice(from, from + ROWS)));
  return marked;
}

/** @returns whether rows up to there are left to make. */
async function makeRowsTo(tx: Transaction, sendSeq: number, position: number): Promise<boolean> {
  const send = (await lockSend(tx, sendSeq))!;
  return send.frozen_through < position && (await freezeRows(tx, send, FREEZE_ROWS));
}

/** Chunk after chunk, each locked before its rows, as whoever sends does it. */
async function markSome(tx: Transaction, sendSeq: number, positions: readonly number[]): Promise<number> {
  const { set, where } = stepSql('may_have_left');
  let marked = 0;
  for (let at = 0; at < positions.length; ) {
    const chunk = (await chunkAt(tx, sendSeq, positions[at]!))!;
    await tx.get(
      'SELECT 1 AS locked FROM chunks WHERE send_seq = ? AND number = ? FOR UPDATE',
      sendSeq,
      chunk.number,
    );
    let count = 0;
    for (; at < positions.length && positions[at]! <= chunk.last_position; at++) {
      count += await tx.run(
        `UPDATE deliveries SET ${set}, error_code = ?, error = ?, provider_said = NULL, retry_at = NULL
         WHERE send_seq = ? AND position = ? AND ${where}`,
        OUTCOME_UNKNOWN,
        WHY,
        sendSeq,
        positions[at]!,
      );
    }
    if (count > 0) await addToTotals(tx, chunk, { ...NO_CHANGE, failed: count, unknown: count });
    marked += count;
  }
  if (marked > 0) await completeIfSettled(tx, sendSeq);
  return marked;
}
