import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { MERGE_COLUMNS, type MergeRow } from '../leads/lead.ts';
import { completeIfDealtWith, getSend, type SendRow } from '../sends/send.store.ts';
import type { ChannelName } from './channel.ts';

/** `retry_at` of a pending row that this run has given up on: the next call tries it again. */
export const GIVEN_UP = Number.MAX_SAFE_INTEGER;
export const OUTCOME_UNKNOWN = 'outcome_unknown';

const CONTACT = {
  email: { given: 'email', key: 'email_key', missing: 'missing_email', invalid: 'invalid_email' },
  whatsapp: { given: 'phone', key: 'phone_key', missing: 'missing_phone', invalid: 'invalid_phone' },
} as const satisfies Record<ChannelName, object>;

/** What stands in the way of messaging lead `l` (null: nothing), as SQL over the suppression `x`. */
function skipReason(channel: ChannelName): string {
  const { given, key, missing, invalid } = CONTACT[channel];
  return `CASE
    WHEN l.deleted_at IS NOT NULL THEN 'lead_deleted'
    WHEN l.${given} IS NULL THEN '${missing}'
    WHEN l.${key} IS NULL THEN '${invalid}'
    WHEN x.reason IS NOT NULL THEN x.reason
    END`;
}

/**
 * A send reaches each contact by one row only, whatever the leads do meanwhile: of several leads with one contact the
 * first gets the message. So a contact is taken when another row that is not skipped holds it. INDEXED BY, because
 * SQLite without statistics would rather walk the whole send for each row.
 */
function taken(contact: string, position: string): string {
  return `EXISTS (SELECT 1 FROM deliveries o INDEXED BY deliveries_by_contact
    WHERE o.send_seq = ? AND o.contact = ${contact} AND o.position <> ${position} AND o.status <> 'skipped')`;
}

/**
 * Makes the delivery rows of the next `count` members. One transaction; the place reached is kept with it.
 * @returns whether rows are left to make.
 */
export async function freezeChunk(tx: Transaction, send: SendRow, count: number): Promise<boolean> {
  if (send.frozen >= send.total) return false;
  const first = send.frozen + 1;
  const last = Math.min(send.frozen + count, send.total);
  await tx.run(
    `INSERT INTO deliveries (send_seq, position, lead_seq, contact, status, error_code)
     SELECT ?, position, lead_seq, contact, iif(reason IS NULL, 'pending', 'skipped'), reason FROM (
       SELECT position, lead_seq, contact, CASE
         WHEN reason IS NOT NULL THEN reason
         WHEN row_number() OVER (PARTITION BY contact, reason IS NULL ORDER BY position) > 1 THEN 'duplicate_contact'
         WHEN ${taken('c.contact', 'c.position')} THEN 'duplicate_contact'
         END AS reason
       FROM (
         SELECT m.position, m.lead_seq, l.${CONTACT[send.channel].key} AS contact, ${skipReason(send.channel)} AS reason
         FROM audience_members m
         JOIN leads l ON l.seq = m.lead_seq
         LEFT JOIN suppressions x ON x.channel = ? AND x.contact = l.${CONTACT[send.channel].key}
         WHERE m.audience_seq = ? AND m.position BETWEEN ? AND ?) c)`,
    send.seq,
    send.seq,
    send.channel,
    send.audience_seq,
    first,
    last,
  );
  const { skipped } = (await tx.get<{ skipped: number }>(
    "SELECT count(*) AS skipped FROM deliveries WHERE send_seq = ? AND position BETWEEN ? AND ? AND status = 'skipped'",
    send.seq,
    first,
    last,
  ))!;
  await tx.run('UPDATE sends SET frozen = ?, skipped = skipped + ? WHERE seq = ?', last, skipped, send.seq);
  return last < send.total;
}

export interface ClaimedRow extends MergeRow {
  delivery_position: number;
  contact: string;
  attempts: number;
  retries: number;
  suppressed: string | null;
  deleted_at: string | null;
}

const CLAIM = `SELECT d.position AS delivery_position, d.contact, d.attempts, d.retries, x.reason AS suppressed,
    l.deleted_at, ${MERGE_COLUMNS}
  FROM deliveries d JOIN leads l ON l.seq = d.lead_seq
  LEFT JOIN suppressions x ON x.channel = ? AND x.contact = d.contact`;
const SELECT_DUE = `${CLAIM} WHERE d.send_seq = ? AND d.retry_at <= ? ORDER BY d.retry_at LIMIT ?`;
const SELECT_FRESH = `${CLAIM} WHERE d.send_seq = ? AND d.position > ? AND d.status = 'pending' AND d.retry_at IS NULL
  ORDER BY d.position LIMIT ?`;

/** Rows whose retry is due, then rows never tried, at most `count`. Nothing is changed yet. */
export async function selectClaimable(
  tx: Transaction,
  send: SendRow,
  count: number,
  nowMs: number,
): Promise<ClaimedRow[]> {
  const due = await tx.all<ClaimedRow>(SELECT_DUE, send.channel, send.seq, nowMs, count);
  if (due.length === count || send.claimed >= send.frozen) return due;
  const fresh = await tx.all<ClaimedRow>(
    SELECT_FRESH,
    send.channel,
    send.seq,
    send.claimed,
    count - due.length,
  );
  // When fewer came than were asked for, the rest up to `frozen` was skipped when it was made.
  const reached = fresh.length === count - due.length ? fresh.at(-1)!.delivery_position : send.frozen;
  await tx.run('UPDATE sends SET claimed = ? WHERE seq = ?', reached, send.seq);
  return due.concat(fresh);
}

/** `pending → sending`, with the number of a fresh attempt. */
export async function markSending(tx: Transaction, sendSeq: number, position: number): Promise<void> {
  await tx.run(
    `UPDATE deliveries SET status = 'sending', attempts = attempts + 1, retry_at = NULL
     WHERE send_seq = ? AND position = ? AND status = 'pending'`,
    sendSeq,
    position,
  );
}

/** A row whose turn has come, but not yet for where it goes: looked at again at `retryAt`. */
export async function deferPending(
  tx: Transaction,
  sendSeq: number,
  position: number,
  retryAt: number,
): Promise<void> {
  await tx.run(
    "UPDATE deliveries SET retry_at = ? WHERE send_seq = ? AND position = ? AND status = 'pending'",
    retryAt,
    sendSeq,
    position,
  );
}

/** A row that must not be messaged after all: `pending → skipped` without an attempt. */
export async function skipPending(
  tx: Transaction,
  sendSeq: number,
  position: number,
  code: string,
  why: string | null,
): Promise<void> {
  const changed = await tx.run(
    `UPDATE deliveries SET status = 'skipped', retry_at = NULL, error_code = ?, error = ?
     WHERE send_seq = ? AND position = ? AND status = 'pending'`,
    code,
    why,
    sendSeq,
    position,
  );
  await tx.run('UPDATE sends SET skipped = skipped + ? WHERE seq = ?', changed, sendSeq);
}

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
  readonly providerMessageId: string | null;
  readonly sentAt: number | null;
}

const SETTLE = `UPDATE deliveries SET status = ?, retries = ?, retry_at = ?, error_code = ?, error = ?,
    provider_message_id = ?, sent_at = ? WHERE send_seq = ? AND position = ? AND attempts = ?`;
const SETTLE_SENDING = `${SETTLE} AND status = 'sending'`;
const SETTLE_UNKNOWN = `${SETTLE} AND status = 'failed' AND error_code = '${OUTCOME_UNKNOWN}'`;
const SETTLE_PENDING = `${SETTLE} AND status = 'pending'`;

/**
 * Writes down results and moves the totals with them. A row that recovery had declared unknown meanwhile is put right
 * by the result of the same attempt: that is proof. So is one that somebody has put back to pending since: it arrived
 * after all, and is not sent again.
 */
export async function settle(
  tx: Transaction,
  sendSeq: number,
  settlements: readonly Settlement[],
): Promise<void> {
  const moved = { in_flight: 0, sent: 0, failed: 0, unknown: 0, skipped: 0 };
  for (const s of settlements) {
    const values = [
      s.status,
      s.retries,
      s.retryAt,
      s.errorCode,
      s.error,
      s.providerMessageId,
      s.sentAt,
    ] as const;
    if (await tx.run(SETTLE_SENDING, ...values, sendSeq, s.position, s.attempts)) {
      moved.in_flight -= 1;
    } else if (
      s.errorCode !== OUTCOME_UNKNOWN &&
      (await tx.run(SETTLE_UNKNOWN, ...values, sendSeq, s.position, s.attempts))
    ) {
      moved.failed -= 1;
      moved.unknown -= 1;
      if (s.status === 'pending') await reopen(tx, sendSeq);
    } else if (
      s.status !== 'sent' ||
      !(await tx.run(SETTLE_PENDING, ...values, sendSeq, s.position, s.attempts))
    ) {
      continue;
    }
    if (s.status !== 'pending') moved[s.status] += 1;
    if (s.errorCode === OUTCOME_UNKNOWN) moved.unknown += 1;
  }
  await tx.run(
    `UPDATE sends SET in_flight = in_flight + ?, sent = sent + ?, failed = failed + ?, unknown = unknown + ?,
       skipped = skipped + ? WHERE seq = ?`,
    moved.in_flight,
    moved.sent,
    moved.failed,
    moved.unknown,
    moved.skipped,
    sendSeq,
  );
}

/** Somebody who counted as dealt with is not. */
async function reopen(tx: Transaction, sendSeq: number): Promise<void> {
  await tx.run(
    "UPDATE sends SET state = 'running', completed_at = NULL WHERE seq = ? AND state = 'completed'",
    sendSeq,
  );
}

/**
 * What a dispatcher that died has left: rows handed to a provider whose answer nobody will read. They are never more
 * than its window, and found by a small index.
 */
export async function recoverInDoubt(
  tx: Transaction,
  channel: ChannelName,
  mode: SendRow['mode'],
  why: string,
): Promise<number> {
  const sends = await tx.all<{ send_seq: number; count: number }>(
    `SELECT d.send_seq, count(*) AS count
     FROM (SELECT send_seq FROM deliveries WHERE status = 'sending') d JOIN sends s ON s.seq = d.send_seq
     WHERE s.channel = ? AND s.mode = ? GROUP BY d.send_seq`,
    channel,
    mode,
  );
  let total = 0;
  for (const { send_seq, count } of sends) {
    await tx.run(
      `UPDATE deliveries SET status = 'failed', error_code = ?, error = ? WHERE send_seq = ? AND status = 'sending'`,
      OUTCOME_UNKNOWN,
      why,
      send_seq,
    );
    await tx.run(
      'UPDATE sends SET in_flight = 0, failed = failed + ?, unknown = unknown + ? WHERE seq = ?',
      count,
      count,
      send_seq,
    );
    await completeIfDealtWith(tx, send_seq);
    total += count;
  }
  return total;
}

/**
 * Nothing waits for longer than `longestMs` from now: what another process wrote down by a clock that has been set back
 * since would wait for that much longer.
 */
export async function boundWaiting(tx: Transaction, nowMs: number, longestMs: number): Promise<void> {
  await tx.run(
    `UPDATE deliveries SET retry_at = ?
     WHERE send_seq IN (SELECT seq FROM sends) AND retry_at > ? AND retry_at < ?`,
    nowMs + longestMs,
    nowMs + longestMs,
    GIVEN_UP,
  );
}

/** When the next row that waits for a retry is due; null when none waits in this run. */
export async function nextRetryAt(reader: Reader, sendSeq: number): Promise<number | null> {
  const row = await reader.get<{ retry_at: number }>(
    'SELECT retry_at FROM deliveries WHERE send_seq = ? AND retry_at < ? ORDER BY retry_at LIMIT 1',
    sendSeq,
    GIVEN_UP,
  );
  return row?.retry_at ?? null;
}

/** Rows that an earlier run gave up on are tried again. */
export async function reviveGivenUp(tx: Transaction, sendSeq: number): Promise<number> {
  return tx.run(
    'UPDATE deliveries SET retry_at = 0, retries = 0 WHERE send_seq = ? AND retry_at >= ?',
    sendSeq,
    GIVEN_UP,
  );
}

export type Retry = 'failed' | 'unknown' | 'skipped';

/**
 * Puts up to `count` settled rows after `afterPosition` back to pending, with the contact that the lead has now.
 * A skipped row only returns when nothing stands in its way any more. What an attempt at another contact may still
 * have to say is then about that one: the number of the attempt moves on.
 * @returns the last position looked at, or null when there was none left.
 */
export async function requeue(
  tx: Transaction,
  sendSeq: number,
  retry: Retry,
  afterPosition: number,
  count: number,
): Promise<{ last: number; moved: number } | null> {
  const send = (await getSend(tx, sendSeq))!;
  const { key } = CONTACT[send.channel];
  const status = retry === 'skipped' ? 'skipped' : 'failed';
  const code =
    retry === 'skipped' ? '' : `AND d.error_code ${retry === 'unknown' ? '=' : '<>'} '${OUTCOME_UNKNOWN}'`;
  const rows = await tx.all<{ position: number; contact: string | null; reason: string | null }>(
    `SELECT d.position, l.${key} AS contact, ${skipReason(send.channel)} AS reason
     FROM deliveries d
     JOIN leads l ON l.seq = d.lead_seq
     LEFT JOIN suppressions x ON x.channel = ? AND x.contact = l.${key}
     WHERE d.send_seq = ? AND d.status = '${status}' AND d.position > ? ${code} ORDER BY d.position LIMIT ?`,
    send.channel,
    sendSeq,
    afterPosition,
    count,
  );
  let moved = 0;
  for (const { position, contact, reason } of rows) {
    if (reason !== null) continue;
    moved += await tx.run(
      `UPDATE deliveries SET status = 'pending', contact = ?, retries = 0, retry_at = 0,
         attempts = attempts + CASE WHEN contact = ? THEN 0 ELSE 1 END
       WHERE send_seq = ? AND position = ? AND status = '${status}' AND NOT ${taken('?', '?')}`,
      contact,
      contact,
      sendSeq,
      position,
      sendSeq,
      contact,
      position,
    );
  }
  await tx.run(
    `UPDATE sends SET ${status} = ${status} - ?, unknown = unknown - ? WHERE seq = ?`,
    moved,
    retry === 'unknown' ? moved : 0,
    sendSeq,
  );
  const last = rows.at(-1)?.position;
  return last === undefined ? null : { last, moved };
}

export async function suppress(
  tx: Transaction,
  channel: ChannelName,
  contact: string,
  reason: string,
): Promise<void> {
  await tx.run(
    'INSERT INTO suppressions VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    channel,
    contact,
    reason,
    new Date().toISOString(),
  );
}
