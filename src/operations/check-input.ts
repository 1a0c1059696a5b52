import * as z from 'zod';
import { count, counted } from '../amounts.ts';
import { TidingsError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { Text, Words } from '../words.ts';
import type { Operation } from './operation.ts';

/**
 * What a caller gave, checked for an operation: the same words of refusal at every door. An argument nobody knows is
 * refused by name, because dropping it silently would do something else than was asked.
 * @throws TidingsError `invalid_argument`
 */
export function checkInput(operation: Operation, given: unknown): z.output<Operation['input']> {
  const input = wellFormed(given ?? {}, MAX_DEPTH);
  // An unknown name comes first: it is often the reason why another argument seems to be missing.
  refuseUnknown(operation.name, operation.input, input, '');
  const parsed = operation.input.safeParse(input, { error: inWords });
  if (parsed.success) return parsed.data;
  throw refuse(operation, parsed.error.issues[0]!, input);
}

/** What is wrong, as a person says it; undefined where the library's own words will do. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_format' && issue.format === 'uuid') return 'that is no UUID';
  if (issue.code !== 'too_small' && issue.code !== 'too_big') return undefined;
  const isSmall = issue.code === 'too_small';
  const bound = Number(isSmall ? issue.minimum : issue.maximum);
  const isText = issue.origin === 'string';
  if (isSmall && bound === 1 && isText) return 'it is empty';
  if (isSmall && bound === 1 && issue.origin === 'array') return 'the list is empty';
  const edge = isSmall ? 'at least' : 'at most';
  if (issue.inclusive === false) return `it has to be ${isSmall ? 'more' : 'less'} than ${count(bound)}`;
  if (isText) return `${edge} ${counted(bound, 'character')} are taken`;
  if (issue.origin === 'array') return `${edge} ${counted(bound, 'entry', 'entries')} are taken`;
  return `it has to be ${edge} ${count(bound)}`;
}

/** Far more than any argument needs, and few enough for whoever walks through a value by calling itself. */
const MAX_DEPTH = 100;

/**
 * What no database or reader of JSON takes as it is, wherever it stands. Half a character, as a text cut at a length
 * ends in, becomes U+FFFD in a value; of a name it would make another name.
 */
function wellFormed(value: unknown, levels: number): unknown {
  if (typeof value === 'string') return withoutNul(value).toWellFormed();
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) {
    throw wrong(`The arguments are nested deeper than ${MAX_DEPTH} levels.`, 'Send flatter values.');
  }
  if (Array.isArray(value)) return value.map((inner) => wellFormed(inner, levels - 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [wellFormedName(name), wellFormed(inner, levels - 1)]),
  );
}

function wellFormedName(name: string): string {
  if (withoutNul(name).isWellFormed()) return name;
  throw wrong(`The name ${show(name)} has half a character in it.`, 'Leave it out.');
}

function withoutNul(text: string): string {
  if (!text.includes('\0')) return text;
  throw wrong(`${show(text)} has a NUL character, which text has not.`, 'Leave it out.');
}

/** Looks into lists of objects too: there, an unknown name would be lost without a word. */
function refuseUnknown(owner: string, type: z.core.$ZodType, value: unknown, path: string): void {
  const schema = innerType(type);
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    value.forEach((item, at) => {
      refuseUnknown(`Each of ${path}`, schema.element, item, `${path}.${at}`);
    });
  }
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) return;
  const known = Object.keys(schema.shape);
  for (const [name, inner] of Object.entries(value)) {
    const full = path === '' ? name : `${path}.${name}`;
    if (known.includes(name)) {
      refuseUnknown(full, schema.shape[name]!, inner, full);
    } else if (!schema.def.catchall) {
      const near = nearest(name, known);
      const hint = near === null ? '' : `; did you mean ${near}?`;
      const takes = known.length === 0 ? ' no arguments' : `: ${known.join(', ')}`;
      throw wrong(`unknown argument ${show(full)}${hint}`, `${owner} takes${takes}.`);
    }
  }
}

/** What stands behind "optional", "nullable" and "by default". */
export function innerType(type: z.core.$ZodType): z.core.$ZodType {
  let inner = type;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodNullable) {
    inner = inner.unwrap();
  }
  return inner;
}

function refuse(operation: Operation, issue: z.core.$ZodIssue, given: unknown): TidingsError {
  if (issue.path.length === 0) {
    return wrong(
      `The arguments are ${show(given)}: ${issue.message}.`,
      'Give the arguments as a JSON object.',
    );
  }
  const [first = '', ...rest] = issue.path.map(String);
  const name = [first, ...rest].join('.');
  const written = (words: Words) => [words.argument(first), ...rest].join('.');
  const about = issue.path.length === 1 ? describe(operation, name) : '';
  const value = valueAt(given, issue.path);
  if (value === undefined)
    return wrong(
      (words) => `${written(words)} is missing.`,
      (words) => `Give ${written(words)}${about}.`,
    );
  if (issue.code === 'invalid_value') {
    const near = typeof value === 'string' ? nearest(value, issue.values.map(String)) : null;
    const hint = near === null ? '.' : `; did you mean ${near}?`;
    return wrong(
      (words) => `${written(words)} is ${show(value)}${hint}`,
      `Use one of: ${issue.values.join(', ')}.`,
    );
  }
  return wrong(
    (words) => `${written(words)} is ${show(value)}: ${issue.message}.`,
    (words) => `Correct ${written(words)}${about}.`,
  );
}

function describe(operation: Operation, argument: string): string {
  const schema = operation.input.shape[argument];
  const said = [schema, schema && innerType(schema)].find(
    (type) => type instanceof z.ZodType && type.description,
  );
  const text = said instanceof z.ZodType ? said.description : undefined;
  return text ? ` (${text.replace(/\.$/, '')})` : '';
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  let value = given;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…${text.endsWith('"') ? '"' : ''}` : text;
}

function wrong(message: Text, fix: Text): TidingsError {
  return new TidingsError('invalid_argument', message, { fix });
}
