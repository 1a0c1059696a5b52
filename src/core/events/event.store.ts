import { byDialect, type Reader, type Transaction, type Value } from '../../ledger/ledger.ts';
import { findMark, setMark } from '../../ledger/marks.ts';
import { parseAttemptId } from '../deliveries/attempt-id.ts';
import { erasedAmong } from '../suppressions/erased-contact.ts';
import type { EventType, ProviderEvent } from './event.ts';

export interface EventRow {
  readonly seq: number;
  readonly provider: string;
  readonly type: EventType;
  readonly sender: string | null;
  readonly send_seq: number | null;
  readonly position: number | null;
  readonly attempt: number | null;
  readonly lead_seq: number | null;
  readonly contact: string | null;
  readonly user_id: string | null;
  readonly occurred_at: number;
  readonly received_at: number;
  readonly code: string | null;
  /** JSON of an {@link EventDetail}. */
  readonly detail: string | null;
}

/** What is given of an event, in order; `t` text, `n` whole number. */
const GIVEN = {
  provider: 't',
  event_key: 't',
  type: 't',
  sender: 't',
  send_id: 't',
  position: 'n',
  attempt: 'n',
  contact: 't',
  user_id: 't',
  occurred_at: 'n',
  code: 't',
  detail: 't',
} as const;
const NAMES = Object.keys(GIVEN) as (keyof typeof GIVEN)[];
const FROM = byDialect({
  sqlite: `(SELECT ${NAMES.map((name, at) => `json_extract(value, '$[${at}]') AS ${name}`).join(', ')} FROM json_each(?)) v`,
  postgres: `unnest(${NAMES.map((name) => `CAST(? AS ${GIVEN[name] === 't' ? 'TEXT' : 'BIGINT'}[])`).join(', ')})
    AS v (${NAMES.join(', ')})`,
});

/** Of the delivery of somebody who was erased, what would say who they were is left out. */
const unlessErased = (column: string) => `CASE WHEN d.contact LIKE '#%' THEN NULL ELSE v.${column} END`;
const insertSql = (
  from: string,
) => `INSERT INTO events (seq, provider, event_key, type, sender, send_seq, position, attempt, lead_seq, contact, user_id,
    occurred_at, received_at, code, detail)
  SELECT CAST(? AS BIGINT) + row_number() OVER (), v.provider, v.event_key, v.type, v.sender, d.send_seq, d.position,
    CASE WHEN d.position IS NULL THEN NULL ELSE v.attempt END, d.lead_seq, v.contact, ${unlessErased('user_id')},
    v.occurred_at, CAST(? AS BIGINT), v.code, ${unlessErased('detail')}
  FROM ${from}
  LEFT JOIN sends s ON s.id = v.send_id AND s.mode = CASE WHEN v.provider = 'sandbox' THEN v.provider ELSE 'live' END
  LEFT JOIN deliveries d ON d.send_seq = s.seq AND d.position = v.position
  WHERE true ON CONFLICT (provider, event_key) DO NOTHING`;
const INSERT = byDialect({
  sqlite: insertSql(FROM({ dialect: 'sqlite' })),
  postgres: insertSql(FROM({ dialect: 'postgres' })),
});

/**
 * Writes down what was not known yet, in one statement. Rows become visible in the order of their numbers, so that whoever
 * keeps the last number it has seen misses none: on PostgreSQL one transaction at a time makes rows.
 * @returns how many were new
 */
export async function insertEvents(
  tx: Transaction,
  events: readonly ProviderEvent[],
  receivedAt: number,
): Promise<number> {
  if (events.length === 0) return 0;
  if (tx.dialect === 'postgres')
    await tx.get(
      "SELECT 1 AS locked FROM pg_advisory_xact_lock(hashtext('tidings events ' || current_schema()))",
    );
  const erased = await erasedAmong(tx, [...new Set(events.flatMap(({ contact }) => contact ?? []))]);
  const cells = events.map((event) => cellsOf(event, erased, receivedAt));
  const given =
    tx.dialect === 'sqlite' ? [JSON.stringify(cells)] : NAMES.map((_, at) => cells.map((row) => row[at]!));
  return tx.run(INSERT(tx), await lastSeq(tx), receivedAt, ...given);
}

/** No number comes twice: neither that of a row that was removed, nor one that somebody has come past. */
async function lastSeq(tx: Transaction): Promise<number> {
  const { last } = (await tx.get<{ last: number }>(
    `SELECT coalesce(max(v.seq), 0) AS last FROM (
       SELECT max(seq) AS seq FROM events
       UNION ALL SELECT max(CAST(value AS BIGINT)) FROM marks WHERE name IN ('${FOLDED}', '${FORWARDED}')) v`,
  ))!;
  return last;
}

/** Of a person who was erased and writes again: that they did, and what they want, under their hash. */
function cellsOf(event: ProviderEvent, erased: ReadonlyMap<string, string>, receivedAt: number): Value[] {
  const place = event.attemptId === null ? null : parseAttemptId(event.attemptId);
  const hash = event.contact === null ? undefined : erased.get(event.contact);
  const detail = hash === undefined ? (event.detail ?? {}) : {};
  const text = JSON.stringify(detail);
  return [
    event.provider,
    event.key,
    event.type,
    event.sender,
    place?.sendId ?? null,
    place?.position ?? null,
    place?.attempt ?? null,
    hash ?? event.contact,
    hash === undefined ? event.userId : null,
    Number.isSafeInteger(event.occurredAt) ? event.occurredAt : receivedAt,
    event.code,
    text === '{}' ? null : text,
  ];
}

/** Up to this number events have had their effect. */
export const FOLDED = 'events_folded';
/** Up to this number they were passed on. */
export const FORWARDED = 'events_forwarded';

/** Held until the transaction ends: one process folds at a time. */
export async function lockFolded(tx: Transaction): Promise<number> {
  const sql = 'SELECT value FROM marks WHERE name = ? FOR UPDATE';
  const row = await tx.get<{ value: string }>(sql, FOLDED);
  if (row) return Number(row.value);
  await tx.run("INSERT INTO marks (name, value) VALUES (?, '0') ON CONFLICT DO NOTHING", FOLDED);
  return Number((await tx.get<{ value: string }>(sql, FOLDED))!.value);
}

export function setFolded(tx: Transaction, seq: number): Promise<void> {
  return setMark(tx, FOLDED, String(seq));
}

/**
 * Who said no, or yes again, among the events that had their effect since `afterSeq`; null: none, only how far it came.
 * The types are those of the index.
 */
export async function listChoices(
  reader: Reader,
  afterSeq: number | null,
): Promise<{ foldedSeq: number; choices: { contact: string; isOut: boolean; isMarketing: boolean }[] }> {
  if (afterSeq === null) return { foldedSeq: Number((await findMark(reader, FOLDED)) ?? 0), choices: [] };
  const rows = await reader.all<
    { folded: number; type: EventType | null; contact: string | null } & Pick<EventRow, 'code'>
  >(
    `SELECT CAST(m.value AS BIGINT) AS folded, e.type, e.code, coalesce(e.contact, d.contact) AS contact
     FROM marks m
     LEFT JOIN events e ON e.seq > ? AND e.seq <= CAST(m.value AS BIGINT)
       AND e.type IN ('opted_out', 'opted_in', 'unsubscribed', 'complained')
     LEFT JOIN deliveries d ON d.send_seq = e.send_seq AND d.position = e.position
     WHERE m.name = ? ORDER BY e.seq`,
    afterSeq,
    FOLDED,
  );
  const choices = rows.flatMap(({ type, contact, code }) =>
    type === null || contact === null
      ? []
      : [{ contact, isOut: type !== 'opted_in', isMarketing: code === 'marketing' }],
  );
  return { foldedSeq: rows[0]?.folded ?? 0, choices };
}

/** Whether something came in that had no effect yet: a read of a few microseconds. */
export async function anyUnfolded(reader: Reader): Promise<boolean> {
  const folded = Number((await findMark(reader, FOLDED)) ?? 0);
  return (await reader.get('SELECT 1 AS found FROM events WHERE seq > ? LIMIT 1', folded)) !== undefined;
}
