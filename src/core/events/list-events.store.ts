import type { Reader, Value } from '../../ledger/ledger.ts';
import { conversationsOf } from '../conversations/conversation.store.ts';
import type { EventRow } from './event.store.ts';
import type { EventType } from './event.ts';

export interface ListedEventRow extends EventRow {
  readonly send_id: string | null;
  readonly lead_id: string | null;
}

/** What is asked for: all that is given has to hold. */
export interface EventFilter {
  readonly sendSeq?: number;
  /** Of these leads, or done by these contacts. */
  readonly people?: { readonly leads: readonly number[]; readonly contacts: readonly string[] };
  readonly type?: EventType;
  /** When it came in, milliseconds since 1970. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** Looked at for one answer, so that a rare type among millions keeps nobody waiting. */
const MOST_LOOKED_AT = 20_000;

/**
 * Newest first.
 * @returns `next`: the number to go on before; null: these were all. A page can be empty, and yet not be the last.
 */
export async function listEvents(
  reader: Reader,
  filter: EventFilter,
  beforeSeq: number,
  limit: number,
): Promise<{ rows: ListedEventRow[]; next: number | null }> {
  const from = filter.sinceMs === undefined ? 0 : await firstSince(reader, filter.sinceMs);
  const before =
    filter.untilMs === undefined ? beforeSeq : Math.min(beforeSeq, await firstSince(reader, filter.untilMs));
  const found = new Map<number, ListedEventRow>();
  let end = from;
  for (const branch of await branchesOf(reader, filter)) {
    const [where, parameters] = [
      `${branch.where} e.seq < ? AND e.seq >= ?`,
      [...branch.parameters, before, from],
    ];
    const looked = `FROM events e WHERE ${where} ORDER BY e.seq DESC LIMIT ${MOST_LOOKED_AT}`;
    const rows = await reader.all<ListedEventRow>(
      `SELECT v.*, s.id AS send_id, l.id AS lead_id FROM (SELECT e.* ${looked}) v
       LEFT JOIN sends s ON s.seq = v.send_seq LEFT JOIN leads l ON l.seq = v.lead_seq
       WHERE v.type = coalesce(CAST(? AS TEXT), v.type) ORDER BY v.seq DESC LIMIT ?`,
      ...parameters,
      filter.type ?? null,
      limit + 1,
    );
    for (const row of rows) found.set(row.seq, row);
    if (filter.type === undefined || rows.length > limit) continue;
    const { count, last } = (await reader.get<{ count: number; last: number | null }>(
      `SELECT count(*) AS count, min(seq) AS last FROM (SELECT e.seq ${looked}) v`,
      ...parameters,
    ))!;
    // What lies before that was not looked at: the page ends there for all branches.
    if (count === MOST_LOOKED_AT) end = Math.max(end, last!);
  }
  const inOrder = [...found.values()]
    .filter(({ seq }) => seq >= end)
    .sort((one, other) => other.seq - one.seq);
  const rows = inOrder.slice(0, limit);
  const next = inOrder.length > limit ? rows.at(-1)!.seq : end > from ? end : null;
  return { rows, next };
}

interface Branch {
  readonly where: string;
  readonly parameters: readonly Value[];
}

/** Each of them by an index of its own. */
async function branchesOf(reader: Reader, { sendSeq, people }: EventFilter): Promise<Branch[]> {
  const ofSend = sendSeq === undefined ? '' : 'e.send_seq = ? AND';
  const given = sendSeq === undefined ? [] : [sendSeq];
  if (people === undefined) return [{ where: ofSend, parameters: given }];
  const known = await conversationsOf(reader, people.contacts);
  const names = new Set([...people.contacts, ...known.flatMap(({ user_id }) => user_id ?? [])]);
  return [
    ...people.leads.map((lead) => ({ where: `${ofSend} e.lead_seq = ? AND`, parameters: [...given, lead] })),
    ...[...names].map((name) => ({ where: `${ofSend} e.contact = ? AND`, parameters: [...given, name] })),
  ];
}

/** The first event that came in then or later: by halving, for they come in the order of their numbers. */
async function firstSince(reader: Reader, ms: number): Promise<number> {
  const { first, last } = (await reader.get<{ first: number; last: number }>(
    'SELECT coalesce(min(seq), 1) AS first, coalesce(max(seq), 0) AS last FROM events',
  ))!;
  let [low, high] = [first, last + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await reader.get<{ seq: number; received_at: number }>(
      'SELECT seq, received_at FROM events WHERE seq >= ? ORDER BY seq LIMIT 1',
      middle,
    );
    if (row === undefined || row.received_at >= ms) high = middle;
    else low = row.seq + 1;
  }
  return low;
}
