import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { startHttpServer } from '../../src/http/server.ts';
import { openTidings } from '../../src/open-tidings.ts';
import { createMetrics } from '../../src/upkeep/metrics/create-metrics.ts';
import { freshFolder, quiet, removeFolder } from '../support/core.ts';
import { databaseEnv } from '../support/database.ts';
import { startSmtpServer } from '../support/smtp-server.ts';
import { fakeApp, fakeTidings } from './fake-tidings.ts';

let folder: string;
const closing: (() => unknown)[] = [];

beforeEach(() => {
  folder = freshFolder();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  removeFolder(folder);
});

/** A server that sends by a relay which refuses one of three. */
async function start(env: Record<string, string> = {}) {
  const smtp = await startSmtpServer({
    onRcpt: (address) => (address.startsWith('gone') ? `550 5.1.1 <${address}> is not here` : null),
  });
  closing.push(() => smtp.stop());
  const config = readConfig({
    ...databaseEnv(folder),
    PORT: '0',
    SMTP_URL: `${smtp.url}?tls=off`,
    EMAIL_FROM: 'Shop <news@shop.example>',
    ...env,
  });
  const tidings = await openTidings(config, quiet);
  closing.push(() => tidings.close());
  tidings.dispatcher.start();
  const server = await startHttpServer({ tidings, version: '1.2.3', log: quiet, ...config });
  closing.push(() => server.close());
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json', 'x-api-key': config.apiKey ?? '' };
    const answer = await fetch(`${server.url}/api${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Record<string, unknown>;
  };
  const scrape = async (headers: Record<string, string> = {}) => {
    const answer = await fetch(`${server.url}/metrics`, { headers });
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };
  const sender = smtp.url.replace('smtp://', 'smtp:');
  return { tidings, post, scrape, sender };
}

/** `name{labels} value` lines as a map. */
function parse(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1).replace('+Inf', 'Infinity'))];
    }),
  );
}

describe('metrics', () => {
  it('tell what was sent and how it goes, and name nobody', async () => {
    const { post, scrape, sender } = await start({ SMTP_RATE: '5000' });
    const leads = ['ana@example.com', 'bob@example.com', 'gone@example.com'].map((email) => ({ email }));
    await post('/leads/import', { leads });
    const { audience_id } = await post('/audiences', { name: 'All' });
    const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hello' };
    expect(await post('/sends', message)).toMatchObject({ total_sent: 2, total_failed: 1 });
    const { status, type, text } = await scrape();
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    const metrics = parse(text);
    const at = (name: string) => metrics.get(name);
    expect(
      at(`tidings_deliveries_total{sender="${sender}",channel="email",mode="live",outcome="accepted"}`),
    ).toBe(2);
    expect(
      at(`tidings_deliveries_total{sender="${sender}",channel="email",mode="live",outcome="permanent"}`),
    ).toBe(1);
    expect(
      at(
        'tidings_deliveries_total{sender="sandbox:whatsapp",channel="whatsapp",mode="sandbox",outcome="accepted"}',
      ),
    ).toBe(0);
    expect(at('tidings_sends{channel="email",mode="live",state="completed"}')).toBe(1);
    expect(at('tidings_messages_waiting{channel="email",mode="live",state="completed"}')).toBe(0);
    expect(at(`tidings_window_size{sender="${sender}",channel="email",mode="live"}`)).toBe(40);
    expect(at(`tidings_in_flight{sender="${sender}",channel="email",mode="live"}`)).toBe(0);
    expect(at(`tidings_rate_limit_per_second{sender="${sender}",channel="email",mode="live"}`)).toBe(5_000);
    expect(
      at('tidings_rate_limit_per_second{sender="sandbox:whatsapp",channel="whatsapp",mode="sandbox"}'),
    ).toBe(Infinity);
    expect(at(`tidings_bucket_level{sender="${sender}",channel="email",mode="live"}`)).toBeGreaterThanOrEqual(
      0,
    );
    expect(at(`tidings_may_send{sender="${sender}",channel="email",mode="live"}`)).toBe(1);
    expect(at('tidings_ledger_up')).toBe(1);
    expect(at('tidings_database_seconds_count{operation="write"}')).toBeGreaterThan(3);
    expect(at('tidings_database_seconds_bucket{operation="write",le="+Inf"}')).toBe(
      at('tidings_database_seconds_count{operation="write"}'),
    );
    expect(at('tidings_database_seconds_sum{operation="read"}')).toBeGreaterThan(0);
    expect(at('tidings_process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(text).toContain('tidings_build_info{version="1.2.3"');
    expect(text).not.toMatch(/example\.com|ana|shop|Hello/);
  });

  it('tell what waits, without counting again for every impatient scraper', async () => {
    const { post, scrape } = await start();
    await post('/leads/import', { leads: Array.from({ length: 7 }, (_, at) => ({ email: `p${at}@e.com` })) });
    const { audience_id } = await post('/audiences', { name: 'All' });
    const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hello' };
    await post('/sends', { ...message, schedule_at: new Date(Date.now() + 3_600_000).toISOString() });
    const name = 'tidings_messages_waiting{channel="email",mode="live",state="scheduled"}';
    expect(parse((await scrape()).text).get(name)).toBe(7);
    await post('/sends', { ...message, schedule_at: 'now' });
    expect(parse((await scrape()).text).get(name)).toBe(7);
  });

  it('measure the event loop from the first scrape on', async () => {
    const { scrape } = await start();
    const name = 'tidings_event_loop_delay_seconds{percentile="100"}';
    expect(parse((await scrape()).text).get(name)).toBe(0);
    await sleep(50);
    const until = performance.now() + 300;
    while (performance.now() < until);
    await sleep(50);
    const late = parse((await scrape()).text).get(name)!;
    expect(late).toBeGreaterThan(0.2);
    expect(late).toBeLessThan(5);
  });

  it('need the key where one is set, as Prometheus sends it, while health and readiness do not', async () => {
    const { app } = fakeApp({ apiKey: 'k3y' });
    expect((await app.request('/metrics')).status).toBe(401);
    expect((await app.request('/metrics', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    expect((await app.request('/metrics', { headers: { authorization: 'Bearer k3y' } })).status).toBe(200);
    expect((await app.request('/health')).status).toBe(200);
    expect((await app.request('/ready')).status).toBe(200);
  });

  it('are told although the database is away, without what only it knows', async () => {
    const { app, tidings } = fakeApp();
    tidings.health.countSends = () => Promise.reject(new Error('gone'));
    const text = await (await app.request('/metrics')).text();
    expect(parse(text).get('tidings_ledger_up')).toBe(0);
    expect(text).toContain('tidings_process_cpu_seconds_total');
    expect(text).not.toMatch(/^tidings_sends\{/m);
  });

  it('are all named on the page of metrics, and no others', async () => {
    const registry = createMetrics(fakeTidings(), '1.2.3');
    const names = registry.getMetricsAsArray().map(({ name }) => name);
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => !name.startsWith('tidings_'))).toEqual([]);
    const page = readFileSync(join(import.meta.dirname, '../../docs/operating/metrics.md'), 'utf8');
    const told = [...page.matchAll(/^\| `(tidings_\w+)`/gm)].map(([, name]) => name);
    expect(told.sort()).toEqual(names.sort());
  });

  it('that the alerts ask for are metrics that there are, with labels that they have', () => {
    const registry = createMetrics(fakeTidings(), '1.2.3');
    const names = new Set(registry.getMetricsAsArray().map(({ name }) => name));
    const rules = readFileSync(join(import.meta.dirname, '../../packaging/prometheus-alerts.yaml'), 'utf8');
    const asked = [...rules.matchAll(/\btidings_\w+/g)];
    expect(asked.length).toBeGreaterThan(10);
    for (const [name] of asked) expect(names).toContain(name.replace(/_bucket$/, ''));
    for (const [, outcomes] of rules.matchAll(/outcome=~?"([^"]+)"/g)) {
      const known = ['accepted', 'permanent', 'throttled', 'uncertain', 'account'];
      for (const outcome of outcomes!.split('|')) expect(known).toContain(outcome);
    }
  });
});
