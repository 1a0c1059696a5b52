import type { MergeValues } from '../leads/lead.ts';
import { familyName, greetingName } from '../leads/reading/person-name.ts';

/** What a lead's field is read by: null when there is nothing to read. */
export type ReadValue = (values: MergeValues) => string | null;

const COLUMNS = ['name', 'email', 'phone', 'position', 'company', 'notes'] as const;

/** Every field that needs no key of metadata, as it is written in a message. */
export const KNOWN_FIELDS: readonly string[] = [
  'lead.name',
  'lead.first_name',
  'lead.last_name',
  ...COLUMNS.slice(1).map((column) => `lead.${column}`),
  'site.name',
];

/** The link by which a reader leaves: every message by email has one, and no lead. */
export const UNSUBSCRIBE_URL = 'unsubscribe_url';

/** Names of ours are known in any case; keys of metadata stay as they were written. */
export function canonicalPath(path: readonly string[]): readonly string[] {
  const lower = path.slice(0, 2).map((name) => name.toLowerCase());
  const isOurs =
    isUnsubscribeUrl(lower) ||
    (path.length === 2 && KNOWN_FIELDS.includes(lower.join('.'))) ||
    (path.length > 2 && lower.join('.') === 'lead.metadata');
  return isOurs ? [...lower, ...path.slice(2)] : path;
}

export function isUnsubscribeUrl(path: readonly string[]): boolean {
  return path.length === 1 && path[0] === UNSUBSCRIBE_URL;
}

/** Whether some lead could have it. */
export function isKnown(path: readonly string[]): boolean {
  return KNOWN_FIELDS.includes(path.join('.')) || metadataKey(path) !== null || isUnsubscribeUrl(path);
}

/** The path within metadata that a field names; null: it names something else. */
export function metadataKey(path: readonly string[]): readonly string[] | null {
  return path.length > 2 && path[0] === 'lead' && path[1] === 'metadata' ? path.slice(2) : null;
}

/** Chosen once for each field of a message, so that nothing is looked up by name for each recipient. */
export function readerOf(path: readonly string[]): ReadValue {
  const key = metadataKey(path);
  if (key) return ({ lead }) => metadataText(lead.metadata, key);
  if (isUnsubscribeUrl(path)) return ({ unsubscribe_url }) => unsubscribe_url ?? null;
  const name = path.join('.');
  if (name === 'site.name') return ({ site }) => present(site.name);
  if (name === 'lead.first_name') return ({ lead }) => present(firstNameOf(lead));
  if (name === 'lead.last_name')
    return ({ lead }) => present(familyName(lead.last_name, lead.first_name, lead.name));
  const column = COLUMNS.find((one) => name === `lead.${one}`);
  return column ? ({ lead }) => present(lead[column]) : () => null;
}

let greeted: { lead: MergeValues['lead'] | null; name: string | null } = { lead: null, name: null };

/** Subject, HTML and text greet the same lead one after the other, and the name is read out once for them. */
function firstNameOf(lead: MergeValues['lead']): string | null {
  if (greeted.lead !== lead)
    greeted = { lead, name: greetingName(lead.first_name, lead.name, lead.last_name) };
  return greeted.name;
}

/** As it stands there: numbers and truths as words, a list with commas. */
export function metadataText(
  metadata: Readonly<Record<string, unknown>>,
  path: readonly string[],
): string | null {
  let value: unknown = metadata;
  for (const key of path) {
    if (value === null || typeof value !== 'object') return null;
    value = ownValue(value, key);
  }
  if (!Array.isArray(value)) return isPlain(value) ? present(String(value)) : null;
  return present(value.filter((one) => isPlain(one) && String(one).trim() !== '').join(', '));
}

/** The key as written, else the first that differs in case only. Never what every object has. */
function ownValue(object: object, key: string): unknown {
  if (Object.hasOwn(object, key)) return (object as Record<string, unknown>)[key];
  const wanted = key.toLowerCase();
  for (const own of Object.keys(object)) {
    if (own.length === key.length && own.toLowerCase() === wanted) {
      return (object as Record<string, unknown>)[own];
    }
  }
  return undefined;
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function present(text: string | null | undefined): string | null {
  return text === undefined || text === null || text.trim() === '' ? null : text;
}
