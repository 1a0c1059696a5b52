import { byDialect, type Reader, type Transaction } from '../../ledger/ledger.ts';
import type { LeadFilters } from './lead.schema.ts';
import { LEAD_COLUMNS, type LeadRow } from './lead.ts';
import { ALL_LEADS, leadCondition } from './lead-filters.ts';
import { FILTERED_KEYS } from './metadata.ts';
import { eachSpan } from './scan.ts';
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
const INSERT = `INSERT INTO leads (${INSERTED.join(', ')}) VALUES (${INSERTED.map(() => '?').join(', ')}) RETURNING seq`;
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

/** In their order; on PostgreSQL many by one statement. */
export async function insertLeads(tx: Transaction, leads: readonly NewLead[]): Promise<number[]> {
  await moveCount(tx, leads.length);
  if (tx.dialect === 'sqlite' || leads.length < 2) {
    const seqs: number[] = [];
    for (const lead of leads) seqs.push(await insertRow(tx, lead));
    return seqs;
  }
  const columns = INSERTED.map((column) => leads.map((lead) => lead[column]));
  return (await tx.all<{ seq: number }>(INSERT_MANY, ...columns)).map(({ seq }) => seq);
}

/** Which of these contacts some lead has; PostgreSQL only. */
export async function takenContacts(
  reader: Reader,
  column: 'email_key' | 'phone_key',
  contacts: readonly string[],
): Promise<Set<string>> {
  const rows = await reader.all<{ contact: string }>(
    `SELECT DISTINCT l.${column} AS contact FROM unnest(CAST(? AS TEXT[])) AS v (contact)
     JOIN leads l ON l.${column} = v.contact WHERE l.deleted_at IS NULL`,
    contacts,
  );
  return new Set(rows.map(({ contact }) => contact));
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

/** Oldest first, after `afterSeq`. */
export async function listLeads(
  reader: Reader,
  filters: LeadFilters,
  afterSeq: number,
  limit: number,
  signal?: AbortSignal,
): Promise<LeadRow[]> {
  const where = leadCondition(filters, reader.dialect);
  const sql = `SELECT ${SHORT_LEAD_COLUMNS} FROM leads l
    WHERE l.seq > ? AND l.seq <= ? AND ${where.sql} ORDER BY l.seq LIMIT ?`;
  const found: LeadRow[] = [];
  const look = async (after: number, through: number) => {
    const left = limit - found.length;
    found.push(...(await reader.all<LeadRow>(sql, after, through, ...where.parameters, left)));
    return found.length < limit;
  };
  await eachSpan(reader, afterSeq, look, signal);
  return found;
}

/** All of them by the count that is kept; those that filters choose by looking through them, a span at a time. */
export async function countLeads(
  reader: Reader,
  filters: LeadFilters,
  signal?: AbortSignal,
): Promise<number> {
  const where = leadCondition(filters, reader.dialect);
  if (where.sql === ALL_LEADS) {
    const kept = await reader.get<{ value: string }>("SELECT value FROM marks WHERE name = 'leads'");
    return Number(kept?.value ?? 0);
  }
  const sql = `SELECT count(*) AS count FROM leads l WHERE l.seq > ? AND l.seq <= ? AND ${where.sql}`;
  let count = 0;
  const look = async (after: number, through: number) => {
    count += (await reader.get<{ count: number }>(sql, after, through, ...where.parameters))!.count;
    return true;
  };
  await eachSpan(reader, 0, look, signal);
  return count;
}
