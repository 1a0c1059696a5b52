import * as z from 'zod';
import type { Operation } from './operation.ts';

/** The part of JSON Schema 2020-12 that zod writes and tools carry. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly [keyword: string]: unknown;
}

/**
 * The schema that clients are shown. Schemas are taken apart and merged here, so none may point into `$defs`: what
 * refers to itself (any JSON value) is shown as "anything". The rest of what is left out says nothing new, and a list
 * of tools is read by models that pay for every word.
 */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  return simplify(z.toJSONSchema(schema, { io }) as JsonSchema);
}

function simplify(schema: JsonSchema): JsonSchema {
  if (schema.$ref !== undefined) return {};
  const kept = Object.entries(schema).filter(([key, value]) => {
    if (key === '$schema' || key === '$defs' || key === 'propertyNames') return false;
    if (key === 'pattern') return schema.format === undefined;
    return !(Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER && (key === 'maximum' || key === 'minimum'));
  });
  return Object.fromEntries(
    kept.map(([key, value]) => {
      if (key === 'properties') return [key, mapValues(value as Record<string, JsonSchema>, simplify)];
      if (key === 'anyOf' || key === 'oneOf' || key === 'allOf')
        return [key, (value as JsonSchema[]).map(simplify)];
      const inner = (key === 'items' || key === 'additionalProperties') && typeof value === 'object';
      return [key, inner ? simplify(value as JsonSchema) : value];
    }),
  );
}

function mapValues<T>(record: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

export function withoutKeys(schema: JsonSchema, ...keys: string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}

/**
 * A schema for one argument that several actions take in different forms. Of forms with one type the keywords they
 * agree on are kept; otherwise every form is named.
 */
export function mergeSchemas(schemas: readonly JsonSchema[]): JsonSchema {
  const forms = distinct(schemas.map((schema) => withoutKeys(schema, 'description')));
  const [first, ...others] = forms;
  if (others.length === 0) return first!;
  const type = first!.type;
  if (type === undefined || others.some((form) => form.type !== type)) {
    return anySchema(forms.map((form) => withoutKeys(form, 'default')));
  }
  const agreed = Object.entries(first!).filter(([key, value]) =>
    others.every((form) => same(form[key], value)),
  );
  return Object.fromEntries(agreed);
}

/** Accepts whatever one of the schemas accepts. */
export function anySchema(schemas: readonly JsonSchema[]): JsonSchema {
  const forms = distinct(schemas.flatMap((schema) => (onlyAnyOf(schema) ? schema.anyOf! : [schema])));
  return forms.length === 1 ? forms[0]! : { anyOf: forms };
}

function onlyAnyOf(schema: JsonSchema): boolean {
  return Object.keys(schema).join() === 'anyOf';
}

function distinct(schemas: readonly JsonSchema[]): JsonSchema[] {
  return schemas.filter((schema, at) => schemas.findIndex((other) => same(other, schema)) === at);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What an operation takes: nothing that it does not name. */
export function inputOf(operation: Operation): JsonSchema {
  return { ...toJsonSchema(operation.input, 'input'), additionalProperties: false };
}
