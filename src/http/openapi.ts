import { inputOf, type JsonSchema, toJsonSchema, withoutKeys } from '../operations/json-schema.ts';
import type { Operation } from '../operations/operation.ts';
import { parseRoute, type Route } from './rest-input.ts';

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const REFUSAL = { $ref: '#/components/schemas/Refusal' };

/** OpenAPI 3.1 speaks the JSON Schema that zod writes, so this page cannot differ from what is checked. */
export function createOpenApi(
  operations: readonly Operation[],
  version: string,
  publicUrl: string | null,
): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations) {
    const route = parseRoute(operation);
    const path = `/api${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describe(operation, route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tidings',
      version,
      description:
        'Bulk messages over WhatsApp and email: never twice, never lost. /api/v1 is /api: what a later version breaks will be /api/v2.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      { url: publicUrl ?? '/', ...(publicUrl === null && { description: 'Where this document is' }) },
    ],
    security: [{}, { bearer: [] }, { apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
      schemas: {
        Refusal: {
          type: 'object',
          required: ['success', 'error', 'code'],
          properties: {
            success: { const: false },
            error: { type: 'string', description: 'What is wrong, with the value' },
            code: { type: 'string' },
            fix: { type: 'string', description: 'What can be done about it' },
          },
        },
      },
    },
  };
}

function describe(operation: Operation, route: Route): object {
  const schema = inputOf(operation);
  const properties = Object.entries(schema.properties ?? {});
  const required = (name: string) => schema.required?.includes(name) ?? false;
  const parameters = properties
    .filter(([name]) => route.rest === 'query' || route.parameters.includes(name))
    .map(([name, property]) => ({
      name,
      in: route.parameters.includes(name) ? 'path' : 'query',
      required: route.parameters.includes(name) || required(name),
      ...(property.description !== undefined && { description: property.description }),
      schema: withoutKeys(property, 'description'),
    }));
  const inBody = properties.filter(([name]) => !route.parameters.includes(name));
  return {
    operationId: operation.name,
    summary: operation.summary,
    tags: [operation.name.split('.')[0]],
    ...(parameters.length > 0 && { parameters }),
    ...(route.rest === 'body' &&
      inBody.length > 0 && { requestBody: requestBody(operation, schema, inBody) }),
    responses: {
      200: {
        description: 'Done',
        content: {
          ...json(toJsonSchema(operation.output, 'output')),
          ...((operation.isCsv || operation.download) && {
            'text/csv': {
              schema: {
                type: 'string',
                description: operation.download
                  ? 'All of it, unless the request accepts application/json by name, or asks for a page'
                  : 'All of it, where the request accepts text/csv',
              },
            },
          }),
        },
      },
      '4XX': { description: 'Refused: nothing was done, or the code says what', content: json(REFUSAL) },
      default: { description: 'It failed', content: json(REFUSAL) },
    },
  };
}

function requestBody(operation: Operation, schema: JsonSchema, inBody: [string, JsonSchema][]): object {
  const names = inBody.map(([name]) => name);
  const required = schema.required?.filter((name) => names.includes(name)) ?? [];
  const body = {
    ...schema,
    properties: Object.fromEntries(inBody),
    ...(required.length > 0 && { required }),
  };
  const content: Record<string, object> = json(required.length > 0 ? body : withoutKeys(body, 'required'));
  if (operation.upload) {
    content['text/csv'] = { schema: { type: 'string', description: 'The file itself, of any size' } };
    content[XLSX] = { schema: { type: 'string', format: 'binary', description: 'A workbook, up to 64 MB' } };
  }
  return { required: required.length > 0 || operation.upload, content };
}

function json(schema: object): Record<string, object> {
  return { 'application/json': { schema } };
}
