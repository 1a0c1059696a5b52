import { inputOf, type JsonSchema, toJsonSchema } from '../src/operations/json-schema.ts';
import type { Operation } from '../src/operations/operation.ts';

/** What the dashboard may ask for, as types and routes: web/api/catalogue.ts. */
export function webCatalogue(operations: readonly Operation[]): string {
  const types = operations.map(
    (one) =>
      `  '${one.name}': {\n    input: ${typeOf(inputOf(one))};\n` +
      `    output: ${typeOf(toJsonSchema(one.output, 'output'))};\n  };`,
  );
  const routes = operations.map(({ name, route }) => `  '${name}': '${route}',`);
  return [
    '/* Written by `npm run docs` from the catalogue of operations: do not edit. */',
    '',
    'export interface Operations {',
    ...types,
    '}',
    '',
    'export type OperationName = keyof Operations;',
    "export type Input<Name extends OperationName> = Operations[Name]['input'];",
    "export type Output<Name extends OperationName> = Operations[Name]['output'];",
    '',
    'export const ROUTES: Readonly<Record<OperationName, string>> = {',
    ...routes,
    '};',
    '',
  ].join('\n');
}

function typeOf(schema: JsonSchema): string {
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const forms = schema.anyOf ?? (schema['oneOf'] as readonly JsonSchema[] | undefined);
  if (forms) return [...new Set(forms.map(typeOf))].join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ');
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return `readonly (${typeOf((schema['items'] ?? {}) as JsonSchema)})[]`;
    case 'object':
      return objectType(schema);
    default:
      return 'unknown';
  }
}

function objectType({ properties, required = [], additionalProperties }: JsonSchema): string {
  const named = Object.entries(properties ?? {});
  if (named.length === 0)
    return typeof additionalProperties === 'object'
      ? `Readonly<Record<string, ${typeOf(additionalProperties)}>>`
      : 'Readonly<Record<string, unknown>>';
  const members = named.map(
    ([name, schema]) => `readonly ${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`,
  );
  return `{ ${members.join('; ')} }`;
}
