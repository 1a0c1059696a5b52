import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { freshFolder, removeFolder } from '../support/core.ts';
import { databaseEnv } from '../support/database.ts';
import { TidingsProcess } from '../support/tidings-process.ts';

const AT_ONCE = 8;
/** Later than this an answer never comes: bodies that do not arrive are given up after 30 s. */
const HANGS_MS = 60_000;
const NEVER = '00000000-0000-7000-8000-000000000000';
/** What no answer may hold: where the code is, what the tables are called, what the database says. */
const INSIDE =
  /\n\s+at |node_modules|\/src\/|\.ts:\d|SELECT |INSERT |UPDATE |SQLITE_|sqlite3|node:sqlite|sqlite_|syntax error at|relation "|tidings\.db|_seq\b|email_key|audience_members/;

interface Shape {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly format?: string;
}
interface Asked {
  readonly path: string;
  readonly init: RequestInit;
}
type Ask = (url: string) => Promise<{ status: number; text: string } | null>;

/**
 * Anything that callers can send, at a server of its own: requests made from its own pages of what it takes, calls of MCP
 * in both eras, bodies that are cut, headers that are odd. The database is that of DATABASE_URL, else a file.
 * @returns a sentence for each crash, each answer from 500 on that does not say "busy", each hang, each word from inside.
 */
export async function fuzzHttp(count: number, seed: number): Promise<string[]> {
  const folder = freshFolder();
  const server = new TidingsProcess(['serve'], { ...databaseEnv(folder), PORT: '0', LOG_LEVEL: 'info' });
  const faults: string[] = [];
  try {
    await server.ready;
    const { url } = server;
    const asks = fc.sample(await anyAsk(url, server), { numRuns: count, seed });
    let next = 0;
    const work = async () => {
      while (next < asks.length && !server.isDead) {
        const at = next++;
        const [name, ask] = asks[at]!;
        const fault = await tryOne(ask, url);
        if (fault) faults.push(`seed ${seed}, request ${at}, ${name}: ${fault}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (server.isDead) faults.push(`seed ${seed}: the server died: ${server.log.slice(-3).join(' ')}`);
    else if ((await fetch(`${url}/health`)).status !== 200) faults.push(`seed ${seed}: /health is not well`);
    return faults;
  } finally {
    await server.end('SIGKILL');
    removeFolder(folder);
  }
}

async function tryOne(ask: Ask, url: string): Promise<string | null> {
  let answer: Awaited<ReturnType<Ask>> | 'hangs';
  try {
    answer = await Promise.race([ask(url), sleep(HANGS_MS, 'hangs' as const, { ref: false })]);
  } catch (error) {
    const { code } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    // The server may hang up on what it refuses; it may not be gone.
    return code === 'ECONNREFUSED' ? 'nobody listens' : null;
  }
  if (answer === 'hangs') return 'no answer';
  if (answer === null) return null;
  const shown = answer.text.slice(0, 300);
  if (answer.status >= 500 && !(answer.status === 503 && answer.text.includes('"busy"')))
    return `${answer.status} ${shown}`;
  const inside = INSIDE.exec(answer.text)?.[0];
  return inside === undefined ? null : `tells ${JSON.stringify(inside)}: ${shown}`;
}

async function anyAsk(url: string, server: TidingsProcess): Promise<fc.Arbitrary<[name: string, ask: Ask]>> {
  const page = (await (await fetch(`${url}/api/openapi.json`)).json()) as { paths: object };
  const listed = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"method":"tools/list"}',
  });
  const { result } = (await listed.json()) as { result: { tools: { name: string; inputSchema: Shape }[] } };
  const known = [await makeLead(server)];
  const rest = Object.entries(page.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, RestShape>).map(([method, shape]) =>
      restAsk(path, method, shape, known).map(toAsk(`${method} ${path}`)),
    ),
  );
  const mcp = result.tools.map((tool) =>
    valuesOf(tool.inputSchema, known).map((args) =>
      rpc('tools/call', { name: tool.name, arguments: hasty(args) }),
    ),
  );
  const messages = fc.oneof(...mcp, anyMessage());
  return fc.oneof(
    { arbitrary: fc.oneof(...rest), weight: 5 },
    { arbitrary: fc.tuple(messages, oddHeaders()).map(mcpAsk).map(toAsk('/mcp')), weight: 5 },
    { arbitrary: rawRequest(), weight: 1 },
  );
}

interface RestShape {
  readonly parameters?: readonly { name: string; in: string; schema: Shape }[];
  readonly requestBody?: { content: Record<string, { schema: Shape }> };
}

function restAsk(
  path: string,
  method: string,
  shape: RestShape,
  known: readonly string[],
): fc.Arbitrary<Asked> {
  const parameters = shape.parameters ?? [];
  const given = fc.record(
    Object.fromEntries(parameters.map(({ name, schema }) => [name, valuesOf(schema, known)])),
    { requiredKeys: parameters.filter((one) => one.in === 'path').map(({ name }) => name) },
  );
  const body = shape.requestBody?.content['application/json']?.schema;
  const bodies = body
    ? fc.oneof({ arbitrary: valuesOf(body, known), weight: 9 }, fc.jsonValue())
    : fc.constant(null);
  return fc.tuple(given, bodies, oddHeaders()).map(([values, value, headers]) => {
    let filled = path;
    const query = new URLSearchParams();
    for (const { name, in: place } of parameters) {
      if (!Object.hasOwn(values, name)) continue;
      const text = textOf(values[name]);
      if (place === 'path') filled = filled.replace(`{${name}}`, encodeURIComponent(text) || NEVER);
      else query.append(name, text);
    }
    const init: RequestInit = { method: method.toUpperCase(), headers };
    if (body) init.body = JSON.stringify(hasty(value));
    return { path: `${filled}?${query}`, init };
  });
}

function mcpAsk([message, headers]: [unknown, Record<string, string>]): Asked {
  return { path: '/mcp', init: { method: 'POST', headers, body: JSON.stringify(message) } };
}

const toAsk =
  (name: string) =>
  ({ path, init }: Asked): [string, Ask] => [
    `${name} ${String(init.body ?? path).slice(0, 200)}`,
    async (url) => {
      const answer = await fetch(url + path, { ...init, redirect: 'manual' });
      return { status: answer.status, text: await answer.text() };
    },
  ];

const rpc = (method: unknown, params: unknown) => ({ jsonrpc: '2.0', id: 1, method, params });

/** JSON-RPC that may be none; in the words of 2026 where the envelope says so. */
function anyMessage(): fc.Arbitrary<unknown> {
  const method = fc.oneof(
    fc.constantFrom(
      'initialize',
      'ping',
      'tools/list',
      'tools/call',
      'server/discover',
      'subscriptions/cancel',
      'resources/list',
    ),
    fc.string(),
    fc.jsonValue(),
  );
  const envelope = fc.record(
    {
      'io.modelcontextprotocol/protocolVersion': fc.oneof(fc.constant('2026-07-28'), fc.jsonValue()),
      'io.modelcontextprotocol/clientCapabilities': fc.oneof(fc.constant({}), fc.jsonValue()),
      progressToken: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  const params = fc.oneof(
    fc.record({ _meta: envelope, name: anyText(), arguments: fc.jsonValue() }),
    fc.jsonValue(),
  );
  const message = fc.record(
    { jsonrpc: fc.oneof(fc.constant('2.0'), fc.jsonValue()), id: fc.jsonValue(), method, params },
    { requiredKeys: [] },
  );
  return fc.oneof({ arbitrary: message, weight: 8 }, fc.array(message, { maxLength: 4 }), fc.jsonValue());
}

function valuesOf(schema: Shape, known: readonly string[]): fc.Arbitrary<unknown> {
  return fc.oneof({ arbitrary: fitting(schema, known), weight: 9 }, fc.jsonValue(), anyText());
}

function fitting(schema: Shape, known: readonly string[]): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((form) => fitting(form, known)));
  switch (schema.type) {
    case 'string':
      return schema.format === 'uuid' ? fc.oneof(fc.constantFrom(NEVER, ...known), fc.uuid()) : anyText();
    case 'integer':
    case 'number':
      return fc.oneof(fc.nat(300), fc.integer(), fc.double());
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, known), { maxLength: 4 });
    case 'object': {
      const entries = Object.entries(schema.properties ?? {});
      if (entries.length === 0) return fc.dictionary(anyText(), fc.jsonValue(), { maxKeys: 4 });
      return fc.record(Object.fromEntries(entries.map(([name, of]) => [name, valuesOf(of, known)])), {
        requiredKeys: ['action', 'audience_id', 'lead_id', 'send_id'].filter(
          (name) => schema.properties![name],
        ),
      });
    }
    default:
      return fc.jsonValue();
  }
}

/** Half characters, NUL, controls, words of SQL and of addresses: what breaks something somewhere. */
function anyText(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '',
      ' ',
      '\ud83d',
      'cut \udc00',
      'a\0b',
      '%',
      "' OR 1=1 --",
      '{{lead.name',
      '__proto__',
      'constructor',
    ),
    fc.constantFrom(
      'ann@example.com',
      'ann@ｅｘａｍｐｌｅ.com',
      '+5215512345678',
      '{{lead.metadata.a.b}}',
      '\u202e',
      '2026-13-01T25:00:00Z',
    ),
    fc.nat(3).map((power) => 'x'.repeat(10 ** (power + 2))),
  );
}

function oddHeaders(): fc.Arbitrary<Record<string, string>> {
  const odd = fc.string({ unit: fc.constantFrom(...'abc;=/*, "\\\u00ff0129-'), maxLength: 60 });
  const headers = fc.record(
    {
      accept: fc.oneof(
        fc.constantFrom('*/*', 'text/event-stream', 'application/json, text/event-stream'),
        odd,
      ),
      'mcp-protocol-version': fc.oneof(fc.constantFrom('2026-07-28', '2025-06-18'), odd),
      'mcp-method': fc.oneof(fc.constantFrom('tools/call', 'tools/list'), odd),
      'mcp-name': odd,
      authorization: odd,
      'content-type': odd,
    },
    { requiredKeys: [] },
  );
  return fc
    .oneof({ arbitrary: fc.constant({}), weight: 4 }, headers)
    .map((given) => ({ 'content-type': 'application/json', ...given }));
}

/** What no client sends: it is written to the socket as it stands, and the socket is closed behind it. */
function rawRequest(): fc.Arbitrary<[string, Ask]> {
  const line = fc.constantFrom(
    'POST /mcp',
    'POST /api/leads',
    'POST /api/leads/import',
    'GET /api/leads?limit=1',
    'BREW /',
    'GET http://[',
    'GET //',
    'OPTIONS *',
  );
  const header = fc.constantFrom(
    'Content-Length: 50',
    'Content-Length: -1',
    'Content-Length: 5\r\nContent-Length: 6',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nContent-Length: 3',
    'Host: a b',
    'Host: localhost',
    'Host: [::1',
    'Expect: 100-continue',
    'Expect: cake',
    'Upgrade: websocket\r\nConnection: Upgrade',
    'Content-Type: application/json',
    'Content-Type: multipart/form-data; boundary=b',
    'Content-Type: text/csv',
    'X: \x01',
  );
  const body = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 80 }),
    fc.constantFrom(
      '{"name":"x',
      'zz\r\n',
      '3\r\nabc\r\n',
      '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nemail\r\na@',
    ),
  );
  return fc
    .tuple(
      line,
      fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/9.9'),
      fc.array(header, { maxLength: 5 }),
      body,
    )
    .map(([first, version, headers, rest]) => {
      const text = `${[`${first} ${version}`, ...headers].join('\r\n')}\r\n\r\n${rest}`;
      return [JSON.stringify(text), (url) => writeRaw(url, text)];
    });
}

function writeRaw(url: string, text: string): Promise<{ status: number; text: string } | null> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.end(text, 'latin1'));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('error', reject).on('close', () => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
      resolve(status === undefined ? null : { status: Number(status), text: answer });
    });
  });
}

/** Nobody waits for a send here. */
function hasty(value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && 'message' in value ? { ...value, max_wait_seconds: 0 } : value;
}

function textOf(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed();
}

async function makeLead(server: TidingsProcess): Promise<string> {
  const { lead } = await server.call<{ lead: { id: string } }>('/leads', {
    name: 'Ann',
    email: 'ann@example.com',
  });
  return lead.id;
}
