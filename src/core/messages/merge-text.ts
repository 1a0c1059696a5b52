import { TidingsError } from '../../errors.ts';
import type { MergeValues } from '../leads/lead.ts';
import { familyName, greetingName } from '../leads/reading/person-name.ts';

/**
 * Merge fields: `{{ path }}` or `{{ path | filter: "argument" | … }}`, parsed once for each send.
 *
 * The grammar has no loops, conditions or assignments on purpose: rendering is one pass over the segments, so no
 * merge text can run long or grow beyond its own values, and a broken one is refused with its position before
 * anything is sent.
 */
export interface MergeText {
  readonly source: string;
  readonly segments: readonly Segment[];
}

/** A literal piece of text, or a field whose value each recipient brings. */
export type Segment = string | Field;

export interface Field {
  /** For example `['lead', 'metadata', 'plan']`. */
  readonly path: readonly string[];
  readonly filters: readonly Filter[];
}

export interface Filter {
  readonly name: 'default' | 'upcase' | 'downcase' | 'capitalize';
  readonly argument: string | null;
}

const FILTER_NAMES: readonly string[] = ['default', 'upcase', 'downcase', 'capitalize'];
const LEAD_FIELDS: readonly string[] = [
  'name',
  'first_name',
  'last_name',
  'email',
  'phone',
  'position',
  'company',
  'notes',
  'metadata',
];
const PATH = /^[\p{L}_][\p{L}\p{N}_-]*(\.[\p{L}\p{N}_-]+)*$/u;
const FILTER = /^([a-z_]+)\s*(?::\s*(?:"([^"]*)"|'([^']*)'))?$/u;
const MAX_FIELDS = 1_000;
const MAX_FILTERS = 10;
const MAX_PATH = 20;

/**
 * Parses merge syntax.
 * @throws TidingsError `invalid_template`, with line and column of the broken place.
 */
export function parseMergeText(source: string, where = 'message'): MergeText {
  const segments: Segment[] = [];
  let fields = 0;
  let from = 0;
  for (;;) {
    const open = nextOpening(source, from);
    if (open < 0) break;
    if (source[open + 1] === '%') {
      throw broken(where, source, open, 'tags such as {% if %} are not supported, only {{fields}}');
    }
    const close = closing(source, open + 2);
    if (close < 0) throw broken(where, source, open, '"{{" is never closed by "}}"');
    if (open > from) segments.push(source.slice(from, open));
    segments.push(parseField(source.slice(open + 2, close), where, source, open));
    fields += 1;
    if (fields > MAX_FIELDS) {
      throw broken(where, source, open, `more than ${MAX_FIELDS} merge fields`);
    }
    from = close + 2;
  }
  if (from < source.length) segments.push(source.slice(from));
  return { source, segments };
}

/** One pass: to look for each kind by itself would read on to the end for every field. */
function nextOpening(source: string, from: number): number {
  const opening = /\{[{%]/g;
  opening.lastIndex = from;
  return opening.exec(source)?.index ?? -1;
}

/** The position of the `}}` that ends the field, skipping quoted arguments; -1 when there is none. */
function closing(source: string, from: number): number {
  let quote = '';
  for (let at = from; at < source.length - 1; at++) {
    const char = source[at]!;
    if (quote) {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '}' && source[at + 1] === '}') return at;
    else if (char === '{' && source[at + 1] === '{') return -1;
  }
  return -1;
}

function parseField(inside: string, where: string, source: string, at: number): Field {
  const [head, ...rest] = splitPipes(inside);
  const name = head!.trim();
  if (!PATH.test(name)) {
    throw broken(
      where,
      source,
      at,
      name ? `"${name.slice(0, 80)}" is not a field name` : 'a merge field is empty',
    );
  }
  const path = name.split('.');
  if (path.length > MAX_PATH) throw broken(where, source, at, `a path of more than ${MAX_PATH} names`);
  if (rest.length > MAX_FILTERS) throw broken(where, source, at, `more than ${MAX_FILTERS} filters`);
  const filters = rest.map((text): Filter => {
    const match = FILTER.exec(text.trim());
    if (!match) throw broken(where, source, at, `"${text.trim().slice(0, 80)}" is not a filter`);
    const [, filter, double, single] = match;
    if (!FILTER_NAMES.includes(filter!)) {
      throw broken(where, source, at, `unknown filter "${filter}"; there are ${FILTER_NAMES.join(', ')}`);
    }
    const argument = double ?? single ?? null;
    if (filter === 'default' && argument === null) {
      throw broken(
        where,
        source,
        at,
        'the default filter needs a quoted text, as in {{lead.first_name | default: "there"}}',
      );
    }
    return { name: filter as Filter['name'], argument };
  });
  return { path, filters };
}

function splitPipes(text: string): string[] {
  const parts: string[] = [];
  let quote = '';
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quote) {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '|') {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function broken(where: string, source: string, at: number, what: string): TidingsError {
  const before = source.slice(0, at).split('\n');
  const line = before.length;
  const column = before.at(-1)!.length + 1;
  const shown = source.slice(at, at + 40).split('\n')[0]!;
  return new TidingsError(
    'invalid_template',
    `The ${where} has broken merge syntax at line ${line}, column ${column}: ${what} (near "${shown}").`,
    {
      fix: 'Merge fields look like {{lead.first_name}} or {{lead.first_name | default: "there"}}. Nothing was sent.',
    },
  );
}

/** One field's text for one recipient; null when it has no value and no fallback. */
export function resolveField(field: Field, values: MergeValues): string | null {
  let text = lookUp(field.path, values);
  for (const filter of field.filters) {
    if (filter.name === 'default') text ??= filter.argument;
    else if (text === null) continue;
    else if (filter.name === 'upcase') text = text.toUpperCase();
    else if (filter.name === 'downcase') text = text.toLowerCase();
    else text = capitalize(text);
  }
  return text;
}

function capitalize(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

function lookUp(path: readonly string[], values: MergeValues): string | null {
  const [root, name] = path;
  if (root === 'site') return path.length === 2 && name === 'name' ? present(values.site.name) : null;
  if (root !== 'lead' || name === undefined) return null;
  if (name === 'metadata') return metadataValue(values.lead.metadata, path.slice(2));
  if (path.length !== 2) return null;
  if (name === 'first_name')
    return present(greetingName(values.lead.first_name, values.lead.name, values.lead.last_name));
  if (name === 'last_name') {
    const { last_name, first_name, name: whole } = values.lead;
    return present(familyName(last_name, first_name, whole));
  }
  if (!LEAD_FIELDS.includes(name)) return null;
  return present(values.lead[name as 'name' | 'email' | 'phone' | 'position' | 'company' | 'notes']);
}

function metadataValue(metadata: Readonly<Record<string, unknown>>, path: readonly string[]): string | null {
  let value: unknown = metadata;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return null;
    value = (value as Record<string, unknown>)[key];
  }
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return present(value.join(', '));
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? present(String(value))
    : null;
}

function present(text: string | null | undefined): string | null {
  return text === undefined || text === null || text.trim() === '' ? null : text;
}

/** Renders with every value passed through `escapeValue`; fields without a value become nothing. */
export function renderMergeText(
  text: MergeText,
  values: MergeValues,
  escapeValue: (value: string) => string = String,
): string {
  let out = '';
  for (const segment of text.segments) {
    out += typeof segment === 'string' ? segment : escapeValue(resolveField(segment, values) ?? '');
  }
  return out;
}

/** Merge text taken apart: its text once, and each field that it has once, however often it stands there. */
export interface MergeTextParts {
  /** A number: here stands the value of that field. */
  readonly parts: readonly (string | number)[];
  readonly fields: readonly Field[];
}

export function takeApart({ segments }: MergeText): MergeTextParts {
  const fields = new Map<string, { readonly at: number; readonly field: Field }>();
  const parts = segments.map((segment) => {
    if (typeof segment === 'string') return segment;
    const key = JSON.stringify(segment);
    const known = fields.get(key) ?? { at: fields.size, field: segment };
    fields.set(key, known);
    return known.at;
  });
  return { parts, fields: [...fields.values()].map(({ field }) => field) };
}

/** The fields of `text` that this recipient has no value for, as written in paths (`lead.company`). */
export function unresolvedFields(text: MergeText, values: MergeValues): string[] {
  const missing: string[] = [];
  for (const segment of text.segments) {
    if (typeof segment !== 'string' && resolveField(segment, values) === null)
      missing.push(segment.path.join('.'));
  }
  return missing;
}

/** How many characters the values of one recipient bring into the message. */
export function lengthOfValues(text: MergeText, values: MergeValues): number {
  let length = 0;
  for (const segment of text.segments) {
    if (typeof segment !== 'string') length += resolveField(segment, values)?.length ?? 0;
  }
  return length;
}

/** The fields that no lead can have, such as `lead.nmae`: worth a word before a send. */
export function unknownFields(text: MergeText): string[] {
  const unknown: string[] = [];
  for (const segment of text.segments) {
    if (typeof segment === 'string') continue;
    const [root, name] = segment.path;
    const known =
      (root === 'site' && name === 'name' && segment.path.length === 2) ||
      (root === 'lead' &&
        LEAD_FIELDS.includes(name ?? '') &&
        (name === 'metadata') === segment.path.length > 2);
    if (!known) unknown.push(segment.path.join('.'));
  }
  return unknown;
}
