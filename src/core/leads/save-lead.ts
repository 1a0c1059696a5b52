import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { newId } from '../new-id.ts';
import { erasedAmong } from '../suppressions/erased-contact.ts';
import { type Normalized, normalizeContact } from './contact.ts';
import { type Former, formerOf } from './former.ts';
import {
  findLead,
  findLeadByEmail,
  findLeadByPhoneAndName,
  findLeadsByPhone,
  findUnreachableLead,
  type NewLead,
  takenContacts,
  takenIds,
  updateLead,
} from './lead.store.ts';
import type { LeadRow } from './lead.ts';
import type { LeadInput } from './lead-input.ts';
import { metadataColumns } from './metadata.ts';
import type { Consent } from './reading/consent-columns.ts';
import { emailDoubt } from './reading/email-doubts.ts';
import { wordsOf } from './reading/fold.ts';
import type { Exported } from './reading/read-row.ts';

export interface CheckedLead {
  readonly input: LeadInput;
  readonly emailKey: string | null;
  readonly phoneKey: string | null;
  /** Contacts that are kept, but cannot or should not be used as they are: why, and what to do. */
  readonly warnings: readonly string[];
  /** What a file says this person said. */
  readonly consents: readonly Consent[];
  readonly otherEmails?: readonly string[] | undefined;
  readonly otherPhones?: readonly string[] | undefined;
  /** What the lead was where it was exported. */
  readonly exported?: Exported | undefined;
}

/** Reads the contacts of a lead. What cannot be read is kept as given and told. */
export function checkLead(input: LeadInput, defaultCountry: string | null): CheckedLead {
  return checkRead(
    input,
    input.email ? normalizeContact('email', input.email, defaultCountry) : null,
    input.phone ? normalizeContact('whatsapp', input.phone, defaultCountry) : null,
  );
}

/** The same where the contacts were read already, with what their row says of the country. */
export function checkRead(
  input: LeadInput,
  email: Normalized | null,
  phone: Normalized | null,
  consents: readonly Consent[] = [],
  { otherEmails, otherPhones, exported }: Pick<CheckedLead, 'otherEmails' | 'otherPhones' | 'exported'> = {},
): CheckedLead {
  const warnings: string[] = [];
  const emailKey = email?.ok ? email.value : null;
  const phoneKey = phone?.ok ? phone.value : null;
  if (email && !email.ok) warnings.push(`email cannot be used: ${email.reason}`);
  if (phone && !phone.ok) warnings.push(`phone cannot be used: ${phone.reason}`);
  const doubt = emailKey === null ? undefined : emailDoubt(emailKey);
  if (doubt !== undefined) warnings.push(`email may be wrong: ${doubt}`);
  if (phone?.ok && phone.warning) warnings.push(`phone may not be reached: ${phone.warning}`);
  const kept = phone?.ok && phone.dial ? { ...input, phone: phone.dial } : input;
  return {
    input: kept,
    emailKey,
    phoneKey,
    warnings,
    consents,
    otherEmails,
    otherPhones,
    exported,
  };
}

/** A name out of its parts, where nobody gave it whole. */
export function composedName(first: string | null | undefined, last: string | null | undefined): string {
  return [first, last].filter((part) => part).join(' ');
}

export function tagsColumn(tags: readonly string[] | undefined): string | null {
  return tags === undefined || tags.length === 0 ? null : JSON.stringify([...new Set(tags)]);
}

/** The row of a lead that is new. */
export function newLead(
  lead: CheckedLead,
  now: string,
  importSeq: number | null = null,
  id = newId(),
): NewLead {
  const { input, exported } = lead;
  const createdAt = exported?.createdAt ?? now;
  return {
    id,
    name: input.name ?? (composedName(input.first_name, input.last_name) || null),
    first_name: input.first_name ?? null,
    last_name: input.last_name ?? null,
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
    tags: tagsColumn(input.tags),
    import_seq: importSeq,
    created_at: createdAt,
    updated_at: createdAt,
  };
}

/**
 * The same person is known by email; without one on either side, by phone and a name that agrees; without any usable
 * contact, by the same words. Two leads that share a phone and have different emails or names are two people. Rows of an
 * export are as many people as they are: apart from an email, only `id` makes one a lead that the file had already.
 */
export async function findSamePerson(
  tx: Transaction,
  lead: CheckedLead,
  /** Receives those who have the same phone. */
  others: LeadRow[] = [],
  isOfFile: (seq: number) => boolean = () => false,
): Promise<LeadRow | undefined> {
  if (lead.emailKey !== null) {
    const same = await findLeadByEmail(tx, lead.emailKey);
    if (same) return same;
  }
  const isFree = (row: LeadRow | undefined) =>
    row !== undefined && (lead.exported === undefined || !isOfFile(row.seq));
  if (lead.exported?.id !== undefined) {
    const same = await findLead(tx, lead.exported.id);
    if (isFree(same)) return same;
  }
  if (lead.phoneKey === null) {
    if (lead.emailKey !== null) return undefined;
    const { name = null, email = null, phone = null, company = null } = lead.input;
    const same = await findUnreachableLead(tx, { name, email, phone, company });
    return isFree(same) ? same : undefined;
  }
  const sharing = await findLeadsByPhone(tx, lead.phoneKey);
  others.push(...sharing);
  const able = sharing.filter((row) => isFree(row) && (lead.emailKey === null || row.email_key === null));
  const name = nameOf(lead.input);
  const same = able.find((row) => isSameName(row.name, name));
  if (same || name === null || sharing.length < SHARING_LOOKED_AT) return same;
  const named = await findLeadByPhoneAndName(tx, lead.phoneKey, name);
  return isFree(named) ? named : undefined;
}

/** As many as {@link findLeadsByPhone} finds. */
const SHARING_LOOKED_AT = 20;

function nameOf(input: LeadInput): string | null {
  return input.name ?? (composedName(input.first_name, input.last_name) || null);
}

/** Those who share a phone are one when nothing tells them apart: "Ana" and "Ana López", or nobody's name. */
function isSameName(one: string | null, other: string | null): boolean {
  if (one === null || other === null || one === other) return true;
  const [a, b] = [wordsOf(one), wordsOf(other)];
  const [less, more] = a.length < b.length ? [a, b] : [b, a];
  return less.every((word) => more.includes(word));
}

/** Those who have a contact that was erased. */
export async function findErasedLeads(
  reader: Reader,
  batch: readonly CheckedLead[],
): Promise<Set<CheckedLead>> {
  const erased = await erasedAmong(
    reader,
    batch.flatMap(({ emailKey, phoneKey }) => [emailKey, phoneKey].filter((key) => key !== null)),
  );
  if (erased.size === 0) return new Set();
  const isErased = (key: string | null) => key !== null && erased.has(key);
  return new Set(batch.filter(({ emailKey, phoneKey }) => isErased(emailKey) || isErased(phoneKey)));
}

/**
 * Those with a contact whom nobody can be: no lead has one of their contacts, and neither has anybody else of the
 * batch.
 */
export async function findUnknown(reader: Reader, batch: readonly CheckedLead[]): Promise<Set<CheckedLead>> {
  const emails = batch.flatMap(({ emailKey }) => emailKey ?? []);
  const phones = batch.flatMap(({ phoneKey }) => phoneKey ?? []);
  const isOnce = countOnce(emails);
  const [takenEmails, ids] = await Promise.all([
    takenContacts(reader, 'email_key', emails),
    takenIds(reader, idsOf(batch)),
  ]);
  const rest = batch.filter(
    ({ emailKey, phoneKey, exported }) =>
      (emailKey !== null || phoneKey !== null) &&
      !ids.has(exported?.id ?? '') &&
      (emailKey === null || (isOnce(emailKey) && !takenEmails.has(emailKey))),
  );
  const isPhoneOnce = countOnce(phones);
  // Of a file that is here already nobody is left by now.
  const takenPhones = await takenContacts(
    reader,
    'phone_key',
    rest.flatMap(({ phoneKey }) => phoneKey ?? []),
  );
  return new Set(
    rest.filter(({ phoneKey }) => phoneKey === null || (isPhoneOnce(phoneKey) && !takenPhones.has(phoneKey))),
  );
}

export function idsOf(leads: readonly CheckedLead[]): string[] {
  return leads.flatMap(({ exported }) => exported?.id ?? []);
}

function countOnce(values: readonly string[]): (value: string) => boolean {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const value of values) (seen.has(value) ? twice : seen).add(value);
  return (value) => !twice.has(value);
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
  importSeq: number,
): Promise<Former | 'unchanged'> {
  const { input } = lead;
  const pick = <T>(old: T | null, given: T | null | undefined): T | null =>
    given === undefined || given === null || (fillOnly && old !== null) ? old : given;
  const takesEmail = pick(row.email, input.email) === input.email;
  const takesPhone = pick(row.phone, input.phone) === input.phone;
  const oldMetadata = JSON.parse(row.metadata) as Record<string, unknown>;
  const metadata = fillOnly ? { ...input.metadata, ...oldMetadata } : { ...oldMetadata, ...input.metadata };
  const next: NewLead = {
    id: row.id,
    name: pick(row.name, input.name ?? (composedName(input.first_name, input.last_name) || undefined)),
    first_name: pick(row.first_name, input.first_name),
    last_name: pick(row.last_name, input.last_name),
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
    tags:
      input.tags === undefined
        ? row.tags
        : tagsColumn([...(JSON.parse(row.tags ?? '[]') as string[]), ...input.tags]),
    import_seq: row.import_seq,
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
  const changed = (Object.keys(next) as (keyof NewLead)[]).some((column) => next[column] !== row[column]);
  if (!changed) return 'unchanged';
  // A lead that this import made itself is as it made it: only what comes later is a change.
  const isOwn = row.import_seq === importSeq;
  await updateLead(tx, row.seq, { ...next, updated_at: isOwn ? row.updated_at : now });
  return formerOf(row, next, now);
}
