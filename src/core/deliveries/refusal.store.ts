import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { addToTotals, NO_CHANGE } from '../sends/chunk.store.ts';
import { GIVEN_UP, stepSql } from './delivery.ts';

/**
 * A recipient that was refused, until it is known whose fault that was. It holds no contact: the delivery does.
 *
 *   open ──the sender proves itself by this send──▶ gone, its contact suppressed if the refusal says so
 *     └────everybody is refused──▶ put back ──refused again after the sender has proved itself──▶ open, not counted
 */
export interface Refused {
  readonly sendSeq: number;
  readonly position: number;
  readonly attempts: number;
  /** Why the contact is to be suppressed, once the refusal is trusted; null: it is not. */
  readonly reason: string | null;
  /** Somebody was accepted after it. */
  readonly followed: boolean;
}

/** Where a sender stands. */
export interface Run {
  /** Refusals that an acceptance may still say something about. */
  readonly active: number;
  /** Open ones after which nobody was accepted. */
  readonly unfollowed: number;
  /** As many of them in a row are too many. */
  readonly counted: number;
  /** The newest. */
  readonly upTo: number;
}

export async function readRun(reader: Reader, sender: string): Promise<Run> {
  const row = await reader.get<{ active: number; unfollowed: number; counted: number; up_to: number }>(
    `SELECT count(*) AS active, coalesce(max(seq), 0) AS up_to,
       CAST(coalesce(sum(CASE WHEN state = 'open' AND followed = 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS unfollowed,
       CAST(coalesce(sum(CASE WHEN state = 'open' AND followed = 0 THEN counted ELSE 0 END), 0) AS BIGINT) AS counted
     FROM refusals WHERE sender = ? AND (state = 'open' OR followed = 0)`,
    sender,
  );
  const { up_to: upTo, ...run } = row!;
  return { ...run, upTo };
}

/** One that was put back, and is refused although others were accepted since, does not count again. */
export async function noteRefused(tx: Transaction, sender: string, refused: Refused): Promise<void> {
  const { sendSeq, position, attempts, reason, followed } = refused;
  const before = await tx.get<{ sender: string; state: string; followed: number }>(
    'DELETE FROM refusals WHERE send_seq = ? AND position = ? RETURNING sender, state, followed',
    sendSeq,
    position,
  );
  const isKnown = before?.sender === sender && before.state === 'put_back' && before.followed === 1;
  await tx.run(
    `INSERT INTO refusals (sender, send_seq, position, attempts, reason, state, followed, counted)
     VALUES (?, ?, ?, ?, ?, 'open', ?, ?)`,
    sender,
    sendSeq,
    position,
    attempts,
    reason,
    followed ? 1 : 0,
    isKnown ? 0 : 1,
  );
}

/** Somebody was accepted; `upTo`: by an attempt that began when these were known, null: none did. */
export async function markFollowed(tx: Transaction, sender: string, upTo: number | null): Promise<void> {
  await tx.run(
    "UPDATE refusals SET followed = 1 WHERE sender = ? AND followed = 0 AND (state = 'open' OR seq <= ?)",
    sender,
    upTo ?? 0,
  );
}

/**
 * Refusals that are trusted now. A row that was tried again since is left alone.
 * @returns whom they were about
 */
export async function takeTrusted(
  tx: Transaction,
  sender: string,
  sendSeq: number,
  upTo: number,
): Promise<{ contact: string; reason: string }[]> {
  const trusted = await tx.all<{ contact: string; reason: string }>(
    `SELECT d.contact, r.reason FROM refusals r
     JOIN deliveries d ON d.send_seq = r.send_seq AND d.position = r.position
     WHERE r.sender = ? AND r.send_seq = ? AND r.state = 'open' AND r.seq <= ? AND r.reason IS NOT NULL
       AND d.attempts = r.attempts AND d.status = 'failed' AND d.contact IS NOT NULL`,
    sender,
    sendSeq,
    upTo,
  );
  await tx.run(
    "DELETE FROM refusals WHERE sender = ? AND send_seq = ? AND state = 'open' AND seq <= ?",
    sender,
    sendSeq,
    upTo,
  );
  return trusted;
}

/** The sends that open refusals belong to. */
export async function sendsOfOpen(reader: Reader, sender: string): Promise<number[]> {
  const rows = await reader.all<{ send_seq: number }>(
    "SELECT DISTINCT send_seq FROM refusals WHERE sender = ? AND state = 'open'",
    sender,
  );
  return rows.map(({ send_seq }) => send_seq);
}

/** Of sends that are over nobody will know any more: their leads stay failed, and nobody is suppressed for it. */
export async function forgetEnded(tx: Transaction, sender: string, upTo: number): Promise<void> {
  await tx.run(
    `DELETE FROM refusals WHERE sender = ? AND state = 'open' AND seq <= ?
       AND send_seq IN (SELECT seq FROM sends WHERE state IN ('completed', 'cancelled'))`,
    sender,
    upTo,
  );
}

/**
 * `failed → pending` for open refusals: all of the sender's, or those of sends that `problemCode` has paused. Certainly
 * none of them was sent. They wait for the next call or resume.
 * @returns the sends that they belong to
 */
export async function putBack(
  tx: Transaction,
  sender: string,
  which: { all: boolean; problemCode: string },
): Promise<Set<number>> {
  const rows = await tx.all<{
    seq: number;
    send_seq: number;
    position: number;
    attempts: number;
    number: number;
  }>(
    `SELECT r.seq, r.send_seq, r.position, r.attempts, c.number FROM refusals r
     JOIN sends s ON s.seq = r.send_seq
     JOIN chunks c ON c.send_seq = r.send_seq AND r.position BETWEEN c.first_position AND c.last_position
     WHERE r.sender = ? AND r.state = 'open' ${which.all ? '' : "AND s.state = 'paused' AND s.problem_code = ?"}
     ORDER BY r.send_seq, r.position`,
    sender,
    ...(which.all ? [] : [which.problemCode]),
  );
  for (const chunk of Map.groupBy(rows, ({ send_seq, number }) => `${send_seq}/${number}`).values()) {
    let moved = 0;
    const { set, where } = stepSql('requeue_failed');
    for (const { seq, send_seq, position, attempts } of chunk) {
      moved += await tx.run(
        `UPDATE deliveries SET ${set}, retries = 0, retry_at = ?
         WHERE send_seq = ? AND position = ? AND attempts = ? AND ${where}`,
        GIVEN_UP,
        send_seq,
        position,
        attempts,
      );
      await tx.run("UPDATE refusals SET state = 'put_back', followed = 0 WHERE seq = ?", seq);
    }
    if (moved > 0) await addToTotals(tx, chunk[0]!, { ...NO_CHANGE, failed: -moved });
  }
  return new Set(rows.map(({ send_seq }) => send_seq));
}
