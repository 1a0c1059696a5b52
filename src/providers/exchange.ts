import { type Dispatcher, Pool } from 'undici';
import { STALLED } from '../core/deliveries/sender.ts';

/** Where requests go, and what proves who we are. */
export interface Endpoint {
  readonly origin: string;
  /** With its scheme, such as `Bearer …`; null: a header of the request says it. It never leaves this object but in the header. */
  readonly authorization: string | null;
  /** For the connection, for silence and for the whole of a request alike. */
  readonly timeoutMs: number;
}

/**
 * One request and what came of it. The line between `not_sent` and `lost` decides whether a message may be sent
 * again: `not_sent` only when the HTTP client failed before it began to write this request (DNS, TCP, TLS), which it
 * tells through `onRequestStart`; from there on nobody can know, whatever the error is called. A server that hangs up
 * on a fresh connection and one that hangs up after taking the message both read `UND_ERR_SOCKET`.
 */
export type Exchange =
  | {
      readonly type: 'answered';
      readonly status: number;
      readonly body: string;
      readonly retryAfterMs: number | null;
      /** Name in small letters → value. */
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    }
  | { readonly type: 'not_sent'; readonly code: string }
  | { readonly type: 'lost'; readonly code: string };

export interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  /** In place of the body, as they are. */
  readonly bytes?: Uint8Array;
  /** Of either. Default application/json. */
  readonly contentType?: string;
  /** Beside those that every request has. Names in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Asked in the last instant before it leaves; without it, it may. */
  readonly mayLeave?: () => boolean;
}

/** An answer to a message has well under 2 KiB. */
const MAX_RESPONSE_BYTES = 256 * 1024;
/**
 * Shorter than any server's or balancer's own, so that we are the one who closes: a request written into a socket
 * that the other side is just closing has an unknown outcome.
 */
const KEEP_ALIVE_MS = 4_000;
const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

export function openPool(
  { origin, timeoutMs }: Omit<Endpoint, 'authorization'>,
  connections: number,
  mostBytes = MAX_RESPONSE_BYTES,
): Pool {
  return new Pool(origin, {
    connections,
    // One request at a time on a socket: a broken one then leaves one outcome unknown, not many.
    pipelining: 1,
    allowH2: false,
    connect: { timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxResponseSize: mostBytes,
  });
}

/** Never rejects, never follows a redirect and never tries twice. */
export function exchange(pool: Pool, endpoint: Endpoint, request: Request): Promise<Exchange> {
  return new Promise((resolve) => {
    let isStarted = false;
    let deadline: NodeJS.Timeout | undefined;
    let status = 0;
    let retryAfterMs: number | null = null;
    let answered: Readonly<Record<string, string | string[] | undefined>> = {};
    const chunks: Buffer[] = [];
    const fail = (error: unknown) => {
      clearTimeout(deadline);
      resolve({ type: isStarted ? 'lost' : 'not_sent', code: errorCode(error) });
    };
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        if (request.mayLeave?.() === false) return void controller.abort(new HeldUp());
        isStarted = true;
        deadline = setTimeout(() => controller.abort(new TotalTimeout()), endpoint.timeoutMs);
      },
      onResponseStart(_controller, statusCode, headers) {
        status = statusCode;
        answered = headers;
        retryAfterMs = parseRetryAfter(headers['retry-after']);
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        clearTimeout(deadline);
        const body = Buffer.concat(chunks).toString('utf8');
        resolve({ type: 'answered', status, body, retryAfterMs, headers: answered });
      },
      onResponseError: (_controller, error) => fail(error),
    };
    const headers: Record<string, string> = { accept: 'application/json', ...request.headers };
    if (endpoint.authorization !== null) headers['authorization'] = endpoint.authorization;
    const { method, path, body = request.bytes ?? null } = request;
    if (body !== null) headers['content-type'] = request.contentType ?? 'application/json';
    try {
      pool.dispatch({ method, path, body, headers }, handler);
    } catch (error) {
      fail(error);
    }
  });
}

class HeldUp extends Error {
  readonly code = STALLED.code;
}

class TotalTimeout extends Error {
  readonly code = 'total_timeout';
}

/** `ECONNREFUSED`, `UND_ERR_SOCKET`: the code alone, for an error's own words may hold addresses. */
function errorCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (typeof code === 'string' && /^\w{1,64}$/.test(code)) return code;
  return error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : 'unknown_error';
}

/** Seconds or an HTTP date (RFC 9110, section 10.2.3); null when absent or unreadable. */
export function parseRetryAfter(
  value: string | string[] | undefined,
  nowMs: number = Date.now(),
): number | null {
  if (typeof value !== 'string' || value.trim() === '') return null;
  const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS) : null;
}
