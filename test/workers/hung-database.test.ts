import { afterEach, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { startHttpServer } from '../../src/http/server.ts';
import { openTidings } from '../../src/open-tidings.ts';
import { freshFolder, quiet, removeFolder } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';
import { startProxy } from '../support/tcp-proxy.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('a database that hangs is told within seconds by /health, /ready and /metrics, and so is its return', async () => {
  const folder = freshFolder();
  closing.push(() => removeFolder(folder));
  const url = new URL(databaseUrlOf(folder)!);
  const proxy = await startProxy(url.hostname, Number(url.port));
  closing.push(() => proxy.stop());
  url.host = `127.0.0.1:${proxy.port}`;
  const config = readConfig({ DATABASE_URL: url.href, PORT: '0' });
  const tidings = await openTidings(config, quiet);
  closing.push(() => tidings.close());
  const server = await startHttpServer({ tidings, version: '0', log: quiet, ...config });
  closing.push(() => server.close());
  const ask = async (path: string) => {
    const startedAt = performance.now();
    const answer = await fetch(`${server.url}${path}`);
    expect(performance.now() - startedAt).toBeLessThan(3_500);
    return { status: answer.status, text: await answer.text() };
  };
  expect((await ask('/ready')).status).toBe(200);
  proxy.hold();
  const [ready, health, metrics] = await Promise.all([ask('/ready'), ask('/health'), ask('/metrics')]);
  expect(ready).toEqual({
    status: 503,
    text: JSON.stringify({ ready: false, reason: 'The database does not answer.' }),
  });
  expect(health.status).toBe(503);
  expect(metrics.status).toBe(200);
  expect(metrics.text).toContain('tidings_ledger_up 0');
  expect(`${ready.text}${health.text}`).not.toContain('127.0.0.1');
  proxy.letGo();
  expect((await ask('/ready')).status).toBe(200);
});
