import {
  createMcpHandler,
  isJsonContentType,
  isLegacyRequest,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { TidingsError } from '../errors.ts';
import { STATUS } from '../http/error-response.ts';
import { parseJson, readBody } from '../http/read-body.ts';
import type { Log } from '../log/log.ts';
import { untilAny } from '../until-any.ts';
import { readMessage } from './read-message.ts';
import type { McpCaller } from './server-factory.ts';

type Message = Record<string, unknown>;
export type McpRoute = (
  request: Request,
  caller: McpCaller,
  hold: (bytes: number) => void,
) => Promise<Response>;

const BOTH_TYPES = 'application/json, text/event-stream';

/**
 * POST /mcp, for clients of both eras and for people with curl: a body of only `method` and `params` works, and so does
 * any Accept header. The stock handlers refuse both.
 */
export function createMcpRoute(factoryFor: (caller: McpCaller) => McpServerFactory, log: Log): McpRoute {
  const modern = createMcpHandler(
    (asked) => factoryFor(asked.authInfo!.extra as unknown as McpCaller)(asked),
    {
      legacy: 'reject',
      onerror: (error) => log.debug({ err: error }, 'MCP request refused'),
    },
  );
  return async (request, caller, hold) => {
    if (request.method !== 'POST') {
      return failure(405, -32000, 'Method not allowed: POST a JSON-RPC message.', { Allow: 'POST' });
    }
    if (!isJsonContentType(request.headers.get('content-type') ?? '') && !isBareCurl(request)) {
      return failure(415, -32000, 'Send JSON with the header Content-Type: application/json.');
    }
    let body: unknown;
    try {
      body = completeEnvelope(readMessage(parseJson(await readBody(request, hold))));
    } catch (error) {
      if (error instanceof SyntaxError) return failure(400, -32700, 'Parse error: the body is not JSON.');
      if (!(error instanceof TidingsError)) throw error;
      return failure(STATUS[error.code], -32600, error.message);
    }
    if (await isLegacyRequest(forward(request), body)) return serveLegacy(factoryFor(caller), request, body);
    const gone = untilAny(request.signal);
    const response = await modern.fetch(forward(request, { signal: gone.signal }), {
      parsedBody: body,
      // Who it is has been looked at; this only carries it to where the server is made.
      authInfo: { token: '', clientId: '', scopes: [], extra: { ...caller } },
    });
    return afterBody(response, gone.end);
  };
}

/**
 * `curl -d` without a header says "form". A web page could say so too, without asking the browser's leave first, but
 * every such page sends an Origin.
 */
function isBareCurl(request: Request): boolean {
  const type = request.headers.get('content-type');
  return !request.headers.has('origin') && (type === null || type === 'application/x-www-form-urlencoded');
}

/**
 * The body has been read; what goes on is the rest. Its end only as a signal of our own: a Request holds on to the signal
 * it was made with until it is collected itself, and with that to all that listens there.
 */
function forward(
  request: Request,
  { accept, signal }: { accept?: string; signal?: AbortSignal } = {},
): Request {
  const headers = new Headers(request.headers);
  headers.set('content-type', 'application/json');
  if (accept) headers.set('accept', accept);
  return new Request(request.url, { method: 'POST', headers, signal: signal ?? null });
}

/** Says when the answer is out: a stream is when it has ended, or when nobody reads it any more. */
function afterBody(response: Response, done: () => void): Response {
  if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
    done();
    return response;
  }
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done: isLast, value } = await reader.read();
        if (!isLast) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      done();
    },
    cancel(reason) {
      done();
      return reader.cancel(reason);
    },
  });
  return new Response(body, response);
}

/** Adds what a hand-written call leaves out. Notifications stay without id: they want no answer. */
function completeEnvelope(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const message = body as Message;
  if (typeof message.method !== 'string') return body;
  const completed: Message = { jsonrpc: '2.0', ...message };
  if (!message.method.startsWith('notifications/')) completed.id ??= 1;
  return completed;
}

/** The 2025 era without sessions: one server for one request, closed with it. */
async function serveLegacy(factory: McpServerFactory, request: Request, body: unknown): Promise<Response> {
  const server = await factory({ era: 'legacy' });
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: undefined,
    enableJsonResponse: !wantsStream(request, body),
  });
  await server.connect(transport);
  let leave = () => {};
  const left = new Promise<Response>((resolve) => {
    leave = () => resolve(new Response(null, { status: 499 }));
  });
  // Closing the server aborts the calls it still watches; the sends themselves go on.
  const close = () => {
    request.signal.removeEventListener('abort', close);
    leave();
    void server.close().catch(() => {});
  };
  request.signal.addEventListener('abort', close);
  if (request.signal.aborted) close();
  const answer = transport.handleRequest(forward(request, { accept: BOTH_TYPES }), { parsedBody: body });
  answer.catch(() => {});
  try {
    return afterBody(await Promise.race([answer, left]), close);
  } catch (error) {
    close();
    throw error;
  }
}

/** A stream is worth its trouble only to a caller who can read it and asked for progress. */
function wantsStream(request: Request, body: unknown): boolean {
  if (!request.headers.get('accept')?.includes('text/event-stream')) return false;
  const messages = Array.isArray(body) ? body : [body];
  return messages.some((message: { params?: { _meta?: { progressToken?: unknown } } } | null) => {
    return message?.params?._meta?.progressToken !== undefined;
  });
}

function failure(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status, headers });
}
