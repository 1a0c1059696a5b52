import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { createHttpApp } from '../../src/http/app.ts';
import { createOperatingApp } from '../../src/http/operating-app.ts';
import { startHttpServer } from '../../src/http/server.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { TimedLedger } from '../../src/ledger/timed-ledger.ts';
import { openTidings } from '../../src/open-tidings.ts';
import { createHealth } from '../../src/upkeep/health.ts';
import { freshFolder, ledgerOf, quiet, removeFolder } from '../support/core.ts';
import { TidingsProcess } from '../support/tidings-process.ts';
import { fakeApp } from './fake-tidings.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function folder(): string {
  const made = freshFolder();
  closing.push(() => removeFolder(made));
  return made;
}

describe('readiness', () => {
  it('is told without a key, and is 503 with a reason while the database is away', async () => {
    const { app, tidings } = fakeApp({ apiKey: 'k3y' });
    const ready = await app.request('/ready');
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true }]);
    tidings.healthy = false;
    const away = await app.request('/ready');
    expect([away.status, await away.json()]).toEqual([
      503,
      { ready: false, reason: 'The database does not answer.' },
    ]);
  });

  it('ends as soon as the process is told to stop, while callers still get answers', async () => {
    const config = readConfig({ TIDINGS_DATA_DIR: folder() });
    const tidings = await openTidings(config, quiet);
    closing.push(() => tidings.close());
    const app = createHttpApp({ tidings, log: quiet, version: '0', ...config, port: () => 3000 });
    expect((await app.request('/ready')).status).toBe(200);
    const stopping = tidings.dispatcher.stop();
    const answer = await app.request('/ready');
    expect([answer.status, await answer.json()]).toEqual([
      503,
      { ready: false, reason: 'This process is stopping.' },
    ]);
    expect((await app.request('/health')).status).toBe(200);
    await stopping;
  });

  it('answers in time although the database says nothing, and asks it one question only', async () => {
    let asked = 0;
    let answer: (row: object) => void = () => {};
    const silent = {
      dialect: 'postgres',
      get() {
        asked += 1;
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    } as unknown as Ledger;
    const health = createHealth(new TimedLedger(silent), { isStopping: false }, 60);
    const startedAt = performance.now();
    const reasons = await Promise.all([health.whyNotReady(), health.whyNotReady()]);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(reasons).toEqual(['The database does not answer.', 'The database does not answer.']);
    await expect(health.ping()).rejects.toThrow('did not answer within');
    expect(asked).toBe(1);
    // It may have got lost: after a while it is asked again.
    await sleep(300);
    const next = health.whyNotReady();
    answer({ oldest_code: 0 });
    expect(await next).toBeNull();
    expect(asked).toBe(2);
  });

  it('ends when a newer version has changed the database beyond what this one can use', async () => {
    const ledger = await ledgerOf(folder());
    closing.push(() => ledger.close());
    const health = createHealth(new TimedLedger(ledger), { isStopping: false });
    expect(await health.whyNotReady()).toBeNull();
    await ledger.write((tx) => tx.run("INSERT INTO schema_migrations VALUES (999, 'later', 999)"));
    expect(await health.whyNotReady()).toContain('newer Tidings');
  });
});

describe('a worker without PostgreSQL', () => {
  it('is refused as before, whatever METRICS_PORT says', async () => {
    const worker = new TidingsProcess(['worker'], { TIDINGS_DATA_DIR: folder(), METRICS_PORT: '0' });
    if (!worker.isDead) await once(worker.child, 'exit');
    expect(await worker.ended).toBe(1);
  });

  it.each(['ninety', '70000', '-1', '1.5'])('is refused METRICS_PORT=%s by name', (port) => {
    expect(() => readConfig({ METRICS_PORT: port })).toThrow(`METRICS_PORT is "${port}"`);
  });
});

describe('the door of a worker', () => {
  const ofWorker = { host: '0.0.0.0', apiKey: 'sixteen letters!', publicUrl: 'https://tidings.example' };

  it('answers by its own name, whatever PUBLIC_URL the callers of the server use', async () => {
    const { options } = fakeApp(ofWorker);
    const app = createOperatingApp(options);
    const headers = { host: 'worker:9464', authorization: 'Bearer sixteen letters!' };
    expect((await app.request('/metrics', { headers })).status).toBe(200);
    expect((await app.request('/metrics', { headers: { host: 'worker:9464' } })).status).toBe(401);
  });

  it('whose port is taken says METRICS_PORT, and that of a server PORT', async () => {
    const { options } = fakeApp({ ...ofWorker, host: '127.0.0.1' });
    const first = await startHttpServer({ ...options, port: 0 });
    closing.push(() => first.close());
    const again = (isForOperating: boolean) =>
      startHttpServer({ ...options, port: first.port, isForOperating });
    await expect(again(true)).rejects.toThrow(`(HOST=127.0.0.1 METRICS_PORT=${first.port})`);
    await expect(again(false)).rejects.toThrow(`(HOST=127.0.0.1 PORT=${first.port})`);
  });
});
