import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type HttpServer, startHttpServer } from '../../src/http/server.ts';
import { AUDIENCE, type FakeTidings, fakeTidings, memoryLog } from './fake-tidings.ts';

const options = { version: '1.2.3', host: '127.0.0.1', port: 0, apiKey: null, publicUrl: null };
const args = { audience_id: AUDIENCE, channel: 'email', message: 'Hi' };

describe.each([
  ['the 2025 era', 'legacy'],
  ['the 2026 era', { pin: '2026-07-28' }],
] as const)('the official client in %s', (_, mode) => {
  let tidings: FakeTidings;
  let server: HttpServer;
  let client: Client;

  beforeAll(async () => {
    tidings = fakeTidings();
    server = await startHttpServer({ tidings, log: memoryLog(), ...options });
    client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)));
  });
  beforeEach(() => {
    tidings.during = () => {};
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });

  test('sees the tools with title, annotations and a flat input', async () => {
    const { tools } = await client.listTools();
    // A schema that points at what is not there would make the client throw at the first call.
    expect(JSON.stringify(tools)).not.toContain('$ref');
    const send = tools.find(({ name }) => name === 'sendBulkMessages')!;
    expect(send.annotations).toMatchObject({
      readOnlyHint: false,
      destructiveHint: true,
      idempotentHint: true,
      openWorldHint: true,
    });
    const audience = tools.find(({ name }) => name === 'audience')!;
    expect(audience.inputSchema.required).toEqual(['action']);
    const properties = audience.inputSchema.properties as Record<
      string,
      { enum?: string[]; description: string }
    >;
    expect(properties.action!.enum).toEqual(['create', 'get', 'delete']);
    expect(properties.audience_id!.description).toBe('UUID of the audience [required by get, delete]');
    expect(properties.page!.description).toBe('1-based page [taken by get]');
    expect(client.getInstructions()).toContain('sendBulkMessages');
  });

  test('gets results, and errors as results that do not throw', async () => {
    const good = await client.callTool({ name: 'sendBulkMessages', arguments: args });
    expect(good.structuredContent).toMatchObject({ success: true, total_sent: 3 });
    for (const bad of [{ ...args, message: 'nobody' }, { ...args, channel: 'fax' }, {}]) {
      const result = await client.callTool({ name: 'sendBulkMessages', arguments: bad });
      expect(result.isError).toBe(true);
      expect(result.structuredContent).toMatchObject({ success: false });
    }
  });

  test('gets progress', async () => {
    tidings.during = async ({ onProgress }) => {
      for (const done of [1, 2, 3]) {
        onProgress?.({ done, total: 3, message: `${done} sent` });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const seen: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
    await client.callTool({ name: 'sendBulkMessages', arguments: args }, { onprogress });
    expect(seen.slice(0, 2)).toEqual([1, 2]);
  });
});

describe('the server', () => {
  test('says which variable to change when the port is taken', async () => {
    const first = await startHttpServer({ tidings: fakeTidings(), log: memoryLog(), ...options });
    const second = startHttpServer({
      tidings: fakeTidings(),
      log: memoryLog(),
      ...options,
      port: first.port,
    });
    await expect(second).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(`PORT=${first.port}`),
      fix: expect.stringContaining('PORT'),
    });
    await first.close();
  });

  test('closing lets a watching call answer and does not wait for its end', async () => {
    const tidings = fakeTidings();
    const server = await startHttpServer({ tidings, log: memoryLog(), ...options });
    const watching = new Promise<void>((started) => {
      tidings.during = ({ signal }) => {
        started();
        return new Promise((resolve) => signal!.addEventListener('abort', () => resolve()));
      };
    });
    const answer = fetch(`${server.url}/api/sends`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(args),
    });
    await watching;
    const begun = performance.now();
    await server.close();
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(await (await answer).json()).toMatchObject({ success: true });
  });

  test('a caller who hangs up is noticed, on REST and on MCP', async () => {
    const tidings = fakeTidings();
    const server = await startHttpServer({ tidings, log: memoryLog(), ...options });
    const call = JSON.stringify({
      method: 'tools/call',
      params: { name: 'sendBulkMessages', arguments: args },
    });
    const noticed: string[] = [];
    for (const [path, body] of [
      ['/api/sends', JSON.stringify(args)],
      ['/mcp', call],
    ] as const) {
      const leave = new AbortController();
      tidings.during = ({ signal }) => {
        leave.abort();
        return new Promise((done) => {
          signal!.addEventListener('abort', () => {
            noticed.push(path);
            done();
          });
        });
      };
      const headers = { 'content-type': 'application/json' };
      await fetch(server.url + path, { method: 'POST', headers, body, signal: leave.signal }).catch(() => {});
      await vi.waitFor(() => expect(noticed).toContain(path), 5_000);
    }
    await server.close();
  });

  test('is not opened to other machines without a key', async () => {
    const open = startHttpServer({ tidings: fakeTidings(), log: memoryLog(), ...options, host: '0.0.0.0' });
    await expect(open).rejects.toMatchObject({ code: 'configuration' });
  });
});
