import { type Normalized, normalizeEmail, normalizePhone } from '../contact.ts';
import { type LeadInput, MAX_LENGTH, TEXT_FIELDS } from '../lead-input.ts';
import { looksLikeEmail } from './cell-kind.ts';
import type { ColumnPlan, PhoneColumn } from './column-plan.ts';
import { type Consent, readConsent } from './consent-columns.ts';
import { plainSign } from './consent-words.ts';
import { readCountry } from './country.ts';
import { readExported } from './exported-row.ts';
import { parseStatus } from './lead-status.ts';
import { inOrder, isName } from './person-name.ts';
import { readJson, splitTags } from './split-tags.ts';

type Draft = { -readonly [Key in keyof LeadInput]: LeadInput[Key] };

/** A row read: what is kept, what its contacts are, and what it says of consent. */
export interface ReadRow {
  readonly input: LeadInput;
  readonly email: Normalized | null;
  readonly phone: Normalized | null;
  /** Of the same person, in other columns. */
  readonly otherEmails: readonly string[];
  readonly otherPhones: readonly string[];
  readonly consents: readonly Consent[];
  /** Of a row that another Tidings, or this one, wrote. */
  readonly exported?: Exported;
}

/** What a lead was elsewhere. */
export interface Exported {
  readonly id?: string;
  readonly createdAt?: string;
}

const NONE: readonly never[] = [];
const LIST = /\s*:::\s*/;

/** Reads a record; a string says why it cannot be kept. */
export function readRow(
  record: readonly string[],
  plan: ColumnPlan,
  defaultCountry: string | null,
): ReadRow | string {
  if (!plan.exported) return readBySense(record, plan, defaultCountry);
  const others = plan.exported.hasOthers ? readBySense(record, plan, defaultCountry) : null;
  if (typeof others === 'string') return others;
  const read = readExported(record, plan.exported, others, defaultCountry);
  return tooLong(read.input, LONGEST_EXPORTED) ?? read;
}

function readBySense(
  record: readonly string[],
  plan: ColumnPlan,
  defaultCountry: string | null,
): ReadRow | string {
  const draft: Draft = {};
  let metadata: Record<string, unknown> | undefined;
  const keep = (key: string, value: unknown) => {
    metadata ??= {};
    metadata[key] = value;
  };
  const country = plan.countries.length === 0 ? null : rowCountry(record, plan, defaultCountry);
  const email = pickEmail(record, plan);
  const phone = pickPhone(record, plan, country, defaultCountry);
  let phoneRead = phone?.read ?? null;
  if (email) draft.email = email.text;
  if (phone) draft.phone = phone.text;
  // "ana@example.com / 415 555 0101" in one cell.
  if (email?.rest && phone?.read.ok !== true) {
    const read = normalizePhone(email.rest, country ?? defaultCountry);
    if (read.ok) {
      draft.phone = phoneText(email.rest, read, false);
      phoneRead = read;
    }
  }
  for (const { field, index } of plan.texts) {
    const value = valueAt(record, index);
    if (value !== undefined) draft[field] = value;
  }
  readNames(record, plan, draft);
  if (plan.status !== undefined) {
    const value = valueAt(record, plan.status);
    const status = value && parseStatus(value);
    if (status) draft.status = status;
    else if (value) keep(plan.statusKey, value);
  }
  const consents: Consent[] = [];
  for (const column of plan.consents) {
    const value = valueAt(record, column.index);
    const said = value === undefined ? null : readConsent(column, value);
    if (said) consents.push(said);
  }
  for (const { key, index, label } of plan.metadata) {
    const value = valueAt(record, index);
    if (
      value === undefined ||
      (email?.index === index && !email.more) ||
      (phone?.index === index && !phone.more)
    )
      continue;
    keep(key, readJson(value));
    const sign = plainSign(value);
    if (sign && !plan.consents.some((column) => column.index === index))
      consents.push({
        scope: sign.reason === 'bounced' ? 'email' : 'all',
        reason: sign.reason,
        column: label,
        value,
      });
  }
  for (const index of plan.tags) {
    const value = valueAt(record, index);
    if (value === undefined) continue;
    draft.tags = [...(draft.tags ?? []), ...splitTags(value)];
    for (const tag of draft.tags) {
      const sign = plainSign(tag);
      if (sign) consents.push({ scope: 'all', reason: sign.reason, column: 'tags', value: tag });
    }
  }
  keepUnread(record, plan, draft, keep);
  // A main column whose value lost to a better one is not thrown away.
  if (email && email.index !== plan.emails[0]) keepLost(record, plan.emails[0]!, 'email_given', keep);
  if (phone && phone.index !== plan.phones[0]!.index)
    keepLost(record, plan.phones[0]!.index, 'phone_given', keep);
  if (email?.more && email.index === plan.emails[0]) keep('emails', email.more);
  if (phone?.more && phone.index === plan.phones[0]!.index) keep('phones', phone.more);
  if (metadata) draft.metadata = metadata;
  const others = consents.length === 0 ? undefined : otherContacts(record, plan, country ?? defaultCountry);
  return (
    tooLong(draft) ?? {
      input: draft,
      email: email?.read ?? null,
      phone: phoneRead,
      otherEmails: others?.emails ?? NONE,
      otherPhones: others?.phones ?? NONE,
      consents,
    }
  );
}

interface Picked {
  readonly index: number;
  readonly text: string;
  readonly read: Normalized;
  /** The whole cell, when it held several. */
  readonly more?: string;
  readonly rest?: string;
}

function pickEmail(record: readonly string[], plan: ColumnPlan): Picked | undefined {
  let first: Picked | undefined;
  for (const index of plan.emails) {
    const value = valueAt(record, index);
    if (value === undefined) continue;
    const read = normalizeEmail(value);
    if (read.ok) return { index, text: emailText(value, read.value), read };
    const other = severalEmails(value, index) ?? { index, text: value, read };
    if (other.read.ok) return other;
    first ??= other;
  }
  return first;
}

function severalEmails(value: string, index: number): Picked | undefined {
  if (value.includes(':::')) {
    for (const part of value.split(LIST)) {
      const read = normalizeEmail(part);
      if (read.ok) return { index, text: emailText(part, read.value), read, more: value };
    }
    return undefined;
  }
  // One address and something that is none: a phone beside it.
  const parts = value.split(/\s+[/|]\s+|[,;\n|]\s*|\s\/\s?/).filter((part) => part.trim() !== '');
  const emails = parts.filter((part) => looksLikeEmail(part));
  if (emails.length !== 1 || parts.length !== 2) return undefined;
  const read = normalizeEmail(emails[0]!);
  const rest = parts.find((part) => part !== emails[0])!;
  return read.ok && /\d{5}/.test(rest.replace(/\D/g, ''))
    ? { index, text: emails[0]!.trim(), read, more: value, rest }
    : undefined;
}

const CLEAN_EMAIL = /^[^\s<>"'`,;:()[\]\\]+@[^\s<>"'`,;:()[\]\\]*[^\s<>"'`,;:()[\].\\]$/;
/** As given where nothing had to be taken off. */
function emailText(given: string, key: string): string {
  return CLEAN_EMAIL.test(given) && !/\p{Cf}/u.test(given) ? given : key;
}

function pickPhone(
  record: readonly string[],
  plan: ColumnPlan,
  country: string | null,
  defaultCountry: string | null,
): Picked | undefined {
  let first: Picked | undefined;
  let fixed: Picked | undefined;
  for (const { index } of byLabel(record, plan.phones)) {
    const value = valueAt(record, index);
    if (value === undefined) continue;
    const read = normalizePhone(value, country ?? defaultCountry);
    const picked = read.ok
      ? { index, text: phoneText(value, read, country !== null && country !== defaultCountry), read }
      : (severalPhones(value, index, country ?? defaultCountry) ?? { index, text: value, read });
    if (!picked.read.ok) first ??= picked;
    else if (picked.read.warning === undefined) return picked;
    // A fixed line only when there is no mobile beside it.
    else fixed ??= picked;
  }
  return fixed ?? first;
}

function severalPhones(value: string, index: number, country: string | null): Picked | undefined {
  if (!value.includes(':::')) return undefined;
  for (const part of value.split(LIST)) {
    const read = normalizePhone(part, country);
    if (read.ok) return { index, text: phoneText(part, read, false), read, more: value };
  }
  return undefined;
}

/** Digits, and what people put between them: kept as given. Else the number that was made out. */
function phoneText(given: string, read: Normalized, isOfRow: boolean): string {
  if (!read.ok) return given;
  const number = read.dial ?? read.value;
  if (read.dial !== undefined || (isOfRow && !given.startsWith('+'))) return number;
  return /^\+?[\d ().-]+$/.test(given) && !/\.0+$/.test(given) ? given : number;
}

const FAX = /fax|pager|telex/i;
const MOBILE = /mobil|cell|cel\b|celular|handy|m[oó]vil|whats|iphone|portable|sms|telemovel|جوال|手机|携帯/i;
const DESK =
  /work|office|business|home|main|arbeit|privat|trabajo|casa|travail|domicile|lavoro|hem|fixe|fijo|landline|festnetz/i;

function byLabel(record: readonly string[], phones: readonly PhoneColumn[]): readonly PhoneColumn[] {
  if (!phones.some(({ label }) => label !== undefined)) return phones;
  const rank = ({ label }: PhoneColumn): number => {
    const text = label === undefined ? '' : (record[label] ?? '');
    return FAX.test(text) ? 9 : MOBILE.test(text) ? 0 : DESK.test(text) ? 2 : 1;
  };
  return phones
    .map((phone) => ({ phone, rank: rank(phone) }))
    .filter((ranked) => ranked.rank < 9)
    .sort((a, b) => a.rank - b.rank)
    .map(({ phone }) => phone);
}

function rowCountry(
  record: readonly string[],
  plan: ColumnPlan,
  defaultCountry: string | null,
): string | null {
  for (const index of plan.countries) {
    const value = valueAt(record, index);
    const country = value === undefined ? null : readCountry(value, defaultCountry);
    if (country !== null) return country;
  }
  return null;
}

function readNames(record: readonly string[], plan: ColumnPlan, draft: Draft): void {
  const first = firstName(record, plan.firstNames);
  const last =
    plan.lastNames
      .map((index) => nameAt(record, index))
      .filter((name) => name !== undefined)
      .join(' ') || undefined;
  const full = firstName(record, plan.names);
  if (first !== undefined) draft.first_name = first;
  if (last !== undefined) draft.last_name = last;
  if (full !== undefined) draft.name = inOrder(full);
  const isFirstOnly = full !== undefined && first === undefined && last !== undefined && !full.includes(last);
  if (isFirstOnly && !/\s/.test(full)) draft.first_name = full;
  if (full === undefined || isFirstOnly) {
    const middle = plan.middleName === undefined ? undefined : nameAt(record, plan.middleName);
    const whole = [first ?? full, middle, last].filter((part) => part !== undefined).join(' ');
    if (whole !== '') draft.name = whole;
  }
}

/** What stands in a name's column and is none is kept for whoever looks for it. */
function keepUnread(
  record: readonly string[],
  plan: ColumnPlan,
  draft: Draft,
  keep: (key: string, value: string) => void,
): void {
  for (const [key, index] of [
    ['name_given', plan.names[0]],
    ['first_name_given', plan.firstNames[0]],
  ] as const) {
    const value = index === undefined ? undefined : valueAt(record, index);
    if (value !== undefined && !isName(value) && value !== draft.email && value !== draft.phone)
      keep(key, value);
  }
}

function firstName(record: readonly string[], indexes: readonly number[]): string | undefined {
  for (const index of indexes) {
    const name = nameAt(record, index);
    if (name !== undefined) return name;
  }
  return undefined;
}

function nameAt(record: readonly string[], index: number): string | undefined {
  const value = valueAt(record, index);
  return value !== undefined && isName(value) ? value : undefined;
}

/** A blank says nothing, so that an import does not wipe what is known. */
function valueAt(record: readonly string[], index: number): string | undefined {
  return record[index]?.trim() || undefined;
}

function keepLost(
  record: readonly string[],
  index: number,
  key: string,
  keep: (key: string, value: string) => void,
): void {
  const value = valueAt(record, index);
  if (value !== undefined) keep(key, value);
}

/** Whoever said no, said it for each of their addresses in the row. */
function otherContacts(
  record: readonly string[],
  plan: ColumnPlan,
  country: string | null,
): { emails: string[]; phones: string[] } {
  const read = (indexes: readonly number[], normalize: (value: string) => Normalized) =>
    indexes.flatMap((index) =>
      (valueAt(record, index)?.split(LIST) ?? []).flatMap((part) => {
        const found = normalize(part);
        return found.ok ? [found.value] : [];
      }),
    );
  return {
    emails: read(plan.emails, normalizeEmail),
    phones: read(
      plan.phones.map(({ index }) => index),
      (value) => normalizePhone(value, country),
    ),
  };
}

/** A name that was put together of first and last name is as long as both. */
const LONGEST_EXPORTED = { ...MAX_LENGTH, name: MAX_LENGTH.first_name + MAX_LENGTH.last_name + 1 };

function tooLong(draft: LeadInput, longest = MAX_LENGTH): string | undefined {
  for (const field of TEXT_FIELDS) {
    const length = draft[field]?.length ?? 0;
    if (length > longest[field])
      return `the ${field} has ${length} characters; at most ${longest[field]} are kept`;
  }
  return undefined;
}
