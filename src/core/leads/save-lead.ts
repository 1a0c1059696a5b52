import type { Transaction } from '../../ledger/ledger.ts';
import { newId } from '../new-id.ts';
import { erasedAmong } from '../suppressions/erased-contact.ts';
import { normalizeContact } from './contact.ts';
import type { LeadWire } from './lead.schema.ts';
import {
  findLeadByEmail,
  findLeadsByPhone,
  findUnreachableLead,
  type NewLead,
  takenContacts,
  updateLead,
} from './lead.store.ts';
import type { LeadRow } from './lead.ts';
import { metadataColumns } from './metadata.ts';

/** What a caller or a file says of a lead; undefined: says nothing, null: says there is none. */
export interface LeadInput {
  readonly name?: string | null;
  readonly email?: string | null;
  readonly phone?: string | null;
  readonly position?: string | null;
  readonly company?: string | null;
  readonly notes?: string | null;
  readonly status?: LeadWire['status'];
  readonly origin?: string | null;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface CheckedLead {
  readonly input: LeadInput;
  readonly emailKey: string | null;
  readonly phoneKey: string | null;
  /** Contacts that are kept as given, but cannot be used as they are: why, and what to do. */
  readonly warnings: readonly string[];
}

/** Reads the contacts of a lead. What cannot be read is kept as given and told. */
export function checkLead(input: LeadInput, defaultCountry: string | null): CheckedLead {
  const warnings: string[] = [];
  let emailKey: string | null = null;
  let phoneKey: string | null = null;
  if (input.email) {
    const email = normalizeContact('email', input.email, defaultCountry);
    if (email.ok) emailKey = email.value;
    else warnings.push(`email cannot be used: ${email.reason}`);
  }
  if (input.phone) {
    const phone = normalizeContact('whatsapp', input.phone, defaultCountry);
    if (phone.ok) phoneKey = phone.value;
    else warnings.push(`phone cannot be used: ${phone.reason}`);
  }
  return { input, emailKey, phoneKey, warnings };
}

/** The row of a lead that is new. */
export function newLead(lead: CheckedLead, now: string): NewLead {
  const { input } = lead;
  return {
    id: newId(),
    name: input.name ?? null,
    email: input.email ?? null,
    phone: input.phone ?? null,
    email_key: lead.emailKey,
    phone_key: lead.phoneKey,
    position: input.position ?? null,
    company: input.company ?? null,
    notes: input.notes ?? null,
    status: input.status ?? 'new',
    origin: input.origin ?? null,
    ...metadataColumns(input.metadata ?? {}),
    created_at: now,
    updated_at: now,
  };
}

/**
 * The same person is known by email; without one on either side, by phone; without any usable contact, by the same
 * words. Two leads that share a phone and have different emails are two people.
 */
export async function findSamePerson(tx: Transaction, lead: CheckedLead): Promise<LeadRow | undefined> {
  if (lead.emailKey !== null) {
    const same = await findLeadByEmail(tx, lead.emailKey);
    if (same) return same;
  }
  if (lead.phoneKey === null) {
    if (lead.emailKey !== null) return undefined;
    const { name = null, email = null, phone = null, company = null } = lead.input;
    return findUnreachableLead(tx, { name, email, phone, company });
  }
  const sharing = await findLeadsByPhone(tx, lead.phoneKey);
  return lead.emailKey === null ? sharing[0] : sharing.find((row) => row.email_key === null);
}

/** Those who have a contact that was erased. */
export async function findErasedLeads(
  tx: Transaction,
  batch: readonly CheckedLead[],
): Promise<Set<CheckedLead>> {
  const erased = await erasedAmong(
    tx,
    batch.flatMap(({ emailKey, phoneKey }) => [emailKey, phoneKey].filter((key) => key !== null)),
  );
  if (erased.size === 0) return new Set();
  const isErased = (key: string | null) => key !== null && erased.has(key);
  return new Set(batch.filter(({ emailKey, phoneKey }) => isErased(emailKey) || isErased(phoneKey)));
}

/**
 * Those with a contact whom nobody can be: no lead has one of their contacts, and neither has anybody else of the
 * batch. PostgreSQL only.
 */
export async function findUnknown(tx: Transaction, batch: readonly CheckedLead[]): Promise<Set<CheckedLead>> {
  const emails = batch.flatMap(({ emailKey }) => emailKey ?? []);
  const phones = batch.flatMap(({ phoneKey }) => phoneKey ?? []);
  const [takenEmails, takenPhones] = await Promise.all([
    takenContacts(tx, 'email_key', emails),
    takenContacts(tx, 'phone_key', phones),
  ]);
  const isFree = (contact: string | null, taken: Set<string>, within: Map<string, number>) =>
    contact === null || (!taken.has(contact) && within.get(contact) === 1);
  const [emailCounts, phoneCounts] = [countEach(emails), countEach(phones)];
  return new Set(
    batch.filter(
      ({ emailKey, phoneKey }) =>
        (emailKey !== null || phoneKey !== null) &&
        isFree(emailKey, takenEmails, emailCounts) &&
        isFree(phoneKey, takenPhones, phoneCounts),
    ),
  );
}

function countEach(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/**
 * Writes onto a known lead what `lead` says, and keeps what it is silent about. With `fillOnly`, only blanks are
 * filled: a second row about the same person in one file does not undo the first.
 */
export async function mergeLead(
  tx: Transaction,
  row: LeadRow,
  lead: CheckedLead,
  now: string,
  fillOnly: boolean,
): Promise<'updated' | 'unchanged'> {
  const { input } = lead;
  const pick = <T>(old: T | null, given: T | null | undefined): T | null =>
    given === undefined || given === null || (fillOnly && old !== null) ? old : given;
  const takesEmail = pick(row.email, input.email) === input.email;
  const takesPhone = pick(row.phone, input.phone) === input.phone;
  const oldMetadata = JSON.parse(row.metadata) as Record<string, unknown>;
  const metadata = fillOnly ? { ...input.metadata, ...oldMetadata } : { ...oldMetadata, ...input.metadata };
  const next: NewLead = {
    id: row.id,
    name: pick(row.name, input.name),
    email: pick(row.email, input.email),
    phone: pick(row.phone, input.phone),
    email_key: takesEmail && input.email ? lead.emailKey : row.email_key,
    phone_key: takesPhone && input.phone ? lead.phoneKey : row.phone_key,
    position: pick(row.position, input.position),
    company: pick(row.company, input.company),
    notes: pick(row.notes, input.notes),
    status: pick(row.status, input.status) ?? row.status,
    origin: pick(row.origin, input.origin),
    ...metadataColumns(metadata),
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
  const changed = (Object.keys(next) as (keyof NewLead)[]).some((column) => next[column] !== row[column]);
  if (!changed) return 'unchanged';
  await updateLead(tx, row.seq, { ...next, updated_at: now });
  return 'updated';
}
