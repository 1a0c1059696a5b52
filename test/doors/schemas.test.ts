import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import type { CallToolResult } from '@modelcontextprotocol/server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { ERROR_CODES, type ErrorCode, TidingsError } from '../../src/errors.ts';
import { callTool, type ToolCall } from '../../src/mcp/call-tool.ts';
import { describeTool } from '../../src/mcp/descriptions.ts';
import { plainSchema } from '../../src/mcp/plain-schema.ts';
import { type Tool, type ToolMode, toolsOf } from '../../src/mcp/tools.ts';
import { openTidings } from '../../src/open-tidings.ts';
import type { JsonSchema } from '../../src/operations/json-schema.ts';
import { isTool } from '../../src/operations/may-call.ts';
import { toRefusal } from '../../src/operations/refusal.ts';
import type { Tidings } from '../../src/tidings.ts';
import { CALLER } from '../support/caller.ts';
import { freshFolder, quiet, removeFolder } from '../support/core.ts';

let folder: string;
let tidings: Tidings;
let shown: Record<ToolMode, Tool[]>;
const MODES = ['grouped', 'split'] as const;

beforeAll(async () => {
  folder = freshFolder();
  tidings = await openTidings(readConfig({ TIDINGS_DATA_DIR: folder }), quiet);
  const { operations } = tidings;
  shown = { grouped: toolsOf(operations, 'grouped'), split: toolsOf(operations, 'split') };
});

afterAll(async () => {
  await tidings.close();
  removeFolder(folder);
});

const TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object'];
const KEYWORDS = [
  ...['type', 'description', 'enum', 'items', 'properties', 'required', 'default'],
  ...['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'],
];

/** A sentence for each thing in a schema that some client or model's maker refuses. */
function faultsIn(schema: JsonSchema, path: string, levels = 0): string[] {
  const faults = Object.keys(schema)
    .filter((keyword) => !KEYWORDS.includes(keyword))
    .map((keyword) => `${path} has ${keyword}`);
  const { type, properties = {}, required = [], items, enum: values } = schema;
  if (typeof type !== 'string' || !TYPES.includes(type))
    faults.push(`${path} is of type ${JSON.stringify(type)}`);
  if (values && (type !== 'string' || values.length === 0 || values.some((one) => typeof one !== 'string')))
    faults.push(`${path} has an enum of other things than texts`);
  if (values && new Set(values).size < values.length) faults.push(`${path} has a choice twice`);
  if ((type === 'array') !== (items !== undefined)) faults.push(`${path} is a list of nothing, or no list`);
  if (type !== 'object' && Object.keys(properties).length > 0) faults.push(`${path} is no object`);
  for (const name of required)
    if (!Object.hasOwn(properties, name)) faults.push(`${path} requires ${name}, and has none`);
  for (const name of Object.keys(properties))
    if (!/^[a-z_]{1,64}$/.test(name)) faults.push(`${path} has ${name}`);
  if (levels > 5) faults.push(`${path} is nested deeply`);
  if (levels === 1 && !schema.description) faults.push(`${path} says nothing`);
  return [
    ...faults,
    ...(items === undefined ? [] : faultsIn(items as JsonSchema, `${path}[]`, levels + 1)),
    ...Object.entries(properties).flatMap(([name, inner]) => faultsIn(inner, `${path}.${name}`, levels + 1)),
  ];
}

it.each(MODES)('input schemas hold only what every client takes, %s', (mode) => {
  expect(shown[mode].length).toBeGreaterThan(5);
  for (const { name, inputSchema } of shown[mode]) {
    expect(inputSchema.type).toBe('object');
    expect(faultsIn(inputSchema, name)).toEqual([]);
  }
});

it('the walk finds what they must not hold', () => {
  const walked = (schema: JsonSchema) => faultsIn({ type: 'object', properties: { x: schema } }, 'T').length;
  const right = { type: 'string', description: 'x' };
  expect(walked(right)).toBe(0);
  for (const more of [
    { format: 'uuid' },
    { pattern: 'x' },
    { const: 'x' },
    { additionalProperties: false },
    { anyOf: [] },
  ])
    expect(walked({ ...right, ...more })).toBeGreaterThan(0);
  for (const type of [undefined, ['string', 'null'], 'null', 'array'])
    expect(walked({ ...right, type: type! })).toBeGreaterThan(0);
  expect(walked({})).toBeGreaterThan(0);
  expect(walked({ ...right, enum: [1] })).toBeGreaterThan(0);
  expect(() => plainSchema({ anyOf: [{ type: 'string' }, { type: 'number' }] })).toThrow('of no one kind');
  expect(() => plainSchema({ type: 'array', items: {} })).toThrow('of no one kind');
});

it('the conditions of an audience can be written by the schema alone, one level deep', () => {
  const { where } = shown.grouped.find(({ name }) => name === 'audience')!.inputSchema.properties!;
  expect(Object.keys(where!.properties!)).toEqual(
    expect.arrayContaining(['all', 'any', 'not', 'field', 'is', 'exists']),
  );
  expect((where!.properties!['all']!['items'] as JsonSchema).properties).toHaveProperty('field');
});

it.each(MODES)('an error of any operation fits the output schema of its tool, %s', async (mode) => {
  const validator = new AjvJsonSchemaValidator();
  const call = { signal: new AbortController().signal } as ToolCall['call'];
  const about = { caller: { ...CALLER, door: 'mcp' as const }, call, operations: [], log: quiet };
  let seen = 0;
  for (const tool of shown[mode]) {
    const fits = validator.getValidator(tool.outputSchema as object);
    for (const code of Object.keys(ERROR_CODES)) {
      const error =
        code === 'internal'
          ? new Error('x')
          : new TidingsError(code as ErrorCode, 'It is so.', { fix: 'Do.' });
      expect(fits(toRefusal(error, quiet, tool.name)), `${tool.name} ${code}`).toMatchObject({ valid: true });
    }
    expect(fits({ error: 'It does not say whether it was done.' }).valid).toBe(false);
    for (const action of [...tool.actions.keys(), 'nonsense']) {
      const given = { ...(action && { action }), nonsense: true };
      const answer = (await callTool(tool, given, about)) as CallToolResult;
      expect(answer, `${tool.name} ${action}`).toMatchObject({ isError: true });
      expect(fits(answer.structuredContent), `${tool.name} ${action}`).toMatchObject({ valid: true });
      expect(JSON.parse((answer.content[0] as { text: string }).text)).toEqual(answer.structuredContent);
      seen++;
    }
  }
  expect(seen).toBeGreaterThanOrEqual(tidings.operations.filter(isTool).length);
});

it('split, each tool only reads or only writes, and says so: by a title of its own and every hint', () => {
  // What only a person may say is no tool.
  const operations = tidings.operations.filter(isTool);
  expect(operations.length).toBeLessThan(tidings.operations.length);
  expect(shown.split.map(({ name }) => name)).toEqual(operations.map(({ name }) => name.replace('.', '_')));
  const titles = shown.split.map((tool, at) => {
    const { title, description, annotations } = describeTool(tool);
    expect(tool.name).toMatch(/^[a-zA-Z_]{1,64}$/);
    expect(description.length).toBeGreaterThan(10);
    const { effect } = operations[at]!;
    expect(annotations, tool.name).toEqual({
      title,
      readOnlyHint: effect === 'read',
      destructiveHint:
        effect !== 'read' && !/^(leads_create|audience_create|suppressions_add)$/.test(tool.name),
      idempotentHint: !/^(leads|audience)_create$/.test(tool.name),
      openWorldHint: effect === 'send',
    });
    return title;
  });
  expect(new Set(titles).size).toBe(titles.length);
});
