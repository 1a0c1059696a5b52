import { type Input, type OperationName, type Output, ROUTES } from './catalogue.ts';

/** What the server refused, in its words: what is wrong, and the way on. */
export class Refused extends Error {
  readonly code: string;
  readonly fix: string | null;
  readonly status: number;

  constructor(body: { error?: string; code?: string; fix?: string }, status: number) {
    super(body.error ?? `HTTP ${status}`);
    this.code = body.code ?? 'internal';
    this.fix = body.fix ?? null;
    this.status = status;
  }
}

/** The server could not be reached: nothing is known of what was asked. */
export class Unreachable extends Error {}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * Calls an operation of the catalogue over the same routes that any client has.
 * @throws Refused, or Unreachable
 */
export async function call<Name extends OperationName>(
  name: Name,
  input: Input<Name>,
  options: CallOptions = {},
): Promise<Output<Name>> {
  const { method, url, body } = toRequest(name, input);
  const json = body !== undefined && { 'content-type': 'application/json' };
  return (await ask(url, {
    method,
    headers: { accept: 'application/json', ...json },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(options.signal && { signal: options.signal }),
  })) as Output<Name>;
}

/**
 * Hands over a file as it is, beside the rest of the input; `onProgress` hears what part of it has left, from 0 to 1.
 * @throws Refused, or Unreachable
 */
export function upload<Name extends OperationName>(
  name: Name,
  file: Blob,
  input: Input<Name>,
  onProgress: (part: number) => void = () => {},
): Promise<Output<Name>> {
  const [method, path] = ROUTES[name].split(' ') as [string, string];
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, `/api${path}?${toQuery(input)}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.setRequestHeader('accept', 'application/json');
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 1 : loaded / total);
    request.onerror = () => reject(new Unreachable());
    request.onload = () => {
      const body = parse(request.responseText);
      if (request.status < 300) resolve(body as Output<Name>);
      else reject(refused(body, request.status));
    };
    request.send(file);
  });
}

/** Where a file of an operation is fetched: a link. */
export function fileUrl<Name extends OperationName>(name: Name, input: Input<Name>): string {
  return toRequest(name, input).url;
}

/** How `/api/live` is asked for it. */
export function liveQuery<Name extends OperationName>(name: Name, input: Input<Name>): string {
  const query = toQuery(input);
  return query === '' ? name : `${name}?${query}`;
}

/** Called when a session is over. */
export const signedOut: { tell: () => void } = { tell: () => {} };

export async function ask(url: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new Unreachable();
  }
  const body = parse(await response.text());
  // Some answers are refusals with HTTP 200: a send that waits for something, with all its numbers.
  if (response.ok) return body;
  throw refused(body, response.status);
}

function refused(body: unknown, status: number): Refused {
  if (status === 401) signedOut.tell();
  return new Refused((body ?? {}) as object, status);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function toRequest(name: OperationName, input: object): { method: string; url: string; body?: object } {
  const [method, route] = ROUTES[name].split(' ') as [string, string];
  const rest: Record<string, unknown> = { ...input };
  const path = route.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
    const value = String(rest[key]);
    delete rest[key];
    return encodeURIComponent(value);
  });
  if (method !== 'GET' && method !== 'DELETE') return { method, url: `/api${path}`, body: rest };
  const query = toQuery(rest);
  return { method, url: `/api${path}${query === '' ? '' : `?${query}`}` };
}

function toQuery(input: object): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(input)) {
    if (value === undefined || value === null || value === '') continue;
    query.set(key, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  return query.toString();
}
