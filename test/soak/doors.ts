import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'undici';

/** What the calls of a soak are about: it stands in the data before the first of them. */
export interface World {
  readonly key: string;
  readonly audienceId: string;
  /** Its send over WhatsApp is completed; the one over email takes hours. */
  readonly done: object;
  readonly endless: object;
}

export type Call = (pool: Pool, world: World) => Promise<void>;

const STREAM = 'application/json, text/event-stream';
const LEAVE_MS = 15;
const MODERN = '2026-07-28';

interface Asked {
  readonly path?: string;
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** What the door is to answer: a soak of calls that never got that far would prove nothing. */
  readonly status?: number;
  readonly type?: string;
}

async function ask(pool: Pool, { key }: World, asked: Asked): Promise<void> {
  const { path = '/mcp', body, status = 200, type = 'application/json' } = asked;
  const answer = await pool.request({
    path,
    method: asked.method ?? 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json', ...asked.headers },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.body.text();
  const wrong =
    answer.statusCode !== status || (text !== '' && !`${answer.headers['content-type']}`.startsWith(type));
  if (wrong) throw new Error(`${path} answers ${answer.statusCode}: ${text.slice(0, 300)}`);
}

const rpc = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params });
const tool = (name: string, args: object, token?: number) =>
  rpc('tools/call', {
    name,
    arguments: args,
    ...(token !== undefined && { _meta: { progressToken: token } }),
  });

const mcp =
  (message: object | string, more: Asked = {}): Call =>
  (pool, world) =>
    ask(pool, world, { body: message, ...more });

/** The same in the words of 2026: everything about the caller comes with each request. */
function modern(method: string, params: Record<string, unknown> = {}, more: Asked = {}): Call {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'soak', version: '1' },
    ...(params['_meta'] as object | undefined),
  };
  const headers = {
    accept: STREAM,
    'mcp-protocol-version': MODERN,
    'mcp-method': method,
    ...(typeof params['name'] === 'string' && { 'mcp-name': params['name'] }),
  };
  return mcp(rpc(method, { ...params, _meta }), { ...more, headers });
}

const send = (args: object) => ({ name: 'sendBulkMessages', arguments: args, _meta: { progressToken: 1 } });

/** Hangs up while the server waits for a send that does not end. */
async function leave(pool: Pool, world: World, accept: string, path = '/mcp'): Promise<void> {
  const args = { ...world.endless, max_wait_seconds: 600 };
  const leaving = new AbortController();
  const asked = pool.request({
    path,
    method: 'POST',
    headers: { 'x-api-key': world.key, 'content-type': 'application/json', accept },
    body: JSON.stringify(path === '/mcp' ? tool('sendBulkMessages', args, 1) : args),
    signal: leaving.signal,
  });
  const answered = asked.then(
    async ({ body }) => {
      // The first event: the stream has begun.
      for await (const _ of body) break;
    },
    () => {},
  );
  await Promise.race([answered, sleep(LEAVE_MS)]);
  leaving.abort();
  await answered.catch(() => {});
}

/** One kind of call each; together they go through every door and every way out of it. */
export const DOORS: Readonly<Record<string, Call>> = {
  'MCP initialize': mcp(
    rpc('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'soak', version: '1' },
    }),
  ),
  'MCP tools/list': mcp(rpc('tools/list')),
  'MCP tools/call': mcp(tool('leads', { action: 'list', limit: 1 })),
  'MCP by hand': mcp({
    method: 'tools/call',
    params: { name: 'leads', arguments: { action: 'list', limit: 1 } },
  }),
  'MCP notification': mcp({ jsonrpc: '2.0', method: 'notifications/initialized' }, { status: 202 }),
  'MCP stream': (pool, world) =>
    ask(pool, world, {
      body: tool('sendBulkMessages', world.done, 1),
      headers: { accept: STREAM },
      type: 'text/event-stream',
    }),
  'MCP 2026 server/discover': modern('server/discover'),
  'MCP 2026 tools/list': modern('tools/list'),
  'MCP 2026 tools/call': modern('tools/call', { name: 'leads', arguments: { action: 'list', limit: 1 } }),
  'MCP 2026 stream': (pool, world) =>
    modern('tools/call', send(world.done), { type: 'text/event-stream' })(pool, world),
  'MCP refused: method': mcp(rpc('no/such')),
  'MCP 2026 refused: method': modern('no/such', {}, { status: 404 }),
  'MCP refused: arguments': mcp(tool('leads', { action: 'fly' })),
  'MCP refused: not JSON': mcp('{"method"', { status: 400 }),
  'MCP refused: GET': mcp('', { method: 'GET', status: 405 }),
  'wrong key': async (pool, world) => {
    const wrong = { ...world, key: 'not the key that is wanted' };
    // Once it has been tried too often it is 429.
    await ask(pool, wrong, { body: rpc('tools/list'), status: 401 }).catch((error: Error) => {
      if (!error.message.includes(' 429:')) throw error;
    });
  },
  'REST read': (pool, world) => ask(pool, world, { path: '/api/leads?limit=1', method: 'GET' }),
  'REST call': (pool, world) => ask(pool, world, { path: '/api/sends', body: world.done }),
  'REST refused': (pool, world) => ask(pool, world, { path: '/api/sends', body: '{', status: 400 }),
  'no such path': (pool, world) => ask(pool, world, { path: '/nowhere', method: 'GET', status: 404 }),
  'MCP watcher leaves': (pool, world) => leave(pool, world, 'application/json'),
  'MCP stream watcher leaves': (pool, world) => leave(pool, world, STREAM),
  'REST watcher leaves': (pool, world) => leave(pool, world, 'application/json', '/api/sends'),
};
