import { TidingsError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import {
  anySchema,
  inputOf,
  type JsonSchema,
  mergeSchemas,
  toJsonSchema,
} from '../operations/json-schema.ts';
import { isTool } from '../operations/may-call.ts';
import type { Operation } from '../operations/operation.ts';
import { PLAIN_WORDS, type Words } from '../words.ts';
import { plainSchema } from './plain-schema.ts';

/** One MCP tool: `noun.verb` operations share the tool `noun`, told apart by `action`. */
export interface Tool {
  readonly name: string;
  /** Without actions, the one operation stands under the empty name. */
  readonly actions: ReadonlyMap<string, Operation>;
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
  /** How its answers name other operations. */
  readonly words: Words;
}

/** `MCP_TOOLS`: a tool for each noun, or one for each operation. */
export type ToolMode = 'grouped' | 'split';

/** What only a person may say is no tool: not even one that refuses. */
export function toolsOf(operations: readonly Operation[], mode: ToolMode): Tool[] {
  return mode === 'split' ? operations.filter(isTool).map(splitTool) : groupTools(operations);
}

const SPLIT_WORDS: Words = { ...PLAIN_WORDS, operation: splitName };

function splitName(operation: string): string {
  return operation.replace('.', '_');
}

/** One that only reads or only writes, so that a client can tell whether to ask the person. */
function splitTool(operation: Operation): Tool {
  return {
    name: splitName(operation.name),
    actions: new Map([['', operation]]),
    inputSchema: plainSchema(inputOf(operation)),
    outputSchema: outputOf([operation]),
    words: SPLIT_WORDS,
  };
}

/** In the order of the catalogue, so that a list of tools is the same every time and clients may cache it. */
export function groupTools(operations: readonly Operation[]): Tool[] {
  const groups = new Map<string, Map<string, Operation>>();
  for (const operation of operations.filter(isTool)) {
    const dot = operation.name.indexOf('.');
    const tool = dot < 0 ? operation.name : operation.name.slice(0, dot);
    const action = dot < 0 ? '' : operation.name.slice(dot + 1);
    const group = groups.get(tool) ?? new Map<string, Operation>();
    groups.set(tool, group.set(action, operation));
  }
  return [...groups].map(([name, actions]) => ({
    name,
    actions,
    inputSchema: actions.has('') ? plainSchema(inputOf(actions.get('')!)) : groupedInput(actions),
    outputSchema: outputOf([...actions.values()]),
    words: PLAIN_WORDS,
  }));
}

/**
 * Which operation a call means, and the arguments left for it.
 * @throws TidingsError `invalid_argument` when `action` is missing or unknown.
 */
export function chooseOperation(
  tool: Tool,
  given: Record<string, unknown>,
): { operation: Operation; input: Record<string, unknown> } {
  const single = tool.actions.get('');
  if (single) return { operation: single, input: given };
  const { action, ...input } = given;
  const operation = typeof action === 'string' ? tool.actions.get(action) : undefined;
  if (operation) return { operation, input };
  const names = [...tool.actions.keys()];
  const fix = `Use one of: ${names.join(', ')}.`;
  if (action === undefined) throw new TidingsError('invalid_argument', 'action is missing.', { fix });
  const near = typeof action === 'string' ? nearest(action, names) : null;
  const hint = near === null ? '.' : `; did you mean ${near}?`;
  const shown = JSON.stringify(action).slice(0, 80);
  throw new TidingsError('invalid_argument', `action is ${shown}${hint}`, { fix });
}

/**
 * One flat object for all actions: models and clients cope with that far better than with a union at the root. What
 * an action needs is said in words and checked by the operation's own schema.
 */
function groupedInput(actions: ReadonlyMap<string, Operation>): JsonSchema {
  const uses = new Map<string, { action: string; required: boolean; schema: JsonSchema }[]>();
  for (const [action, operation] of actions) {
    const { properties = {}, required = [] } = plainSchema(inputOf(operation));
    for (const [name, schema] of Object.entries(properties)) {
      const list = uses.get(name) ?? [];
      list.push({ action, required: required.includes(name), schema });
      uses.set(name, list);
    }
  }
  const properties: Record<string, JsonSchema> = {
    action: {
      type: 'string',
      enum: [...actions.keys()],
      description: [...actions].map(([action, { summary }]) => `${action}: ${summary}`).join(' '),
    },
  };
  for (const [name, list] of uses) {
    const merged = mergeSchemas(list.map(({ schema }) => schema));
    properties[name] = { ...merged, description: describeUses(list, actions.size) };
  }
  return { type: 'object', properties, required: ['action'] };
}

function describeUses(
  uses: readonly { action: string; required: boolean; schema: JsonSchema }[],
  actions: number,
): string {
  const texts = [...new Set(uses.map(({ schema }) => schema.description).filter(Boolean))];
  const about =
    texts.length > 1
      ? uses
          .filter(({ schema }) => schema.description)
          .map(({ action, schema }) => `${action}: ${schema.description}`)
          .join('; ')
      : (texts[0] ?? '');
  const named = (required: boolean) =>
    uses
      .filter((use) => use.required === required)
      .map(({ action }) => action)
      .join(', ');
  const needed = named(true);
  const taken = named(false);
  const parts = [
    needed && `required by ${needed}`,
    taken && (uses.length === actions ? `optional for ${taken}` : `taken by ${taken}`),
  ];
  return `${about}${about ? ' ' : ''}[${parts.filter(Boolean).join('; ')}]`;
}

/**
 * Loose on purpose: the official client throws away an answer that breaks the schema it was shown, and an error is an
 * answer too.
 */
function outputOf(operations: readonly Operation[]): JsonSchema {
  const properties = new Map<string, JsonSchema[]>();
  for (const { output } of operations) {
    const schema = toJsonSchema(output, 'output');
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      properties.set(name, [...(properties.get(name) ?? []), property]);
    }
  }
  const merged = [...properties].map(([name, schemas]): [string, JsonSchema] => [name, anySchema(schemas)]);
  return {
    type: 'object',
    properties: {
      ...Object.fromEntries(merged),
      success: { type: 'boolean', description: 'false: error says why and fix what to do' },
      error: { type: 'string', description: 'Only when success is false' },
      code: { type: 'string', description: 'Kind of error' },
      fix: { type: 'string', description: 'What can be done about the error' },
    },
    required: ['success'],
  };
}
