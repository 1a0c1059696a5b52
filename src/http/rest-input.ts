import * as z from 'zod';
import { TidingsError } from '../errors.ts';
import { innerType } from '../operations/check-input.ts';
import type { Operation } from '../operations/operation.ts';
import { wholeArguments } from '../operations/read-arguments.ts';
import { parseJson, readBody } from './read-body.ts';

/** `application/json`, or a type with the suffix `+json` (RFC 6839). */
const JSON_TYPE = /^application\/([\w.-]+\+)?json\s*(;|$)/i;

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** In OpenAPI form: `/leads/{lead_id}`. */
  readonly path: string;
  readonly parameters: readonly string[];
  /** Where the arguments that are not part of the path stand. */
  readonly rest: 'query' | 'body';
}

export function parseRoute({ route }: Operation): Route {
  const [method, path] = route.split(' ') as [Route['method'], string];
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  return { method, path, parameters, rest: method === 'GET' || method === 'DELETE' ? 'query' : 'body' };
}

/** Collects the arguments of a request as the caller meant them; checking them is left to the operation's schema. */
export async function readInput(
  operation: Operation,
  route: Route,
  request: Request,
  pathValues: Readonly<Record<string, string>>,
  hold: (bytes: number) => void,
): Promise<Record<string, unknown>> {
  const query = fromQuery(operation.input, new URL(request.url).searchParams);
  const rest = route.rest === 'query' ? query : { ...query, ...(await fromBody(request, hold)) };
  for (const name of route.parameters) {
    if (![undefined, null, '', pathValues[name]].includes(rest[name] as string | null | undefined)) {
      throw new TidingsError('invalid_argument', `${name} is given twice, with different values.`, {
        fix: `Leave ${name} to the path.`,
      });
    }
  }
  return { ...rest, ...pathValues };
}

async function fromBody(request: Request, hold: (bytes: number) => void): Promise<Record<string, unknown>> {
  const bytes = await readBody(request, hold);
  if (bytes.byteLength === 0) return {};
  if (!JSON_TYPE.test(request.headers.get('content-type') ?? '')) {
    throw new TidingsError('invalid_argument', 'The body is not declared as JSON.', {
      fix: 'Send JSON with the header Content-Type: application/json.',
    });
  }
  let body: unknown;
  try {
    body = wholeArguments(parseJson(bytes));
  } catch {
    throw new TidingsError('invalid_argument', 'The body is not JSON.', { fix: 'Send one JSON object.' });
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body))
    return body as Record<string, unknown>;
  throw new TidingsError('invalid_argument', 'The body is not a JSON object.', {
    fix: 'Send one JSON object.',
  });
}

/** Query values are text, which the operation reads by its schema. A list of pairs is `Column=field`; JSON is taken too. */
export function fromQuery(schema: z.ZodObject, query: URLSearchParams): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name);
    const type = Object.hasOwn(schema.shape, name) ? innerType(schema.shape[name]!) : null;
    if (type instanceof z.ZodArray)
      input[name] = values.length === 1 && isJson(values[0]!) ? values[0] : values;
    else if (type instanceof z.ZodRecord && !isJson(values[0]!))
      input[name] = Object.fromEntries(values.map(pairOf));
    else if (values.length === 1) input[name] = values[0];
    else
      throw new TidingsError('invalid_argument', `${name} is given ${values.length} times.`, {
        fix: 'Give it once.',
      });
  }
  return input;
}

function isJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

/** Headers may have the sign in them, fields have not. */
function pairOf(text: string): [string, string] {
  const at = text.lastIndexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
