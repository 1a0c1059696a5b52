import { type Dispatcher, Pool } from 'undici';
import { STALLED } from '../../../core/deliveries/sender.ts';
import type { Endpoint } from './settings.ts';

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
    }
  | { readonly type: 'not_sent'; readonly code: string }
  | { readonly type: 'lost'; readonly code: string };

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON. */
  readonly body?: string;
  /** Asked in the last instant before it leaves; without it, it may. */
  readonly mayLeave?: () => boolean;
}

/** Meta answers in well under 2 KiB; more than this is not Meta. */
const MAX_RESPONSE_BYTES = 256 * 1024;
/**
 * Shorter than any server's or balancer's own, so that we are the one who closes: a request written into a socket
 * that the other side is just closing has an unknown outcome.
 */
const KEEP_ALIVE_MS = 4_000;
const LONGEST_RETRY_AFTER_MS = 60 * 60_000;

export function openPool({ origin, timeoutMs }: Endpoint, connections: number): Pool {
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
    maxResponseSize: MAX_RESPONSE_BYTES,
  });
}

/** Never rejects, never follows a redirect and never tries twice. */
export function exchange(pool: Pool, endpoint: Endpoint, request: Request): Promise<Exchange> {
  return new Promise((resolve) => {
    let isStarted = false;
    let deadline: NodeJS.Timeout | undefined;
    let status = 0;
    let retryAfterMs: number | null = null;
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
        retryAfterMs = parseRetryAfter(headers['retry-after']);
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk);
      },
      onResponseEnd() {
        clearTimeout(deadline);
        resolve({ type: 'answered', status, body: Buffer.concat(chunks).toString('utf8'), retryAfterMs });
      },
      onResponseError: (_controller, error) => fail(error),
    };
    const headers: Record<string, string> = {
      authorization: `Bearer ${endpoint.accessToken}`,
      accept: 'application/json',
    };
    if (request.body !== undefined) headers['content-type'] = 'application/json';
    try {
      const { method, path, body = null } = request;
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
