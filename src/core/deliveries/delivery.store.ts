import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { MERGE_COLUMNS, type MergeRow } from '../leads/lead.ts';
import { addToTotals, type ChunkKey, type ChunkRow, chunkAt, NO_CHANGE } from '../sends/chunk.store.ts';
import { completeIfSettled, lockSend, type SendRow } from '../sends/send.store.ts';
import type { ChannelName } from './sender.ts';

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
 * Makes the delivery rows of the next `count` members. One transaction, in which nobody else makes rows of this send
 * ({@link lockSend}); the place reached is kept with it.
 * @returns whether rows are left to make.
 */
export async function freezeRows(tx: Transaction, send: SendRow, count: number): Promise<boolean> {
  if (send.frozen >= send.total) return false;
  const first = send.frozen + 1;
  const chunk = (await chunkAt(tx, send.seq, first))!;
  const last = Math.min(send.frozen + count, chunk.last_position);
  await tx.run(
    `INSERT INTO deliveries (send_seq, position, lead_seq, contact, status, error_code)
     SELECT CAST(? AS BIGINT), position, lead_seq, contact,
       CASE WHEN reason IS NULL THEN 'pending' ELSE 'skipped' END, reason FROM (
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
         WHERE m.audience_seq = ? AND m.position BETWEEN ? AND ?) c) r`,
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
  if (skipped > 0) await addToTotals(tx, chunk, { ...NO_CHANGE, skipped });
  await tx.run('UPDATE sends SET frozen = ? WHERE seq = ?', last, send.seq);
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
  frozen: number,
  count: number,
  nowMs: number,
): Promise<{ rows: ClaimedRow[]; due: number; claimed: number }> {
  const { send_seq, first_position, last_position, claimed } = chunk;
  const made = Math.min(frozen, last_position);
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
    claimed: whole ? Math.max(made, claimed) : (some.at(-1)?.delivery_position ?? claimed),
  };
}

const MARK = `UPDATE deliveries SET status = 'sending', attempts = attempts + 1, retry_at = NULL
  WHERE send_seq = ? AND status = 'pending' AND position`;

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
    "UPDATE deliveries SET retry_at = ? WHERE send_seq = ? AND position = ? AND status = 'pending'",
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
  code: string,
  why: string | null,
): Promise<void> {
  await tx.run(
    `UPDATE deliveries SET status = 'skipped', retry_at = NULL, error_code = ?, error = ?, provider_said = NULL
     WHERE send_seq = ? AND position = ? AND status = 'pending'`,
    code,
    why,
    sendSeq,
    position,
  );
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
  readonly providerSaid: string | null;
  readonly providerMessageId: string | null;
  readonly sentAt: number | null;
}

const SETTLE = `UPDATE deliveries SET status = ?, retries = ?, retry_at = ?, error_code = ?, error = ?,
    provider_said = ?, provider_message_id = ?, sent_at = ? WHERE send_seq = ? AND position = ? AND attempts = ?`;
const SETTLE_SENDING = `${SETTLE} AND status = 'sending'`;
const SETTLE_UNKNOWN = `${SETTLE} AND status = 'failed' AND error_code = '${OUTCOME_UNKNOWN}'`;
const SETTLE_PENDING = `${SETTLE} AND status = 'pending'`;

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
    AND d.attempts = v.attempts AND d.status = 'sending'
  RETURNING d.position`;

/**
 * Writes down results and moves the totals with them. A row that recovery had declared unknown meanwhile is put right
 * by the result of the same attempt: that is proof. So is one that somebody has put back to pending since: it arrived
 * after all, and is not sent again.
 * @returns whether everyone in the chunk has been dealt with.
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
    } else if (s.errorCode !== OUTCOME_UNKNOWN && (await settleOne(tx, SETTLE_UNKNOWN, key.send_seq, s))) {
      moved.failed -= 1;
      moved.unknown -= 1;
      reopens ||= s.status === 'pending';
    } else if (s.status !== 'sent' || !(await settleOne(tx, SETTLE_PENDING, key.send_seq, s))) {
      continue;
    }
    if (s.status !== 'pending') moved[s.status] += 1;
    if (s.errorCode === OUTCOME_UNKNOWN) moved.unknown += 1;
  }
  const isDone = await addToTotals(tx, key, moved);
  if (reopens) await reopen(tx, key.send_seq);
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
  for (const s of settlements) if (await settleOne(tx, SETTLE_SENDING, sendSeq, s)) settled.add(s.position);
  return settled;
}

async function settleOne(tx: Transaction, sql: string, sendSeq: number, s: Settlement): Promise<boolean> {
  const changed = await tx.run(
    sql,
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

/** Somebody who counted as dealt with is not. Whoever is just saying that the send is over is waited for. */
async function reopen(tx: Transaction, sendSeq: number): Promise<void> {
  await lockSend(tx, sendSeq);
  await tx.run(
    "UPDATE sends SET state = 'running', completed_at = NULL WHERE seq = ? AND state = 'completed'",
    sendSeq,
  );
}

/**
 * What a process that died has left: rows handed to a provider whose answer nobody will read. They are never more
 * than its window.
 */
export async function recoverInDoubt(
  tx: Transaction,
  channel: ChannelName,
  mode: SendRow['mode'],
  why: string,
): Promise<number> {
  let total = 0;
  const chunks = await tx.all<ChunkRow>(
    `SELECT c.* FROM chunks c JOIN sends s ON s.seq = c.send_seq
     WHERE s.channel = ? AND s.mode = ? AND c.in_flight > 0`,
    channel,
    mode,
  );
  for (const chunk of chunks) total += await recoverChunk(tx, chunk, why);
  return total;
}

export async function recoverChunk(tx: Transaction, chunk: ChunkRow, why: string): Promise<number> {
  const count = await tx.run(
    `UPDATE deliveries INDEXED BY deliveries_sending SET status = 'failed', error_code = ?, error = ?, provider_said = NULL
     WHERE send_seq = ? AND position BETWEEN ? AND ? AND status = 'sending'`,
    OUTCOME_UNKNOWN,
    why,
    chunk.send_seq,
    chunk.first_position,
    chunk.last_position,
  );
  if (count === 0) return 0;
  await addToTotals(tx, chunk, { ...NO_CHANGE, in_flight: -count, failed: count, unknown: count });
  await completeIfSettled(tx, chunk.send_seq);
  return count;
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
  let count = 0;
  for (const { position, attempts } of rows) {
    if (inFlight.get(position) === attempts) continue;
    count += await tx.run(
      "UPDATE deliveries SET status = 'pending', retry_at = 0 WHERE send_seq = ? AND position = ? AND status = 'sending'",
      chunk.send_seq,
      position,
    );
  }
  if (count > 0) await addToTotals(tx, chunk, { ...NO_CHANGE, in_flight: -count });
  return count;
}

/**
 * Nothing waits for longer than `longestMs` from now: what another process wrote down by a clock that has been set back
 * since would wait for that much longer.
 */
export async function capRetryDelays(tx: Transaction, nowMs: number, longestMs: number): Promise<void> {
  await tx.run(
    `UPDATE deliveries SET retry_at = ?
     WHERE send_seq IN (SELECT seq FROM sends) AND retry_at > ? AND retry_at < ?`,
    nowMs + longestMs,
    nowMs + longestMs,
    GIVEN_UP,
  );
}

/** Whether any row waits for a retry in this run. */
export async function awaitsRetry(reader: Reader, sendSeq: number): Promise<boolean> {
  const sql = 'SELECT 1 AS found FROM deliveries WHERE send_seq = ? AND retry_at < ? LIMIT 1';
  return (await reader.get(sql, sendSeq, GIVEN_UP)) !== undefined;
}

/** Workers look for a send that was resumed within two seconds or so: only then is anybody claimed. */
const AFTER_OTHERS_MS = 5_000;

/**
 * Rows that an earlier run gave up on are tried again; whom everybody's refusal put back, after those never tried: it
 * is their acceptance that says that the sender is not refused any more.
 */
export async function retryGivenUp(tx: Transaction, sendSeq: number, nowMs: number): Promise<number> {
  const sql = 'SELECT 1 AS found FROM chunks WHERE send_seq = ? AND claimed < last_position LIMIT 1';
  const hasOthers = (await tx.get(sql, sendSeq)) !== undefined;
  return tx.run(
    `UPDATE deliveries SET retries = 0, retry_at = CASE WHEN EXISTS (SELECT 1 FROM refusals r
         WHERE r.send_seq = deliveries.send_seq AND r.position = deliveries.position) THEN CAST(? AS BIGINT) ELSE 0 END
     WHERE send_seq = ? AND retry_at >= ?`,
    hasOthers ? nowMs + AFTER_OTHERS_MS : 0,
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
  const send = (await lockSend(tx, sendSeq))!;
  const { key } = CONTACT[send.channel];
  const status = retry === 'skipped' ? 'skipped' : 'failed';
  const code =
    retry === 'skipped' ? 'IS NOT NULL' : `${retry === 'unknown' ? '=' : '<>'} '${OUTCOME_UNKNOWN}'`;
  const rows = await tx.all<{
    position: number;
    number: number;
    contact: string | null;
    reason: string | null;
  }>(
    `SELECT d.position, c.number, l.${key} AS contact, ${skipReason(send.channel)} AS reason
     FROM deliveries d
     JOIN leads l ON l.seq = d.lead_seq
     JOIN chunks c ON c.send_seq = d.send_seq AND d.position BETWEEN c.first_position AND c.last_position
     LEFT JOIN suppressions x ON x.channel = ? AND x.contact = l.${key}
     WHERE d.send_seq = ? AND d.status = '${status}' AND d.position > ? AND d.error_code ${code}
     ORDER BY d.position LIMIT ?`,
    send.channel,
    sendSeq,
    afterPosition,
    count,
  );
  const moved = new Map<number, number>();
  for (const { position, number, contact, reason } of rows) {
    if (reason !== null) continue;
    // The code again: a late answer may have said meanwhile what was unknown.
    const changed = await tx.run(
      `UPDATE deliveries SET status = 'pending', contact = ?, retries = 0, retry_at = 0,
         attempts = attempts + CASE WHEN contact = ? THEN 0 ELSE 1 END
       WHERE send_seq = ? AND position = ? AND status = '${status}' AND error_code ${code} AND NOT ${taken('?', '?')}`,
      contact,
      contact,
      sendSeq,
      position,
      sendSeq,
      contact,
      position,
    );
    moved.set(number, (moved.get(number) ?? 0) + changed);
  }
  let total = 0;
  for (const [number, some] of moved) {
    total += some;
    const unknown = retry === 'unknown' ? -some : 0;
    await addToTotals(tx, { send_seq: sendSeq, number }, { ...NO_CHANGE, unknown, [status]: -some });
  }
  const last = rows.at(-1)?.position;
  return last === undefined ? null : { last, moved: total };
}
