import type { Reader, Transaction, Value } from '../../ledger/ledger.ts';
import { IS_STOPPED } from '../../ledger/marks.ts';
import type { ChannelName } from '../channel.ts';
import { NOT_APPROVED } from './approval.store.ts';
import { campaignKey } from './campaign-key.ts';
import { insertChunks } from './chunk.store.ts';
import { contentHash } from './content-hash.ts';
import {
  AWAITS_APPROVAL,
  type PLACEHOLDER_POLICIES,
  SEND_TRANSITIONS,
  type SendEvent,
  type SendProblem,
  type SendState,
  type SendTransition,
  STOPPED,
  type Wait,
} from './send.ts';

export interface SendRow {
  seq: number;
  id: string;
  audience_seq: number;
  channel: ChannelName;
  campaign: string;
  mode: 'sandbox' | 'live';
  /** By which it leaves: the id of a sender. No part of what it is known by, and changed when another one takes it over. */
  sender: string;
  state: SendState;
  problem_code: string | null;
  problem: string | null;
  /** Milliseconds since 1970; null: there is none. */
  problem_since: number | null;
  /** The provider's own words about it. */
  provider_said: string | null;
  /** What pending messages wait for while it runs: the problem says why. */
  waiting_for: Wait | null;
  /** Milliseconds since 1970; null: nobody knows, or nothing waits. */
  waiting_until: number | null;
  revision: number;
  message: string;
  format: 'text' | 'html';
  subject: string | null;
  from_name: string | null;
  placeholder_policy: (typeof PLACEHOLDER_POLICIES)[number];
  total: number;
  frozen_through: number;
  created_at: string;
  scheduled_at: number | null;
  completed_at: string | null;
  /** 1: its people may get a text again that they got lately. */
  repeat_allowed: number;
  /** JSON of a `TemplateUse`; null: everybody gets the text. */
  template: string | null;
  /** JSON of what its messages bring along (`Attachment`); null: nothing. */
  attachments: string | null;
}

/** With the totals of its chunks. */
export interface TotalledSendRow extends SendRow {
  in_flight: number;
  sent: number;
  failed: number;
  unknown: number;
  skipped: number;
  rate_per_second: number | null;
}

export interface NamedSendRow extends TotalledSendRow {
  audience_id: string;
  audience_name: string;
}

const SUMS = ['in_flight', 'sent', 'failed', 'unknown', 'skipped']
  .map((column) => `CAST(sum(c.${column}) AS BIGINT) AS ${column}`)
  .join(', ');
const TOTALLED = `SELECT s.*, ${SUMS}, sum(c.rate_per_second) AS rate_per_second
  FROM sends s JOIN chunks c ON c.send_seq = s.seq`;
const NAMED = `SELECT s.*, ${SUMS}, sum(c.rate_per_second) AS rate_per_second, a.id AS audience_id,
    a.name AS audience_name
  FROM sends s JOIN chunks c ON c.send_seq = s.seq JOIN audiences a ON a.seq = s.audience_seq`;

/** Without its message, which may be 2 MB: for whoever reads many sends, or one again and again. */
export type BriefSendRow = Omit<NamedSendRow, 'message' | 'template' | 'attachments'>;

/** By name, so that the compiler misses a column that is missing. */
const BRIEF_COLUMNS: Record<Exclude<keyof SendRow, 'message' | 'template' | 'attachments'>, true> = {
  seq: true,
  id: true,
  audience_seq: true,
  channel: true,
  campaign: true,
  mode: true,
  sender: true,
  state: true,
  problem_code: true,
  problem: true,
  problem_since: true,
  provider_said: true,
  waiting_for: true,
  waiting_until: true,
  revision: true,
  format: true,
  subject: true,
  from_name: true,
  placeholder_policy: true,
  total: true,
  frozen_through: true,
  created_at: true,
  scheduled_at: true,
  completed_at: true,
  repeat_allowed: true,
};
const BRIEF = NAMED.replace(
  's.*',
  Object.keys(BRIEF_COLUMNS)
    .map((column) => `s.${column}`)
    .join(', '),
);

export function findBriefSend(reader: Reader, id: string): Promise<BriefSendRow | undefined> {
  return reader.get<BriefSendRow>(`${BRIEF} WHERE s.id = ? GROUP BY s.seq, a.seq`, id);
}

export function findSend(reader: Reader, id: string): Promise<NamedSendRow | undefined> {
  return reader.get<NamedSendRow>(`${NAMED} WHERE s.id = ? GROUP BY s.seq, a.seq`, id);
}

export function getSend(reader: Reader, seq: number): Promise<TotalledSendRow | undefined> {
  return reader.get<TotalledSendRow>(`${TOTALLED} WHERE s.seq = ? GROUP BY s.seq`, seq);
}

/**
 * Keeps everybody else from making rows of a send, or putting some back, until this transaction ends: which contact
 * has which row is decided by one at a time.
 */
export function lockSend(tx: Transaction, seq: number): Promise<SendRow | undefined> {
  return tx.get<SendRow>('SELECT * FROM sends WHERE seq = ? FOR UPDATE', seq);
}

export type SendKey = Pick<SendRow, 'audience_seq' | 'channel' | 'campaign' | 'mode'>;

export function findSendByKey(reader: Reader, key: SendKey): Promise<SendRow | undefined> {
  return reader.get<SendRow>(
    'SELECT * FROM sends WHERE audience_seq = ? AND channel = ? AND mode = ? AND campaign_key = ?',
    key.audience_seq,
    key.channel,
    key.mode,
    campaignKey(key.campaign),
  );
}

/** Newest first. */
export function listSends(
  reader: Reader,
  filter: { audienceId?: string; state?: string; beforeSeq: number; limit: number },
): Promise<BriefSendRow[]> {
  const parts = ['s.seq < ?'];
  const parameters: Value[] = [filter.beforeSeq];
  if (filter.audienceId !== undefined) {
    parts.push('s.audience_seq = (SELECT seq FROM audiences WHERE id = ?)');
    parameters.push(filter.audienceId);
  }
  if (filter.state !== undefined) {
    parts.push('s.state = ?');
    parameters.push(filter.state);
  }
  const shown = `SELECT s.seq FROM sends s WHERE ${parts.join(' AND ')} ORDER BY s.seq DESC LIMIT ?`;
  return reader.all<BriefSendRow>(
    `${BRIEF} WHERE s.seq IN (${shown}) GROUP BY s.seq, a.seq ORDER BY s.seq DESC`,
    ...parameters,
    filter.limit,
  );
}

export type NewSend = SendKey &
  Pick<SendRow, 'id' | 'sender' | 'created_at' | 'scheduled_at' | 'total' | 'repeat_allowed'> &
  SendContent;
export type SendContent = Pick<
  SendRow,
  'message' | 'format' | 'subject' | 'from_name' | 'placeholder_policy' | 'template' | 'attachments'
>;

/** @returns its number */
export async function insertSend(tx: Transaction, send: NewSend): Promise<number> {
  const row = {
    ...send,
    state: send.scheduled_at === null ? 'running' : 'scheduled',
    revision: 1,
    frozen_through: 0,
    campaign_key: campaignKey(send.campaign),
  };
  const columns = Object.keys(row);
  const inserted = await tx.get<{ seq: number }>(
    `INSERT INTO sends (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')}) RETURNING seq`,
    ...Object.values(row),
  );
  await noteText(tx, inserted!.seq, send);
  await insertChunks(tx, inserted!.seq, send.total);
  return inserted!.seq;
}

/** That it says this, from now on; what it said before is kept. */
async function noteText(tx: Transaction, seq: number, content: SendContent): Promise<void> {
  const sql = 'INSERT INTO send_texts (content_hash, send_seq) VALUES (?, ?) ON CONFLICT DO NOTHING';
  await tx.run(sql, contentHash(content), seq);
}

export async function allowRepeat(tx: Transaction, seq: number): Promise<void> {
  await tx.run('UPDATE sends SET repeat_allowed = 1 WHERE seq = ? AND repeat_allowed = 0', seq);
}

/** Leads that are pending still get the new text; those already reached are not touched. */
export async function reviseSend(tx: Transaction, seq: number, content: SendContent): Promise<void> {
  await tx.run(
    `UPDATE sends SET revision = revision + 1, message = ?, format = ?, subject = ?, from_name = ?,
       placeholder_policy = ?, template = ?, attachments = ? WHERE seq = ?`,
    content.message,
    content.format,
    content.subject,
    content.from_name,
    content.placeholder_policy,
    content.template,
    content.attachments,
    seq,
  );
  await noteText(tx, seq, content);
}

/** Which sends a transition is about: SQL over the columns of `sends`, with its parameters. */
export interface WhichSends {
  readonly where: string;
  readonly parameters: readonly Value[];
}

/**
 * The only place where a send changes its state: by a step that is drawn in send.ts. Those of the chosen sends that are
 * in no state from which the step leads stay as they are, and so do those that a person was asked about and has not
 * approved; for one send by its number, see {@link moveSend}.
 * @returns the ids of those that moved
 */
export async function transition(
  tx: Transaction,
  event: SendEvent,
  { where, parameters }: WhichSends,
  problem: SendProblem | null = null,
): Promise<string[]> {
  const { from, to }: SendTransition = SEND_TRANSITIONS[event];
  const gate = to === 'running' || to === 'scheduled' ? `NOT ${NOT_APPROVED} AND NOT ${IS_STOPPED} AND ` : '';
  const rows = await tx.all<{ id: string }>(
    `UPDATE sends SET state = '${to}', problem_code = ?, problem = ?, problem_since = ?, provider_said = ?,
       waiting_for = NULL, waiting_until = NULL, completed_at = ? WHERE state IN ('${from.join("', '")}') AND ${gate}${where} RETURNING id`,
    problem?.code ?? null,
    problem?.message ?? null,
    problem ? Date.now() : null,
    problem?.said ?? null,
    to === 'completed' ? new Date().toISOString() : null,
    ...parameters,
  );
  return rows.map(({ id }) => id);
}

/**
 * One step of one send.
 * @throws Error when no such step leads away from the state it is in: whoever asks for it has to look first
 */
export async function moveSend(
  tx: Transaction,
  seq: number,
  event: SendEvent,
  problem: SendProblem | null = null,
): Promise<void> {
  const moved = await transition(tx, event, { where: 'seq = ?', parameters: [seq] }, problem);
  if (moved.length > 0) return;
  const send = await tx.get<{ state: string }>('SELECT state FROM sends WHERE seq = ?', seq);
  throw new Error(`no step "${event}" leads away from a send that is ${send?.state ?? 'not there'}`);
}

/** What was over is not: it runs again, or waits for the person who was asked about it. */
export async function reopen(tx: Transaction, seq: number): Promise<void> {
  const which = { where: 'seq = ?', parameters: [seq] };
  if ((await transition(tx, 'reopen', which)).length > 0) return;
  const waiting = { where: `state = 'completed' AND ${NOT_APPROVED} AND seq = ?`, parameters: [seq] };
  if ((await transition(tx, 'reopen_paused', waiting, AWAITS_APPROVAL)).length > 0) return;
  const stopped = { where: `state = 'completed' AND ${IS_STOPPED} AND seq = ?`, parameters: [seq] };
  await transition(tx, 'reopen_paused', stopped, { code: STOPPED, message: 'All sending is stopped.' });
}

/**
 * Why pending messages of a running send do not leave; null: nothing keeps them. Since when is kept while they wait,
 * whatever for.
 */
export async function noteWaiting(
  tx: Transaction,
  seq: number,
  waiting: {
    readonly what: Wait;
    readonly problem: SendProblem;
    readonly untilMs?: number | null;
  } | null,
): Promise<void> {
  const { code, message, said } = waiting?.problem ?? { code: null, message: null };
  await tx.run(
    `UPDATE sends SET waiting_for = ?, waiting_until = ?, problem_code = ?, problem = ?, provider_said = ?,
       problem_since = CASE WHEN CAST(? AS TEXT) IS NULL THEN NULL ELSE coalesce(problem_since, ?) END
     WHERE seq = ? AND state = 'running' AND (problem IS DISTINCT FROM ? OR waiting_for IS DISTINCT FROM ?
       OR waiting_until IS DISTINCT FROM CAST(? AS BIGINT))`,
    waiting?.what ?? null,
    waiting?.untilMs ?? null,
    code,
    message,
    said ?? null,
    message,
    Date.now(),
    seq,
    message,
    waiting?.what ?? null,
    waiting?.untilMs ?? null,
  );
}

/**
 * What those of a sender waited for may be there: whoever sends looks, and says so again where it is not.
 * @returns how many sends
 */
export async function releaseWaiting(tx: Transaction, sender: string, what: Wait): Promise<number> {
  return tx.run(
    `UPDATE sends SET waiting_for = NULL, waiting_until = NULL, problem_code = NULL, problem = NULL, provider_said = NULL
     WHERE sender = ? AND state = 'running' AND waiting_for = ?`,
    sender,
    what,
  );
}

/** Gets a time, or another one, and waits for it. */
export async function schedule(tx: Transaction, seq: number, atMs: number): Promise<void> {
  await moveSend(tx, seq, 'reschedule');
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
export async function startDue(tx: Transaction, nowMs: number): Promise<number> {
  return (await transition(tx, 'start', { where: 'scheduled_at <= ?', parameters: [nowMs] })).length;
}

/**
 * When everyone is settled the send is completed, whether it ran, was paused or was cancelled too late.
 * @returns whether it was
 */
export async function completeIfSettled(tx: Transaction, seq: number): Promise<boolean> {
  const settled = 'total = (SELECT sum(sent + failed + skipped) FROM chunks WHERE send_seq = sends.seq)';
  return (
    (await transition(tx, 'complete', { where: `seq = ? AND ${settled}`, parameters: [seq] })).length > 0
  );
}

/** All sends of one channel, mode and state. */
export interface SendCount {
  readonly channel: ChannelName;
  readonly mode: 'sandbox' | 'live';
  readonly state: string;
  readonly sends: number;
  /** Messages that have not been claimed, or wait to be tried again; 0 for sends that are over. */
  readonly waiting: number;
}

/** Sends by channel, mode and state; of those that may go on, how many messages wait. One walk over the sends. */
export function countSends(reader: Reader): Promise<SendCount[]> {
  return reader.all<SendCount>(
    `SELECT s.channel, s.mode, s.state, CAST(count(*) AS BIGINT) AS sends,
       CAST(coalesce(sum(CASE WHEN s.state IN ('running', 'scheduled', 'paused') THEN (
         SELECT sum(c.last_position - c.first_position + 1 - c.sent - c.failed - c.skipped - c.in_flight)
         FROM chunks c WHERE c.send_seq = s.seq) END), 0) AS BIGINT) AS waiting
     FROM sends s GROUP BY s.channel, s.mode, s.state`,
  );
}

/** How many messages of running sends are still to be sent. */
export async function countLeft(reader: Reader): Promise<number> {
  const row = await reader.get<{ count: number }>(
    `SELECT CAST(coalesce(sum(c.last_position - c.first_position + 1 - c.sent - c.failed - c.skipped), 0) AS BIGINT)
       AS count
     FROM chunks c JOIN sends s ON s.seq = c.send_seq WHERE s.state = 'running'`,
  );
  return row!.count;
}
