import {
  createMcpHandler,
  isJsonContentType,
  isLegacyRequest,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { TidingsError } from '../errors.ts';
import { readBody } from '../http/read-body.ts';
import type { Log } from '../log/log.ts';

type Message = Record<string, unknown>;

const BOTH_TYPES = 'application/json, text/event-stream';

/**
 * POST /mcp, for clients of both eras and for people with curl: a body of only `method` and `params` works, and so does
 * any Accept header. The stock handlers refuse both.
 */
export function createMcpRoute(factory: McpServerFactory, log: Log): (request: Request) => Promise<Response> {
  const modern = createMcpHandler(factory, {
    legacy: 'reject',
    onerror: (error) => log.debug({ err: error }, 'MCP request refused'),
  });
  return async (request) => {
    if (request.method !== 'POST') {
      return failure(405, -32000, 'Method not allowed: POST a JSON-RPC message.', { Allow: 'POST' });
    }
    if (!isJsonContentType(request.headers.get('content-type') ?? '') && !isBareCurl(request)) {
      return failure(415, -32000, 'Send JSON with the header Content-Type: application/json.');
    }
    let body: unknown;
    try {
      body = completeEnvelope(JSON.parse((await readBody(request)).toString('utf8')));
    } catch (error) {
      if (error instanceof SyntaxError) return failure(400, -32700, 'Parse error: the body is not JSON.');
      if (!(error instanceof TidingsError)) throw error;
      return failure(error.code === 'too_large' ? 413 : 400, -32600, error.message);
    }
    if (await isLegacyRequest(forward(request), body)) return serveLegacy(factory, request, body);
    return modern.fetch(forward(request), { parsedBody: body });
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

/** The body has been read; what goes on is everything else of the request, its end included. */
function forward(request: Request, given: Headers = request.headers): Request {
  const headers = new Headers(given);
  headers.set('content-type', 'application/json');
  return new Request(request.url, { method: 'POST', headers, signal: request.signal });
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

/** The 2025 era without sessions: one server for one request. */
async function serveLegacy(factory: McpServerFactory, request: Request, body: unknown): Promise<Response> {
  const stream = wantsStream(request, body);
  const server = await factory({ era: 'legacy' });
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: undefined,
    enableJsonResponse: !stream,
  });
  await server.connect(transport);
  const headers = new Headers(request.headers);
  headers.set('accept', BOTH_TYPES);
  // Closing the server aborts the calls it still watches; the sends themselves go on.
  const left = new Promise<Response>((resolve) => {
    const leave = () => {
      void server.close().catch(() => {});
      resolve(new Response(null, { status: 499 }));
    };
    if (request.signal.aborted) leave();
    else request.signal.addEventListener('abort', leave, { once: true });
  });
  const answer = transport.handleRequest(forward(request, headers), { parsedBody: body });
  answer.catch(() => {});
  const response = await Promise.race([answer, left]);
  if (!stream) void server.close().catch(() => {});
  return response;
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
