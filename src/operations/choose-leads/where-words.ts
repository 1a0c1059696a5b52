import type { TidingsError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import { hint, show, wrong } from './where-values.ts';

export const TEXTS = [
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
export const TIMES = ['created_at', 'updated_at'] as const;
const OTHERS = ['status', 'tag', 'country', 'phone_prefix', 'import_id', 'lead_id', 'audience_id'] as const;
const STATES = ['reachable', 'suppressed', 'outcome'] as const;
export const FIELDS = [...TEXTS, ...OTHERS, ...TIMES, ...STATES];

export const ORDERS = ['before', 'after', 'at_least', 'at_most'] as const;
export const TESTS = ['is', 'in', 'contains', 'starts_with', ...ORDERS, 'exists'] as const;
export type Test = (typeof TESTS)[number];
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
export const GROUPS = ['all', 'any', 'not'] as const;
const OTHER_GROUPS: Readonly<Record<string, string>> = { and: 'all', or: 'any', none: 'not', nor: 'not' };

export function testsOf(name: string): readonly Test[] {
  if (/metadata\./i.test(name)) return TESTS;
  if (TEXTS.includes(name as never)) return ['is', 'in', 'contains', 'starts_with', 'exists'];
  if (TIMES.includes(name as never)) return ORDERS;
  if (name === 'tag') return ['is', 'in', 'contains', 'starts_with', 'exists'];
  return STATES.includes(name as never) ? ['is'] : ['is', 'in'];
}

export function noGroup(name: string, place: string): TidingsError {
  const near = OTHER_GROUPS[name] ?? nearest(name, [...GROUPS, 'field']);
  return wrong(
    `${place} has ${show(name)}${hint(near)}`,
    'Give a condition with field, or join conditions by all, any or not.',
  );
}

export function noField(field: unknown, place: string): TidingsError {
  const name = typeof field === 'string' ? field.replace(/^lead\./, '') : '';
  const near = nearest(name, FIELDS);
  const key = near === null && /^[\p{L}\p{N}_ -]{1,100}$/u.test(name) ? `metadata.${name}` : null;
  return wrong(
    `${place}.field is ${show(field)}${hint(near ?? key)}`,
    `Use one of: ${FIELDS.join(', ')}, metadata.KEY.`,
  );
}

export function noTest(test: string, place: string): TidingsError {
  const near = Object.hasOwn(OTHER_TESTS, test) ? OTHER_TESTS[test]! : nearest(test, TESTS);
  return wrong(`${place} has ${show(test)}${hint(near)}`, `Give field and one of: ${TESTS.join(', ')}.`);
}
