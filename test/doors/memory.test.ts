import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterEach, expect, it } from 'vitest';
import { freshFolder, removeFolder } from '../support/core.ts';
import { TidingsProcess } from '../support/tidings-process.ts';

const closing: (() => unknown)[] = [];
/** What `npm start` gives it. */
const FLAGS = '--max-semi-space-size=3 --max-old-space-size=512 --v8-pool-size=2 --expose-gc';
const PEAK_MAX_MB = 300;
const NOTES = 'n'.repeat(20_000);
const METADATA = { long: 'm'.repeat(99_000) };

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(): Promise<TidingsProcess> {
  const folder = freshFolder();
  closing.push(() => removeFolder(folder));
  const server = new TidingsProcess(['serve'], {
    TIDINGS_DATA_DIR: folder,
    PORT: '0',
    NODE_OPTIONS: FLAGS,
  });
  closing.push(() => server.end('SIGKILL'));
  await server.ready;
  return server;
}

/** The most memory that the process ever had, in MB. */
function peak(server: TidingsProcess): number {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)![1]) / 1024;
}

/** /health answers as often as it is asked while something goes on. By counts, not by the clock: others use the machine too. */
async function staysHealthy(server: TidingsProcess, until: Promise<unknown>): Promise<void> {
  let isOver = false;
  void until.finally(() => {
    isOver = true;
  });
  do {
    const { statusCode, body } = await request(`${server.url}/health`);
    await body.dump();
    expect(statusCode).toBe(200);
    await sleep(50);
  } while (!isOver);
}

it.runIf(process.platform === 'linux')(
  'many of the largest lists at once, fetched or not, are answered or refused with a word, and memory stays bounded',
  async () => {
    const server = await start();
    for (let at = 0; at < 200; at += 25) {
      const leads = Array.from({ length: 25 }, (_, one) => ({
        email: `lead${at + one}@example.com`,
        notes: NOTES,
        metadata: METADATA,
      }));
      await server.call('/leads/import', { leads });
    }
    const dispatcher = new Agent({ connections: 100 });
    closing.push(() => dispatcher.destroy());
    const rest = () => request(`${server.url}/api/leads?limit=200`, { dispatcher });
    const mcp = () =>
      request(`${server.url}/mcp`, {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          method: 'tools/call',
          params: { name: 'leads', arguments: { action: 'list', limit: 200 } },
        }),
      });
    const statuses: number[] = [];
    const fetched = Promise.all(
      Array.from({ length: 32 }, async (_, at) => {
        const { statusCode, body } = await (at % 2 ? rest() : mcp());
        statuses.push(statusCode);
        expect(Buffer.byteLength(await body.text())).toBeLessThan(4 * 1024 * 1024);
      }),
    );
    await staysHealthy(server, fetched);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(16);

    // The whole of a lead, by callers who ask and do not fetch: 120 KB each, twice over MCP.
    const { leads } = (await (await fetch(`${server.url}/api/leads?limit=1`)).json()) as {
      leads: { id: string }[];
    };
    const head = `GET /api/leads/${leads[0]!.id} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const askers: Socket[] = [];
    for (let at = 0; at < 100; at++) {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {});
      socket.pause().write(head.repeat(20));
      askers.push(socket);
      closing.push(() => socket.destroy());
    }
    await staysHealthy(server, sleep(3_000));
    const refused = await fetch(`${server.url}/api/leads?limit=1`);
    expect([200, 503]).toContain(refused.status);
    if (refused.status === 503) {
      expect(await refused.json()).toMatchObject({ success: false, code: 'busy', fix: expect.any(String) });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    for (const socket of askers) socket.destroy();
    expect(peak(server)).toBeLessThan(PEAK_MAX_MB);
  },
  120_000,
);

it.runIf(process.platform === 'linux')(
  'many uploads and bodies at once, and hundreds of callers who never finish a request, leave it answering in bounded memory',
  async () => {
    const server = await start();
    const port = Number(new URL(server.url).port);
    const half = 'POST /api/leads HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    for (let at = 0; at < 400; at++) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.write(half);
      closing.push(() => socket.destroy());
    }
    // 100 MB of bodies of which the last byte never comes.
    const body = Buffer.alloc(2_000_000, ' ');
    const bodies: Socket[] = [];
    let told = '';
    for (let at = 0; at < 50; at++) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.setEncoding('utf8').on('data', (text: string) => {
        told += text;
      });
      socket.write(`${half}Content-Length: 2000001\r\n\r\n`);
      socket.write(body);
      bodies.push(socket);
      closing.push(() => socket.destroy());
    }
    await staysHealthy(server, sleep(2_000));
    expect(told).toMatch(/HTTP\/1\.1 503 .*"code":"busy"/s);
    for (const socket of bodies) socket.destroy();

    const row = `lead@example.com,"${'n'.repeat(15_000)}"\n`;
    const file = `email,notes\n${row.repeat(1_000)}`;
    const statuses: number[] = [];
    const uploads = Promise.all(
      Array.from({ length: 24 }, async () => {
        const form = new FormData();
        form.append('file', new File([file], 'leads.csv'));
        const answer = await fetch(`${server.url}/api/leads/import`, { method: 'POST', body: form }).catch(
          // Refused while it was still being sent.
          () => null,
        );
        statuses.push(answer?.status ?? 503);
        await answer?.arrayBuffer();
      }),
    );
    await staysHealthy(server, uploads);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect(peak(server)).toBeLessThan(PEAK_MAX_MB);
  },
  120_000,
);

/** Tells what the server has loaded of Node, and when it collects. */
const SPY = `
  const { gc } = globalThis;
  globalThis.gc = (options) => {
    gc(options);
    process.send({ collected: process.moduleLoadList });
  };
  process.channel.unref();
`;

it('a server that nobody asks anything gives back what its start took, and has loaded no HTTP client', async () => {
  const folder = freshFolder();
  closing.push(() => removeFolder(folder));
  const env = { TIDINGS_DATA_DIR: folder, PORT: '0', NODE_OPTIONS: FLAGS };
  const server = new TidingsProcess(['serve'], env, [`data:text/javascript,${encodeURIComponent(SPY)}`]);
  closing.push(() => server.end('SIGKILL'));
  const [{ collected }] = (await once(server.child, 'message')) as [{ collected: string[] }];
  expect(collected.filter((name) => name.includes('undici'))).toEqual([]);
}, 60_000);
