import { SUPPRESSION_REASONS } from '../../suppressions/suppression.ts';
import { type Normalized, normalizeEmail, normalizePhone } from '../contact.ts';
import type { OwnColumn } from '../export/columns.ts';
import type { LeadInput } from '../lead-input.ts';
import { TEXT_FIELDS } from '../lead-input.ts';
import { type Consent, consentColumn, readConsent } from './consent-columns.ts';
import { readCountry } from './country.ts';
import type { ExportPlan } from './exported-columns.ts';
import { parseStatus } from './lead-status.ts';
import type { ReadRow } from './read-row.ts';
import { readJson, splitTags } from './split-tags.ts';

/** Reads a row of an export as it was written. @param others what the columns say that are not of the export */
export function readExported(
  record: readonly string[],
  plan: ExportPlan,
  others: ReadRow | null,
  defaultCountry: string | null,
): ReadRow {
  const json = new Set(jsonColumns(record[plan.json] ?? ''));
  /** undefined: blank. */
  const valueAt = (column: string, index: number | undefined): unknown => {
    const cell = index === undefined ? '' : (record[index] ?? '');
    if (cell === '') return undefined;
    return json.has(column) ? jsonValue(cell) : cell;
  };
  const textOf = (column: OwnColumn): string | undefined => {
    const value = valueAt(column, plan.own.get(column));
    return value === undefined || value === null ? undefined : String(value);
  };
  const draft: { -readonly [Key in keyof LeadInput]: LeadInput[Key] } = {};
  for (const column of TEXT_FIELDS) {
    const text = textOf(column);
    if (text !== undefined) draft[column] = text;
  }
  const entries: [string, unknown][] = [];
  for (const { key, column, index } of plan.metadata) {
    const value = valueAt(column, index);
    if (value !== undefined) entries.push([key, value]);
  }
  const rest = plan.rest === undefined ? undefined : readJson(record[plan.rest] ?? '');
  if (isObject(rest)) entries.push(...Object.entries(rest));
  const status = textOf('status');
  const known = status === undefined ? undefined : parseStatus(status);
  if (known) draft.status = known;
  else if (status !== undefined) entries.push(['status', status]);
  const tags = valueAt('tags', plan.own.get('tags'));
  if (tags !== undefined) draft.tags = Array.isArray(tags) ? tags.map(String) : splitTags(String(tags));
  if (others?.input.tags) draft.tags = [...(draft.tags ?? []), ...others.input.tags];
  const metadata = { ...others?.input.metadata, ...Object.fromEntries(entries) };
  if (Object.keys(metadata).length > 0) draft.metadata = metadata;
  const consents = (['email', 'whatsapp'] as const).flatMap((channel) => saidOf(channel, textOf) ?? []);
  const id = textOf('id')?.toLowerCase();
  const createdAt = timeOf(textOf('created_at'));
  return {
    input: { ...others?.input, ...draft },
    email: draft.email ? normalizeEmail(draft.email) : (others?.email ?? null),
    phone: draft.phone
      ? readPhone(draft.phone, textOf('phone_country_code'), defaultCountry)
      : (others?.phone ?? null),
    otherEmails: others?.otherEmails ?? [],
    otherPhones: others?.otherPhones ?? [],
    consents: [...consents, ...(others?.consents ?? [])],
    exported: {
      ...(id !== undefined && UUID.test(id) && { id }),
      ...(createdAt !== undefined && { createdAt }),
    },
  };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** For the country it was read for; without one, as it says itself before what this place reads into it. */
function readPhone(text: string, given: string | undefined, defaultCountry: string | null): Normalized {
  const country = given === undefined ? null : readCountry(given, defaultCountry);
  const read = normalizePhone(text, country);
  return read.ok || country !== null ? read : normalizePhone(text, defaultCountry);
}

function saidOf(
  channel: 'email' | 'whatsapp',
  textOf: (column: OwnColumn) => string | undefined,
): Consent | null {
  const column = `${channel}_suppressed` as const;
  const value = textOf(column);
  if (value === undefined) return null;
  const exact = SUPPRESSION_REASONS.find((reason) => reason === value);
  // Somebody wrote into it since: whatever it is, it is no reason to message them.
  const said =
    exact === undefined
      ? readConsent(consentColumn(column, 0, column)!, value)
      : { scope: channel, reason: exact, column, value };
  const at = timeOf(textOf(`${column}_at`));
  return (
    said && {
      ...said,
      origin: { source: textOf(`${column}_source`) ?? null, ...(at !== undefined && { at }) },
    }
  );
}

/** As this house writes times, and not one to come. */
function timeOf(text: string | undefined): string | undefined {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) || ms > Date.now() ? undefined : text;
}

function jsonColumns(cell: string): string[] {
  const list = readJson(cell);
  return Array.isArray(list) ? list.map(String) : [];
}

/** A spreadsheet writes TRUE. */
function jsonValue(cell: string): unknown {
  try {
    return JSON.parse(/^(true|false)$/i.test(cell) ? cell.toLowerCase() : cell);
  } catch {
    return cell;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
