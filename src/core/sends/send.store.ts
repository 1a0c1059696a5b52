import type { Reader, Row, Transaction, Value } from '../../ledger/ledger.ts';
import type { ChannelName } from '../deliveries/channel.ts';
import type { PLACEHOLDER_POLICIES, SEND_STATES } from './send.schema.ts';

export interface SendRow {
  seq: number;
  id: string;
  audience_seq: number;
  channel: ChannelName;
  campaign: string;
  mode: 'sandbox' | 'live';
  state: (typeof SEND_STATES)[number];
  problem_code: string | null;
  problem: string | null;
  revision: number;
  message: string;
  format: 'text' | 'html';
  subject: string | null;
  from_name: string | null;
  placeholder_policy: (typeof PLACEHOLDER_POLICIES)[number];
  total: number;
  frozen: number;
  claimed: number;
  in_flight: number;
  sent: number;
  failed: number;
  unknown: number;
  skipped: number;
  rate_per_second: number | null;
  created_at: string;
  scheduled_at: number | null;
  completed_at: string | null;
}

export interface NamedSendRow extends SendRow {
  audience_id: string;
  audience_name: string;
}

const NAMED = `SELECT s.*, a.id AS audience_id, a.name AS audience_name
  FROM sends s JOIN audiences a ON a.seq = s.audience_seq`;

export function findSend(reader: Reader, id: string): Promise<NamedSendRow | undefined> {
  return reader.get<NamedSendRow>(`${NAMED} WHERE s.id = ?`, id);
}

export function getSend(reader: Reader, seq: number): Promise<SendRow | undefined> {
  return reader.get<SendRow>('SELECT * FROM sends WHERE seq = ?', seq);
}

export type SendKey = Pick<SendRow, 'audience_seq' | 'channel' | 'campaign' | 'mode'>;

export function findSendByKey(reader: Reader, key: SendKey): Promise<SendRow | undefined> {
  return reader.get<SendRow>(
    'SELECT * FROM sends WHERE audience_seq = ? AND channel = ? AND campaign = ? AND mode = ?',
    key.audience_seq,
    key.channel,
    key.campaign,
    key.mode,
  );
}

/** Newest first. */
export function listSends(
  reader: Reader,
  filter: { audienceId?: string; state?: string; beforeSeq: number; limit: number },
): Promise<NamedSendRow[]> {
  const parts = ['s.seq < ?'];
  const parameters: Value[] = [filter.beforeSeq];
  if (filter.audienceId !== undefined) {
    parts.push('a.id = ?');
    parameters.push(filter.audienceId);
  }
  if (filter.state !== undefined) {
    parts.push('s.state = ?');
    parameters.push(filter.state);
  }
  return reader.all<NamedSendRow>(
    `${NAMED} WHERE ${parts.join(' AND ')} ORDER BY s.seq DESC LIMIT ?`,
    ...parameters,
    filter.limit,
  );
}

export type NewSend = SendKey & Pick<SendRow, 'id' | 'created_at' | 'scheduled_at' | 'total'> & SendContent;
export type SendContent = Pick<
  SendRow,
  'message' | 'format' | 'subject' | 'from_name' | 'placeholder_policy'
>;

export async function insertSend(tx: Transaction, send: NewSend): Promise<void> {
  await insert(tx, 'sends', {
    ...send,
    state: send.scheduled_at === null ? 'running' : 'scheduled',
    revision: 1,
    frozen: 0,
    claimed: 0,
    in_flight: 0,
    sent: 0,
    failed: 0,
    unknown: 0,
    skipped: 0,
  });
}

/** Leads that are pending still get the new text; those already reached are not touched. */
export async function reviseSend(tx: Transaction, seq: number, content: SendContent): Promise<void> {
  await tx.run(
    `UPDATE sends SET revision = revision + 1, message = ?, format = ?, subject = ?, from_name = ?,
       placeholder_policy = ? WHERE seq = ?`,
    content.message,
    content.format,
    content.subject,
    content.from_name,
    content.placeholder_policy,
    seq,
  );
}

export async function setState(
  tx: Transaction,
  seq: number,
  state: SendRow['state'],
  problem: { code: string; message: string } | null = null,
): Promise<void> {
  await tx.run(
    'UPDATE sends SET state = ?, problem_code = ?, problem = ?, rate_per_second = NULL, completed_at = ? WHERE seq = ?',
    state,
    problem?.code ?? null,
    problem?.message ?? null,
    state === 'completed' ? new Date().toISOString() : null,
    seq,
  );
}

/** Whatever it was before: it waits for `atMs`. */
export async function schedule(tx: Transaction, seq: number, atMs: number): Promise<void> {
  await setState(tx, seq, 'scheduled');
  await setScheduledAt(tx, seq, atMs);
}

export async function setScheduledAt(tx: Transaction, seq: number, atMs: number): Promise<void> {
  await tx.run('UPDATE sends SET scheduled_at = ? WHERE seq = ?', atMs, seq);
}

/** Whether {@link startDue} would start any: a read of a few microseconds. */
export async function anyDue(reader: Reader, nowMs: number): Promise<boolean> {
  const sql = "SELECT 1 AS found FROM sends WHERE state = 'scheduled' AND scheduled_at <= ? LIMIT 1";
  return (await reader.get(sql, nowMs)) !== undefined;
}

/**
 * `scheduled` sends whose time has come → `running`. Harmless when two do it at once.
 * @param nowMs milliseconds since 1970 by the clock on the wall
 * @returns how many were started
 */
export function startDue(tx: Transaction, nowMs: number): Promise<number> {
  return tx.run("UPDATE sends SET state = 'running' WHERE state = 'scheduled' AND scheduled_at <= ?", nowMs);
}

/** When everyone is dealt with the send is completed, whether it ran, was paused or was cancelled too late. */
export async function completeIfDealtWith(tx: Transaction, seq: number): Promise<void> {
  await tx.run(
    `UPDATE sends SET state = 'completed', problem_code = NULL, problem = NULL, completed_at = ?
     WHERE seq = ? AND state <> 'completed' AND in_flight = 0 AND sent + failed + skipped = total`,
    new Date().toISOString(),
    seq,
  );
}

async function insert(tx: Transaction, table: string, row: Row | object): Promise<void> {
  const columns = Object.keys(row);
  await tx.run(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    ...(Object.values(row) as Value[]),
  );
}
