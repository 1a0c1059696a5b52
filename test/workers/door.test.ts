import { afterEach, expect, it } from 'vitest';
import { freshFolder, removeFolder } from '../support/core.ts';
import { databaseEnv } from '../support/database.ts';
import { TidingsProcess } from '../support/tidings-process.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startWorker(env: Record<string, string>): Promise<TidingsProcess> {
  const folder = freshFolder();
  closing.push(() => removeFolder(folder));
  const worker = new TidingsProcess(['worker'], { ...databaseEnv(folder), ...env });
  closing.push(() => worker.end('SIGKILL'));
  await worker.ready;
  return worker;
}

it('a worker with METRICS_PORT tells those who run it how it does, and answers nobody else', async () => {
  const worker = await startWorker({ METRICS_PORT: '0', TIDINGS_API_KEY: 'sixteen letters!' });
  const ask = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${worker.url}${path}`, { headers });
  expect(await (await ask('/health')).json()).toMatchObject({ status: 'ok' });
  expect(await (await ask('/ready')).json()).toEqual({ ready: true });
  expect((await ask('/metrics')).status).toBe(401);
  const text = await (await ask('/metrics', { authorization: 'Bearer sixteen letters!' })).text();
  expect(text).toContain('tidings_may_send{sender="sandbox:email",channel="email",mode="sandbox"} 1');
  expect(text).toContain('database="postgres"');
  for (const path of ['/mcp', '/api/leads', '/']) {
    const answer = await ask(path, { authorization: 'Bearer sixteen letters!' });
    expect([path, answer.status]).toEqual([path, 404]);
  }
  expect((await ask('/ready', { origin: 'https://evil.example' })).status).toBe(403);
  expect(await worker.end('SIGTERM')).toBe(0);
});

it('a worker without METRICS_PORT listens nowhere', async () => {
  const worker = await startWorker({});
  expect(worker.url).toBe('');
  expect(await worker.end('SIGTERM')).toBe(0);
});
