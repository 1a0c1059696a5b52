import { byDialect, type Parameter, type Reader, type Transaction } from '../../ledger/ledger.ts';
import { foldText } from './filter/fold-text.ts';
import { nextLead } from './filter/next-lead.ts';
import type { Selection } from './filter/selection.ts';
import { LEAD_COLUMNS, type LeadRow } from './lead.ts';
import { FILTERED_KEYS } from './metadata.ts';
import { eachSpan, eachSpanBack } from './scan.ts';
import { SHORT_LEAD_COLUMNS } from './short-lead.ts';

export type NewLead = Omit<LeadRow, 'seq' | 'deleted_at'>;

const INSERTED = [
  'id',
  'name',
  'first_name',
  'last_name',
  'email',
  'phone',
  'email_key',
  'phone_key',
  'position',
  'company',
  'notes',
  'status',
  'origin',
  'metadata',
  'tags',
  ...FILTERED_KEYS,
  'import_seq',
  'created_at',
  'updated_at',
] as const;
const INSERT = `${insertOf(1)} RETURNING seq`;
/** SQLite makes as many by one statement; more are no faster. */
const AT_ONCE = 50;
const INSERT_AT_ONCE = insertOf(AT_ONCE);
const UPDATED = INSERTED.slice(1).filter((column) => column !== 'import_seq');
const UPDATE = `UPDATE leads SET ${UPDATED.map((column) => `${column} = ?`).join(', ')} WHERE seq = ?`;

/**
 * How many leads there are, moved by the transactions that make and erase them: counting a million takes seconds. In
 * `marks` where there is any.
 */
const MOVE_COUNT = `INSERT INTO marks (name, value) VALUES ('leads', ?)
  ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(marks.value AS BIGINT) + CAST(excluded.value AS BIGINT) AS TEXT)`;

async function moveCount(tx: Transaction, by: number): Promise<void> {
  if (by !== 0) await tx.run(MOVE_COUNT, String(by));
}

export async function insertLead(tx: Transaction, lead: NewLead): Promise<number> {
  await moveCount(tx, 1);
  return insertRow(tx, lead);
}

function insertOf(rows: number): string {
  const row = `(${INSERTED.map(() => '?').join(', ')})`;
  return `INSERT INTO leads (${INSERTED.join(', ')}) VALUES ${Array(rows).fill(row).join(', ')}`;
}

async function insertRow(tx: Transaction, lead: NewLead): Promise<number> {
  const row = await tx.get<{ seq: number }>(INSERT, ...INSERTED.map((column) => lead[column]));
  return row!.seq;
}

const TYPES = INSERTED.map((column) => `CAST(? AS ${column === 'import_seq' ? 'BIGINT' : 'TEXT'}[])`).join(
  ', ',
);
const INSERT_MANY = `INSERT INTO leads (${INSERTED.join(', ')})
  SELECT ${INSERTED.join(', ')} FROM unnest(${TYPES}) WITH ORDINALITY AS v (${INSERTED.join(', ')}, place)
  ORDER BY place RETURNING seq`;

/** In their order, many by one statement. */
export async function insertLeads(tx: Transaction, leads: readonly NewLead[]): Promise<number[]> {
  await moveCount(tx, leads.length);
  if (tx.dialect === 'sqlite' || leads.length < 2) {
    const seqs: number[] = [];
    let at = 0;
    for (; at + AT_ONCE <= leads.length; at += AT_ONCE) {
      const values: Parameter[] = [];
      for (let one = at; one < at + AT_ONCE; one++)
        for (const column of INSERTED) values.push(leads[one]![column]);
      await tx.run(INSERT_AT_ONCE, ...values);
      // One transaction writes at a time, so they are numbered on end. RETURNING would copy them: a fifth of the cost.
      const last = await tx.get<{ seq: number }>('SELECT last_insert_rowid() AS seq');
      for (let back = AT_ONCE - 1; back >= 0; back--) seqs.push(last!.seq - back);
    }
    for (const lead of leads.slice(at)) seqs.push(await insertRow(tx, lead));
    return seqs;
  }
  const columns = INSERTED.map((column) => leads.map((lead) => lead[column]));
  return (await tx.all<{ seq: number }>(INSERT_MANY, ...columns)).map(({ seq }) => seq);
}

const TAKEN = {
  sqlite: (column: string) => `SELECT v.value AS contact FROM json_each(?) v
    WHERE EXISTS (SELECT 1 FROM leads l WHERE l.${column} = v.value AND l.deleted_at IS NULL)`,
  postgres: (
    column: string,
  ) => `SELECT DISTINCT l.${column} AS contact FROM unnest(CAST(? AS TEXT[])) AS v (contact)
    JOIN leads l ON l.${column} = v.contact WHERE l.deleted_at IS NULL`,
};
const TAKEN_CONTACTS = {
  email_key: byDialect({ sqlite: TAKEN.sqlite('email_key'), postgres: TAKEN.postgres('email_key') }),
  phone_key: byDialect({ sqlite: TAKEN.sqlite('phone_key'), postgres: TAKEN.postgres('phone_key') }),
};

/** Which of these contacts some lead has. */
export async function takenContacts(
  reader: Reader,
  column: 'email_key' | 'phone_key',
  contacts: readonly string[],
): Promise<Set<string>> {
  if (contacts.length === 0) return new Set();
  const given = reader.dialect === 'sqlite' ? JSON.stringify(contacts) : contacts;
  const rows = await reader.all<{ contact: string }>(TAKEN_CONTACTS[column](reader), given);
  return new Set(rows.map(({ contact }) => contact));
}

const TAKEN_IDS = byDialect({
  sqlite: 'SELECT id FROM leads WHERE id IN (SELECT value FROM json_each(?))',
  postgres: 'SELECT id FROM leads WHERE id = ANY (CAST(? AS TEXT[]))',
});

/** Which of these some lead has, or had before it was erased. */
export async function takenIds(reader: Reader, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const given = reader.dialect === 'sqlite' ? JSON.stringify(ids) : ids;
  return new Set((await reader.all<{ id: string }>(TAKEN_IDS(reader), given)).map(({ id }) => id));
}

export async function updateLead(tx: Transaction, seq: number, lead: NewLead): Promise<void> {
  await tx.run(UPDATE, ...UPDATED.map((column) => lead[column]), seq);
}

export function findLead(reader: Reader, id: string): Promise<LeadRow | undefined> {
  return reader.get<LeadRow>(
    `SELECT ${LEAD_COLUMNS} FROM leads l WHERE l.id = ? AND l.deleted_at IS NULL`,
    id,
  );
}

// Put together once: they are asked for each row of a file.
const BY_EMAIL = `SELECT ${LEAD_COLUMNS} FROM leads l WHERE l.email_key = ? AND l.deleted_at IS NULL ORDER BY l.seq LIMIT 1`;
const BY_PHONE_AND_NAME = `SELECT ${LEAD_COLUMNS} FROM leads l WHERE l.phone_key = ? AND l.name = ? AND l.deleted_at IS NULL ORDER BY l.seq LIMIT 1`;
const BY_PHONE = `SELECT ${LEAD_COLUMNS} FROM leads l WHERE l.phone_key = ? AND l.deleted_at IS NULL ORDER BY l.seq LIMIT 20`;

export function findLeadByEmail(reader: Reader, emailKey: string): Promise<LeadRow | undefined> {
  return reader.get<LeadRow>(BY_EMAIL, emailKey);
}

export function findLeadsByPhone(reader: Reader, phoneKey: string): Promise<LeadRow[]> {
  return reader.all<LeadRow>(BY_PHONE, phoneKey);
}

/** Where more people share a phone than {@link findLeadsByPhone} looks at. */
export function findLeadByPhoneAndName(
  reader: Reader,
  phoneKey: string,
  name: string,
): Promise<LeadRow | undefined> {
  return reader.get<LeadRow>(BY_PHONE_AND_NAME, phoneKey, name);
}

/** A lead without any contact that can be used, given in the same words. */
export function findUnreachableLead(
  reader: Reader,
  given: Pick<LeadRow, 'name' | 'email' | 'phone' | 'company'>,
): Promise<LeadRow | undefined> {
  // PostgreSQL finds by equality what it has an index of.
  const byName =
    reader.dialect === 'postgres'
      ? " AND substr(coalesce(l.name, ''), 1, 200) = substr(coalesce(?, ''), 1, 200)"
      : '';
  return reader.get<LeadRow>(
    `SELECT ${LEAD_COLUMNS} FROM leads l WHERE l.email_key IS NULL AND l.phone_key IS NULL AND l.deleted_at IS NULL
       AND l.name IS NOT DISTINCT FROM ? AND l.email IS NOT DISTINCT FROM ? AND l.phone IS NOT DISTINCT FROM ?
       AND l.company IS NOT DISTINCT FROM ?${byName} ORDER BY l.seq LIMIT 1`,
    given.name,
    given.email,
    given.phone,
    given.company,
    ...(byName === '' ? [] : [given.name]),
  );
}

const ERASE = `UPDATE leads SET name = NULL, first_name = NULL, last_name = NULL, tags = NULL, email = NULL, phone = NULL,
    email_key = NULL, phone_key = NULL, position = NULL, company = NULL, notes = NULL, origin = NULL, metadata = '{}',
    segment_id = NULL, campaign_id = NULL, assignee_id = NULL, updated_at = ?, deleted_at = ?
  WHERE deleted_at IS NULL AND seq`;

/** Erases what is known of a person; the row stays, so that frozen audiences and past sends keep their counts. */
export async function eraseLead(tx: Transaction, seq: number, now: string): Promise<void> {
  await moveCount(tx, -(await tx.run(`${ERASE} = ?`, now, now, seq)));
}

const REMOVE = byDialect({
  sqlite: `${ERASE} IN (SELECT value FROM json_each(?))`,
  postgres: `${ERASE} = ANY (CAST(? AS BIGINT[]))`,
});

/** The same of many at once. */
export async function removeLeads(tx: Transaction, seqs: readonly number[], now: string): Promise<void> {
  if (seqs.length === 0) return;
  const given = tx.dialect === 'sqlite' ? JSON.stringify(seqs) : seqs;
  await moveCount(tx, -(await tx.run(REMOVE(tx), now, now, given)));
}

/** The place of a lead in a list: that of the last one shown is where the next page goes on. */
export interface ListPlace {
  readonly seq: number;
  /** What the list is ordered by, where that is not the age; null: the lead has none, and stands at the end. */
  readonly value: string | null;
}
export const LIST_ORDERS = ['oldest', 'newest', 'name', 'updated'] as const;
export type ListOrder = (typeof LIST_ORDERS)[number];

/**
 * Reads the leads of a selection behind a place. By age as far as it takes to fill the list; in another order all are
 * looked at, once for a page of `limit`.
 */
export function leadList(
  reader: Reader,
  selection: Selection,
  order: ListOrder,
  limit: number,
  signal?: AbortSignal,
): (behind: ListPlace | null, count: number) => Promise<(LeadRow & ListPlace)[]> {
  let page: ListPlace[] | undefined;
  const placesBehind = async (behind: ListPlace | null, count: number) => {
    if (order === 'oldest' || order === 'newest')
      return byAge(reader, selection, order, behind, count, signal);
    page ??= await byValue(reader, selection, order, behind, limit + 1, signal);
    const from = behind === null ? 0 : page.findIndex(({ seq }) => seq === behind.seq) + 1;
    return page.slice(from, from + count);
  };
  return async (behind, count) => {
    const places = await placesBehind(behind, count);
    if (places.length === 0) return [];
    const rows = await shownLeads(
      reader,
      places.map(({ seq }) => seq),
    );
    const found = new Map(rows.map((row) => [row.seq, row]));
    return places.map(({ seq, value }) => ({ ...found.get(seq)!, value }));
  };
}

/** As lists show them; one that was erased since it was found is empty. */
export function shownLeads(reader: Reader, seqs: readonly number[]): Promise<LeadRow[]> {
  const marks = seqs.map(() => '?').join(', ');
  return reader.all<LeadRow>(
    `SELECT ${SHORT_LEAD_COLUMNS} FROM leads l WHERE l.seq IN (${marks}) ORDER BY l.seq`,
    ...seqs,
  );
}

async function byAge(
  reader: Reader,
  selection: Selection,
  order: ListOrder,
  behind: ListPlace | null,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<ListPlace[]> {
  const found: ListPlace[] = [];
  const take = async (after: number, through: number) => {
    const seqs = await selection.seqs(reader, after, through);
    if (order === 'newest') seqs.reverse();
    for (const seq of seqs.slice(0, limit - found.length)) found.push({ seq, value: null });
    return found.length < limit;
  };
  if (order === 'newest') await eachSpanBack(reader, behind?.seq ?? null, take, signal);
  else await eachSpan(reader, behind?.seq ?? 0, take, signal, (after) => nextLead(reader, selection, after));
  return found;
}

async function byValue(
  reader: Reader,
  selection: Selection,
  order: ListOrder,
  behind: ListPlace | null,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<ListPlace[]> {
  let best: ListPlace[] = [];
  const compare = order === 'name' ? compareNames : compareUpdated;
  const column = order === 'name' ? 'l.name AS listed' : 'l.updated_at AS listed';
  const take = async (after: number, through: number) => {
    const rows = await selection.rows<{ listed: string | null }>(reader, after, through, [column]);
    for (const { seq, listed } of rows) {
      const value = order === 'name' ? listed && foldText(listed) : listed;
      const place = { seq, value: value || null };
      if (behind === null || compare(place, behind) > 0) best.push(place);
    }
    if (best.length > limit) best = best.sort(compare).slice(0, limit);
    return true;
  };
  await eachSpan(reader, 0, take, signal, (after) => nextLead(reader, selection, after));
  return best.sort(compare);
}

/** Who has none stands behind all who have one. */
function compareNames(a: ListPlace, b: ListPlace): number {
  if (a.value !== b.value) {
    if (a.value === null || b.value === null) return a.value === null ? 1 : -1;
    return a.value < b.value ? -1 : 1;
  }
  return a.seq - b.seq;
}

/** The latest first. */
function compareUpdated(a: ListPlace, b: ListPlace): number {
  return a.value === b.value ? b.seq - a.seq : (a.value ?? '') < (b.value ?? '') ? 1 : -1;
}

/** So many are looked through to count those that filters choose. */
const COUNTED = 10_000;

/**
 * All of them by the count that is kept; those that filters choose by looking through them, a span at a time.
 * @returns null when there are too many to look through for a number
 */
export async function countLeads(
  reader: Reader,
  selection: Selection,
  signal?: AbortSignal,
): Promise<number | null> {
  if (selection.letsAllThrough) {
    const kept = await reader.get<{ value: string }>("SELECT value FROM marks WHERE name = 'leads'");
    return Number(kept?.value ?? 0);
  }
  const beyond = 'SELECT 1 AS found FROM leads ORDER BY seq LIMIT 1 OFFSET ?';
  if (await reader.get(beyond, COUNTED)) return null;
  let count = 0;
  const look = async (after: number, through: number) => {
    count += (await selection.seqs(reader, after, through)).length;
    return true;
  };
  await eachSpan(reader, 0, look, signal, (after) => nextLead(reader, selection, after));
  return count;
}
