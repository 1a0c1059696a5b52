import type { Reader, Transaction, Value } from '../../ledger/ledger.ts';
import type { LeadFilters } from './lead.schema.ts';
import { LEAD_COLUMNS, type LeadRow } from './lead.ts';
import { leadCondition } from './lead-filters.ts';

export type NewLead = Omit<LeadRow, 'seq' | 'deleted_at'>;

const INSERTED = [
  'id',
  'name',
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
  'created_at',
  'updated_at',
] as const;
const INSERT = `INSERT INTO leads (${INSERTED.join(', ')}) VALUES (${INSERTED.map(() => '?').join(', ')}) RETURNING seq`;
const UPDATED = INSERTED.slice(1);
const UPDATE = `UPDATE leads SET ${UPDATED.map((column) => `${column} = ?`).join(', ')} WHERE seq = ?`;

export async function insertLead(tx: Transaction, lead: NewLead): Promise<number> {
  const row = await tx.get<{ seq: number }>(INSERT, ...INSERTED.map((column) => lead[column]));
  return row!.seq;
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

export function findLeadByEmail(reader: Reader, emailKey: string): Promise<LeadRow | undefined> {
  return reader.get<LeadRow>(
    `SELECT ${LEAD_COLUMNS} FROM leads l WHERE l.email_key = ? AND l.deleted_at IS NULL ORDER BY l.seq LIMIT 1`,
    emailKey,
  );
}

export function findLeadsByPhone(reader: Reader, phoneKey: string): Promise<LeadRow[]> {
  return reader.all<LeadRow>(
    `SELECT ${LEAD_COLUMNS} FROM leads l WHERE l.phone_key = ? AND l.deleted_at IS NULL ORDER BY l.seq LIMIT 20`,
    phoneKey,
  );
}

/** A lead without any contact that can be used, given in the same words. */
export function findUnreachableLead(
  reader: Reader,
  given: Pick<LeadRow, 'name' | 'email' | 'phone' | 'company'>,
): Promise<LeadRow | undefined> {
  return reader.get<LeadRow>(
    `SELECT ${LEAD_COLUMNS} FROM leads l WHERE l.email_key IS NULL AND l.phone_key IS NULL AND l.deleted_at IS NULL
       AND l.name IS ? AND l.email IS ? AND l.phone IS ? AND l.company IS ? ORDER BY l.seq LIMIT 1`,
    given.name,
    given.email,
    given.phone,
    given.company,
  );
}

/** Erases what is known of a person; the row stays, so that frozen audiences and past sends keep their counts. */
export async function eraseLead(tx: Transaction, seq: number, now: string): Promise<void> {
  await tx.run(
    `UPDATE leads SET name = NULL, email = NULL, phone = NULL, email_key = NULL, phone_key = NULL, position = NULL,
       company = NULL, notes = NULL, origin = NULL, metadata = '{}', updated_at = ?, deleted_at = ? WHERE seq = ?`,
    now,
    now,
    seq,
  );
}

/** Oldest first, after `afterSeq`. */
export function listLeads(
  reader: Reader,
  filters: LeadFilters,
  afterSeq: number,
  limit: number,
): Promise<LeadRow[]> {
  const where = leadCondition(filters);
  return reader.all<LeadRow>(
    `SELECT ${LEAD_COLUMNS} FROM leads l WHERE l.seq > ? AND ${where.sql} ORDER BY l.seq LIMIT ?`,
    afterSeq,
    ...where.parameters,
    limit,
  );
}

export async function countLeads(reader: Reader, filters: LeadFilters): Promise<number> {
  const where = leadCondition(filters);
  const parameters: readonly Value[] = where.parameters;
  const row = await reader.get<{ count: number }>(
    `SELECT count(*) AS count FROM leads l WHERE ${where.sql}`,
    ...parameters,
  );
  return row!.count;
}
