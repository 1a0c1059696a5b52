import { expect, it } from 'vitest';
import * as z from 'zod';
import fc from '../../test/support/property.ts';
import { leadFields, leadFilters, leadId } from '../core/leads/lead.schema.ts';
import { readArguments } from './read-arguments.ts';
import { sendBulkMessagesInput } from './sends/send.schema.ts';

/** Every kind of argument that the catalogue has. */
const SCHEMAS = [
  sendBulkMessagesInput,
  leadFields.partial().extend({ lead_id: leadId, restore_erased: z.boolean().default(false) }),
  leadFilters.extend({ limit: z.int().min(1).max(200).default(50), cursor: z.string().max(100).optional() }),
  z.object({
    leads: z.array(leadFields.partial()).min(1).optional(),
    map: z.record(z.string(), z.string()).optional(),
    to: z.array(z.string().trim().min(1).max(320)).min(1).max(5),
  }),
];

const ODD = [
  ...['', ' ', 'null', ' NULL ', 'true', 'False', ' 30 ', '1e3', '0x10', '007', '-0', '1.50', 'a,b', 'a'],
  ...['[]', '["a"]', '[null]', '[["a"]]', '{}', '{"a":1}', '{"name":""}', '"[1]"', '[{"name":""}]', '{'],
  ...[null, true, false, 0, -1, 30, 1.5, 1e21, [], [''], [null], [1], {}, { name: '' }, { a: null }],
];

/** Mostly right values, by the schema. */
function valuesOf(type: z.core.$ZodType): fc.Arbitrary<unknown> {
  const { def } = type._zod as unknown as {
    def: { type: string; innerType: z.core.$ZodType; element: z.core.$ZodType };
  };
  switch (def.type) {
    case 'optional':
    case 'default':
      return valuesOf(def.innerType);
    case 'nullable':
      return fc.option(valuesOf(def.innerType));
    case 'boolean':
      return fc.boolean();
    case 'number':
      return fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double());
    case 'enum':
      return fc.constantFrom(...(type as z.ZodEnum).options);
    case 'array':
      return fc.array(valuesOf(def.element), { maxLength: 3 });
    case 'record':
      return fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.jsonValue()));
    case 'object':
      return objectOf(type as z.ZodObject);
    default:
      return fc.oneof(fc.string(), fc.uuid(), fc.constantFrom('null', '', 'true', '30', '[1]', '{}'));
  }
}

function objectOf(schema: z.ZodObject, odd: unknown[] = []): fc.Arbitrary<Record<string, unknown>> {
  const values = Object.entries(schema.shape).map(([name, type]) => [
    name,
    odd.length > 0 ? fc.oneof(valuesOf(type), fc.constantFrom(...odd)) : valuesOf(type),
  ]);
  return fc.record(Object.fromEntries(values), { requiredKeys: [] });
}

const NAMES = [
  'campaign',
  'country',
  'created_after',
  'created_before',
  'cursor',
  'phone_prefix',
  'sample_seed',
];
NAMES.push('schedule_at', 'sender', 'language', 'from');
const NOTHING = /^\s*(null)?\s*$/i;

/** An object, such as the template of a send, in which something is called "" or "null". */
const holdsNothing = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsNothing);
  return Object.values(value).some((held) =>
    typeof held === 'string' ? NOTHING.test(held) : holdsNothing(held),
  );
};

it('what is right already is never changed, but that nothing is called "" or "null"', () => {
  for (const schema of SCHEMAS) {
    let right = 0;
    const oneByOne = Object.keys(schema.shape).map((name) =>
      objectOf(z.object({ [name]: (schema as z.ZodObject).shape[name]! })),
    );
    fc.assert(
      fc.property(fc.oneof(...oneByOne, objectOf(schema)), (given) => {
        if (!schema.partial().safeParse(given).success) return;
        if (NAMES.some((name) => NOTHING.test(String(given[name] ?? 'x')))) return;
        if (Object.values(given).some(holdsNothing)) return;
        right++;
        expect(readArguments(schema, given)).toEqual(given);
      }),
      { numRuns: 2_000 },
    );
    expect(right).toBeGreaterThan(500);
  }
});

it('nobody is called "null" who writes to a thousand people', () => {
  for (const nothing of ['', ' ', 'null', 'NULL', null])
    expect(readArguments(sendBulkMessagesInput, { from: nothing })).toEqual({});
  expect(readArguments(sendBulkMessagesInput, { from: 'Nullius' })).toEqual({ from: 'Nullius' });
});

it('reading twice is reading once, whatever is given', () => {
  for (const schema of SCHEMAS) {
    const anything = fc.oneof(objectOf(schema, ODD), fc.constantFrom(...ODD), fc.anything());
    fc.assert(
      fc.property(anything, (given) => {
        const once = readArguments(schema, given);
        expect(readArguments(schema, once)).toEqual(once);
      }),
      { numRuns: 3_000 },
    );
  }
});

it('takes time in proportion to what is given', () => {
  for (const text of [' '.repeat(2_000_000), `${' '.repeat(2_000_000)}x`, `[${'['.repeat(100_000)}`]) {
    const given = {
      message: text,
      dry_run: text,
      max_wait_seconds: text,
      retry: text,
      lead_ids: text,
      where: text,
    };
    const startedAt = performance.now();
    for (const schema of SCHEMAS) readArguments(schema, given);
    readArguments(sendBulkMessagesInput, text);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  }
});
