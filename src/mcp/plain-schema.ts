import type { JsonSchema } from '../operations/json-schema.ts';

/** What says something else than the kind of a value, and that every client takes. */
const KEPT = [
  ...['description', 'default', 'required'],
  ...['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'],
];

/**
 * The schema of arguments as every client and every model's maker takes it: one type by name for each value. Formats,
 * patterns, unions and what may be null are left to the words and to the operation's own check.
 * @throws Error when a value may be of two kinds: nobody could be told
 */
export function plainSchema(schema: JsonSchema): JsonSchema {
  if (schema.anyOf) {
    const [one, ...others] = schema.anyOf.filter(({ type }) => type !== 'null');
    if (one && others.length === 0) return plainSchema({ ...one, ...withoutAnyOf(schema) });
  }
  const { type, properties, items } = schema;
  if (typeof type !== 'string') throw new Error(`An argument is of no one kind: ${JSON.stringify(schema)}`);
  return {
    type,
    ...Object.fromEntries(Object.entries(schema).filter(([keyword]) => KEPT.includes(keyword))),
    ...(schema.enum && { enum: schema.enum }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, inner]) => [name, plainSchema(inner)]),
      ),
    }),
    ...(items !== undefined && { items: plainSchema(items as JsonSchema) }),
  };
}

function withoutAnyOf({ anyOf: _, ...rest }: JsonSchema): JsonSchema {
  return rest;
}
