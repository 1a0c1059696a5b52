import { CHANNEL_NAMES } from '../../core/channel.ts';
import { foldText } from '../../core/leads/filter/fold-text.ts';
import { all, any, type Leaf, type Node, type TextTest } from '../../core/leads/filter/node.ts';
import { numberOf, timeOf } from '../../core/leads/filter/typed-values.ts';
import { LEAD_STATUSES, OUTCOMES } from '../../core/leads/lead.schema.ts';
import { isCountryCode } from '../../core/leads/phone.ts';
import { TidingsError } from '../../errors.ts';
import { nearest } from '../check-input.ts';

/** What stands for something that has to be looked up. */
export interface References {
  imports(ids: readonly string[], place: string): Promise<Node>;
  audiences(ids: readonly string[], place: string): Promise<Node>;
  outcome(
    outcome: (typeof OUTCOMES)[number],
    of: { readonly send_id?: string; readonly campaign?: string },
    place: string,
  ): Promise<Node>;
}

const DEPTH_MAX = 6;
const CONDITIONS_MAX = 100;
const VALUES_MAX = 200;
const TEXT_MAX = 200;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

const TEXTS = [
  'name',
  'first_name',
  'last_name',
  'email',
  'phone',
  'company',
  'position',
  'notes',
  'origin',
] as const;
const TIMES = ['created_at', 'updated_at'] as const;
const OTHERS = ['status', 'tag', 'country', 'phone_prefix', 'import_id', 'lead_id', 'audience_id'] as const;
const STATES = ['reachable', 'suppressed', 'outcome'] as const;
const FIELDS = [...TEXTS, ...OTHERS, ...TIMES, ...STATES];

const ORDERS = ['before', 'after', 'at_least', 'at_most'] as const;
const TESTS = ['is', 'in', 'contains', 'starts_with', ...ORDERS, 'exists'] as const;
type Test = (typeof TESTS)[number];
/** How often meant, and what it is called here. */
const OTHER_TESTS: Readonly<Record<string, Test>> = {
  ...{
    equals: 'is',
    eq: 'is',
    value: 'is',
    '=': 'is',
    '==': 'is',
    any_of: 'in',
    one_of: 'in',
    includes: 'contains',
  },
  ...{
    begins_with: 'starts_with',
    prefix: 'starts_with',
    gt: 'after',
    lt: 'before',
    gte: 'at_least',
    lte: 'at_most',
  },
  ...{
    '>': 'after',
    '<': 'before',
    '>=': 'at_least',
    '<=': 'at_most',
    min: 'at_least',
    max: 'at_most',
    has: 'exists',
  },
};
const GROUPS = ['all', 'any', 'not'] as const;
const OTHER_GROUPS: Readonly<Record<string, string>> = { and: 'all', or: 'any', none: 'not', nor: 'not' };

type Given = Readonly<Record<string, unknown>>;

/**
 * Reads `where`. Each refusal names the place, what stands there, and the nearest that is right.
 * @throws TidingsError `invalid_argument`
 */
export async function readWhere(given: unknown, references: References): Promise<Node> {
  let conditions = 0;

  async function readNode(value: unknown, place: string, depth: number): Promise<Node> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw wrong(
        `${place} is ${show(value)}, and has to be an object.`,
        'Give {"field": "tag", "is": "vip"}, or {"all": […]}, {"any": […]}, {"not": {…}}.',
      );
    }
    const names = Object.keys(value);
    if (names.length === 0) throw wrong(`${place} is empty.`, 'Leave it out, or give a condition.');
    if (depth > DEPTH_MAX)
      throw wrong(`${place} is nested deeper than ${DEPTH_MAX} levels.`, 'Give flatter conditions.');
    if ('field' in value) {
      conditions += 1;
      if (conditions > CONDITIONS_MAX)
        throw wrong(
          `where has more than ${CONDITIONS_MAX} conditions.`,
          'Put values of one field into one list: {"field": "tag", "in": […]}.',
        );
      return readCondition(value as Given, place, references);
    }
    const parts: Node[] = [];
    for (const name of names) {
      if (!GROUPS.includes(name as never)) throw noGroup(name, place);
      const inner = (value as Given)[name];
      const path = `${place}.${name}`;
      if (name === 'not') {
        parts.push({ kind: 'not', node: await readNode(inner, path, depth + 1) });
        continue;
      }
      if (!Array.isArray(inner) || inner.length === 0)
        throw wrong(
          `${path} is ${show(inner)}, and has to be a list of conditions.`,
          `Give ${name}: [{"field": …}].`,
        );
      const nodes: Node[] = [];
      for (const [at, one] of inner.entries()) nodes.push(await readNode(one, `${path}.${at}`, depth + 1));
      parts.push(name === 'all' ? all(nodes) : any(nodes));
    }
    return all(parts);
  }

  return readNode(given, 'where', 1);
}

async function readCondition(given: Given, place: string, references: References): Promise<Node> {
  const { field } = given;
  const name = typeof field === 'string' ? field.trim() : '';
  const key = /^(?:lead\.)?metadata\.(.+)$/is.exec(name)?.[1];
  if (key === undefined && !FIELDS.includes(name as never)) throw noField(field, place);
  const more = name === 'outcome' ? ['send_id', 'campaign'] : [];
  const tests = Object.keys(given).filter((one) => one !== 'field' && !more.includes(one));
  for (const test of tests) if (!TESTS.includes(test as Test)) throw noTest(test, place);
  if (tests.length !== 1) {
    const found = tests.length === 0 ? 'no test' : `${tests.length} tests (${tests.join(', ')})`;
    throw wrong(
      `${place} has ${found}, and takes one.`,
      `Give one of: ${TESTS.join(', ')}; join several by {"all": […]}.`,
    );
  }
  const test = tests[0] as Test;
  const value = given[test];
  const path = `${place}.${test}`;
  const allowed = testsOf(name);
  if (!allowed.includes(test))
    throw wrong(`${place} tests ${name} by ${test}.`, `${name} takes: ${allowed.join(', ')}.`);
  if (test === 'exists') {
    if (typeof value !== 'boolean') throw wrong(`${path} is ${show(value)}.`, 'Give true or false.');
    const node: Node = hasNode(name, key);
    return value ? node : { kind: 'not', node };
  }
  if (key !== undefined) return metadataNode(key, test, value, path);
  if (TEXTS.includes(name as never))
    return textNode(name as (typeof TEXTS)[number], test, textsOf(value, test, path));
  if (TIMES.includes(name as never)) {
    return {
      kind: 'time',
      column: name as 'created_at',
      test: test as 'after',
      value: timeText(value, path),
    };
  }
  const texts = textsOf(value, test, path);
  switch (name) {
    case 'tag':
      return { kind: 'tag', test: textTest(test), values: texts.map(foldText) };
    case 'status':
      return { kind: 'status', values: texts.map((one) => oneOf(one.toLowerCase(), LEAD_STATUSES, path)) };
    case 'country':
      return { kind: 'country', countries: texts.map((one) => countryOf(one, path)) };
    case 'phone_prefix':
      return { kind: 'phone', prefixes: texts.map((one) => prefixOf(one, path)) };
    case 'lead_id':
      return { kind: 'leads', ids: texts.map((one) => idOf(one, path)) };
    case 'import_id':
      return references.imports(
        texts.map((one) => idOf(one, path)),
        path,
      );
    case 'audience_id':
      return references.audiences(
        texts.map((one) => idOf(one, path)),
        path,
      );
    case 'outcome':
      return references.outcome(oneOf(texts[0]!, OUTCOMES, path), sendOf(given, place), place);
    default:
      return { kind: name as 'reachable', channel: oneOf(texts[0]!, CHANNEL_NAMES, path) };
  }
}

function testsOf(name: string): readonly Test[] {
  if (/metadata\./i.test(name)) return TESTS;
  if (TEXTS.includes(name as never)) return ['is', 'in', 'contains', 'starts_with', 'exists'];
  if (TIMES.includes(name as never)) return ORDERS;
  if (name === 'tag') return ['is', 'in', 'contains', 'starts_with', 'exists'];
  return STATES.includes(name as never) ? ['is'] : ['is', 'in'];
}

function hasNode(name: string, key: string | undefined): Leaf {
  if (key !== undefined) return { kind: 'metadata', key: foldText(key), test: 'exists', values: [] };
  return { kind: 'has', column: name === 'tag' ? 'tags' : (name as 'name') };
}

function textTest(test: Test): TextTest {
  return test === 'in' ? 'is' : (test as TextTest);
}

function textNode(field: (typeof TEXTS)[number], test: Test, texts: readonly string[]): Leaf {
  // As it was given, and as it is dialled.
  const columns = field === 'phone' ? (['phone', 'phone_key'] as const) : [field];
  return { kind: 'text', columns, test: textTest(test), values: texts.map(foldText) };
}

function metadataNode(key: string, test: Test, value: unknown, path: string): Leaf {
  const leaf = { kind: 'metadata' as const, key: foldText(key) };
  if (key.length > TEXT_MAX) throw tooLong(path);
  if (ORDERS.includes(test as never)) {
    if (typeof value === 'number') return { ...leaf, test: test as 'after', values: [value] };
    const number = numberOf(value);
    return { ...leaf, test: test as 'after', values: [number ?? timeText(value, path)] };
  }
  const values = test === 'in' ? listOf(value, path) : [value];
  for (const one of values) {
    if (!['string', 'number', 'boolean'].includes(typeof one))
      throw wrong(`${path} is ${show(one)}.`, 'Give a text, a number, true or false.');
  }
  if (textTest(test) !== 'is')
    return { ...leaf, test: textTest(test), values: textsOf(value, test, path).map(foldText) };
  return {
    ...leaf,
    test: 'is',
    values: (values as (string | number | boolean)[]).map((one) =>
      typeof one === 'string' ? foldText(checkedText(one, path)) : one,
    ),
  };
}

function listOf(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value) || value.length === 0)
    throw wrong(`${path} is ${show(value)}, and has to be a list.`, 'Give a list of values, or use is.');
  if (value.length > VALUES_MAX)
    throw wrong(`${path} has ${value.length} values.`, `Give at most ${VALUES_MAX}.`);
  return value;
}

function textsOf(value: unknown, test: Test, path: string): string[] {
  return (test === 'in' ? listOf(value, path) : [value]).map((one) =>
    checkedText(typeof one === 'number' ? String(one) : one, path),
  );
}

function checkedText(value: unknown, path: string): string {
  if (typeof value !== 'string') throw wrong(`${path} is ${show(value)}.`, 'Give a text.');
  const text = value.trim();
  if (text === '') throw wrong(`${path} is empty.`, 'To find who has none, give exists: false.');
  if (text.length > TEXT_MAX) throw tooLong(path);
  return text;
}

function timeText(value: unknown, path: string): string {
  const ms = timeOf(value);
  if (ms !== null) return new Date(ms).toISOString();
  throw wrong(
    `${path} is ${show(value)}, which is no date.`,
    'Give ISO 8601: 2026-11-25 or 2026-11-25T18:00:00Z.',
  );
}

export function countryOf(value: string, path: string): string {
  const code = value.trim().toUpperCase();
  if (isCountryCode(code)) return code;
  throw wrong(
    `${path} is ${show(value)}, which is no country.`,
    'Give its two letters (ISO 3166), such as MX, ES or US.',
  );
}

export function prefixOf(value: string, path: string): string {
  const digits = value.replaceAll(/[\s().-]/g, '');
  if (/^\+\d{1,15}$/.test(digits)) return digits;
  throw wrong(`${path} is ${show(value)}.`, 'Give + and digits, such as +52.');
}

export function instantOf(value: string, path: string): string {
  return timeText(value, path);
}

function idOf(value: string, path: string): string {
  if (UUID.test(value)) return value.toLowerCase();
  throw wrong(`${path} is ${show(value)}, which is no UUID.`, 'Give the id as it was told.');
}

function oneOf<T extends string>(value: string, known: readonly T[], path: string): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  throw wrong(`${path} is ${show(value)}${hint(nearest(value, known))}`, `Use one of: ${known.join(', ')}.`);
}

function sendOf(given: Given, place: string) {
  const { send_id, campaign } = given;
  return {
    ...(send_id !== undefined && {
      send_id: idOf(checkedText(send_id, `${place}.send_id`), `${place}.send_id`),
    }),
    ...(campaign !== undefined && { campaign: checkedText(campaign, `${place}.campaign`) }),
  };
}

function noGroup(name: string, place: string): TidingsError {
  const near = OTHER_GROUPS[name] ?? nearest(name, [...GROUPS, 'field']);
  return wrong(
    `${place} has ${show(name)}${hint(near)}`,
    'Give a condition with field, or join conditions by all, any or not.',
  );
}

function noField(field: unknown, place: string): TidingsError {
  const name = typeof field === 'string' ? field.replace(/^lead\./, '') : '';
  const near = nearest(name, FIELDS);
  const key = near === null && /^[\p{L}\p{N}_ -]{1,100}$/u.test(name) ? `metadata.${name}` : null;
  return wrong(
    `${place}.field is ${show(field)}${hint(near ?? key)}`,
    `Use one of: ${FIELDS.join(', ')}, metadata.KEY.`,
  );
}

function noTest(test: string, place: string): TidingsError {
  const near = Object.hasOwn(OTHER_TESTS, test) ? OTHER_TESTS[test]! : nearest(test, TESTS);
  return wrong(`${place} has ${show(test)}${hint(near)}`, `Give field and one of: ${TESTS.join(', ')}.`);
}

function hint(near: string | null): string {
  return near === null ? '.' : `; did you mean ${near}?`;
}

function tooLong(path: string): TidingsError {
  return wrong(`${path} has more than ${TEXT_MAX} characters.`, 'Give a shorter text.');
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function wrong(message: string, fix: string): TidingsError {
  return new TidingsError('invalid_argument', message, { fix });
}
