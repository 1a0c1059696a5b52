import { CHANNEL_NAMES } from '../../channel.ts';
import { normalizeEmail, normalizePhone } from '../contact.ts';
import type { LeadRow } from '../lead.ts';
import { TEXT_FIELDS } from '../lead-input.ts';
import { callingCodeOf, countriesOfCode, countryOfPhone } from '../numbering-plan.ts';
import { splitTags } from '../reading/split-tags.ts';
import { METADATA_PREFIX, OWN_COLUMNS, type OwnColumn } from './columns.ts';

/** A lead with what is said against its contacts: JSON of reason, time and source, null: nothing. */
export type ExportedRow = Omit<LeadRow, 'deleted_at'> & {
  readonly email_said: string | null;
  readonly whatsapp_said: string | null;
};

/** A lead as a row of the file. @param keys those that have a column */
export function leadCells(row: ExportedRow, keys: readonly string[]): string[] {
  const json: string[] = [];
  /** Texts as they are; all else, and a text that would pass for none, as JSON that says what it is. */
  const cell = (column: string, value: unknown): string => {
    if (value === null || value === undefined) return '';
    if (typeof value === 'string' && value !== '') return value;
    json.push(column);
    return JSON.stringify(value);
  };
  const own = new Map<OwnColumn, string>([
    ['id', row.id],
    ['status', row.status],
    ['created_at', row.created_at],
  ]);
  for (const column of TEXT_FIELDS) own.set(column, cell(column, row[column]));
  own.set('email', cell('email', writtenEmail(row)));
  const { phone, country } = writtenPhone(row);
  own.set('phone', cell('phone', phone));
  own.set('phone_country_code', country);
  own.set('tags', cell('tags', writtenTags(row.tags)));
  for (const channel of CHANNEL_NAMES) {
    const said = row[`${channel}_said`];
    if (said === null) continue;
    const [reason, at, source] = JSON.parse(said) as [string, string, string | null];
    own.set(`${channel}_suppressed`, reason);
    own.set(`${channel}_suppressed_at`, at);
    own.set(`${channel}_suppressed_source`, cell(`${channel}_suppressed_source`, source));
  }
  const metadata = new Map(Object.entries(JSON.parse(row.metadata) as Record<string, unknown>));
  const values = keys.map((key) => {
    const value = metadata.get(key);
    const column = METADATA_PREFIX + key;
    // null is a value here, and a blank is none.
    if (value === null) json.push(column);
    metadata.delete(key);
    return value === null ? 'null' : cell(column, value);
  });
  const rest = metadata.size === 0 ? '' : JSON.stringify(Object.fromEntries(metadata));
  return [
    ...OWN_COLUMNS.map((column) => own.get(column) ?? ''),
    ...values,
    rest,
    json.length === 0 ? '' : JSON.stringify(json),
  ];
}

/** As given, where that is read to the same mailbox. */
function writtenEmail({ email, email_key }: ExportedRow): string | null {
  if (email === null || email_key === null) return email;
  const read = normalizeEmail(email);
  return read.ok && read.value === email_key ? email : email_key;
}

/**
 * As given, with the country that it was read for: where another DEFAULT_COUNTRY is set, the same digits would be
 * a stranger's number.
 */
function writtenPhone({ phone, phone_key }: ExportedRow): { phone: string | null; country: string } {
  if (phone === null || phone_key === null) return { phone, country: '' };
  const isRead = (country: string | null) => {
    const read = normalizePhone(phone, country);
    return read.ok && read.value === phone_key;
  };
  if (isRead(null)) return { phone, country: '' };
  const own = countryOfPhone(phone_key);
  const code = own === undefined ? undefined : callingCodeOf(own);
  const country = own && [own, ...countriesOfCode(code ?? '')].find(isRead);
  return country ? { phone, country } : { phone: phone_key, country: '' };
}

/** `vip, news` where that says the same; else the list. */
function writtenTags(tags: string | null): string | readonly string[] | null {
  if (tags === null) return null;
  const list = JSON.parse(tags) as string[];
  const text = list.join(', ');
  return JSON.stringify(splitTags(text)) === tags ? text : list;
}
