import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { openTidings } from '../../src/open-tidings.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import type { Tidings } from '../../src/tidings.ts';
import { CALLER } from '../support/caller.ts';
import { freshFolder, quiet, removeFolder } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { startSmtpServer } from '../support/smtp-server.ts';
import { startProxy } from '../support/tcp-proxy.ts';
import { TidingsProcess } from '../support/tidings-process.ts';
import { wrongChunks } from '../torture/chunk-totals.ts';

const CONNECTIONS = 5;
const WINDOW = 4 * CONNECTIONS;
/** A beat may stand still for 10 s, and is looked at every second; this machine may be busy. */
const TAKEOVER_MS = 15_000;

let folder: string;
let smtp: Awaited<ReturnType<typeof startSmtpServer>>;
let env: Record<string, string>;
let tidings: Tidings;
let ledger: Ledger;
let workers: TidingsProcess[] = [];

beforeEach(async () => {
  folder = freshFolder();
  smtp = await startSmtpServer({ onMessage: () => sleep(5, null) });
  await open(databaseUrlOf(folder)!);
});

/** This process makes sends and reads the ledger; it sends nothing. */
async function open(databaseUrl: string) {
  env = {
    TIDINGS_DATA_DIR: folder,
    DATABASE_URL: databaseUrl,
    SMTP_URL: `${smtp.url}?tls=off`,
    SMTP_CONNECTIONS: String(CONNECTIONS),
    SMTP_RATE: '150',
    EMAIL_FROM: 'a@shop.example',
  };
  tidings = await openTidings(readConfig(env), quiet);
  ledger = await openLedger({ dataDir: folder, databaseUrl });
}

async function shut() {
  for (const worker of workers) worker.signal('SIGKILL');
  await Promise.all(workers.map(({ ended }) => ended));
  workers = [];
  await ledger.close();
  await tidings.close();
}

afterEach(async () => {
  await shut();
  await smtp.stop();
  removeFolder(folder);
});

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
function call(name: string, input: object): Promise<any> {
  const operation = tidings.operations.find((one) => one.name === name)!;
  return runOperation(operation, input, CALLER);
}

async function startWorkers(count: number, more: Record<string, string> = {}) {
  const started = Array.from({ length: count }, () => new TidingsProcess(['worker'], { ...env, ...more }));
  workers.push(...started);
  await Promise.all(started.map(({ ready }) => ready));
  return started as [TidingsProcess, ...TidingsProcess[]];
}

async function makeAudience(leads: number, name = 'All'): Promise<string> {
  const lines = Array.from({ length: leads }, (_, at) => `Lead ${at},${name}${at}@example.com,${name}\n`);
  await call('leads.import', { csv: `name,email,origin\n${lines.join('')}` });
  return (await call('audience.create', { name, origin: name })).audience_id;
}

async function startSend(leads: number, name = 'All') {
  const audience_id = await makeAudience(leads, name);
  const send = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
  await call('sendBulkMessages', send);
  return send;
}

async function accepted(atLeast: number) {
  while (smtp.messages.length < atLeast) await sleep(5);
}

/** Of the large send, and of the small one. */
function sentOf(): [number, number] {
  const small = recipients().filter((to) => to.startsWith('Small') || to.startsWith('small')).length;
  return [recipients().length - small, small];
}

const recipients = () => smtp.messages.flatMap((message) => message.to);
const held = async () =>
  (
    await ledger.all<{ holder: string; in_flight: number }>(
      'SELECT holder, sum(in_flight) AS in_flight FROM chunks WHERE holder IS NOT NULL GROUP BY holder',
    )
  ).map(({ holder }) => holder);

/** A worker in the middle of it, and what it has in flight. */
async function busyWorker(): Promise<TidingsProcess> {
  for (;;) {
    const rows = await ledger.all<{ holder: string }>('SELECT holder FROM chunks WHERE in_flight > 0');
    const busy = workers.find(({ holder }) => rows.some((row) => row.holder === holder));
    if (busy) return busy;
  }
}

/** Everybody is settled once; whoever is not unknown has the message. */
async function expectOnce(send: object, leads: number, mostUnknown: number) {
  const result = await call('sendBulkMessages', { ...send, max_wait_seconds: 60 });
  const once = new Set(recipients());
  expect(recipients().length).toBe(once.size);
  expect(result).toMatchObject({ state: 'completed', total_remaining: 0, total_skipped: 0 });
  expect(result.total_sent + result.total_unknown).toBe(leads);
  expect(result.total_unknown).toBeLessThanOrEqual(mostUnknown);
  expect(once.size).toBeGreaterThanOrEqual(result.total_sent);
  expect(leads - once.size).toBeLessThanOrEqual(result.total_unknown);
  return result;
}

/** By SIGTERM; what they leave behind is in order. */
async function endAll() {
  for (const worker of workers) worker.signal('SIGTERM');
  for (const { ended } of workers) expect(await ended).toBe(0);
  expect(await wrongChunks(ledger)).toEqual([]);
}

describe('many workers', () => {
  it('share a send, and each message leaves once', async () => {
    await startWorkers(2);
    const send = await startSend(2_000);
    const all = workers.map(({ holder }) => holder).sort();
    await expect.poll(async () => (await held()).sort(), { interval: 20, timeout: 30_000 }).toEqual(all);
    expect(smtp.messages.length).toBeLessThan(2_000);
    await expectOnce(send, 2_000, 0);
    await endAll();
  }, 60_000);

  it('take over from one that is killed: its untouched rows are sent, only what was in flight is unknown', async () => {
    await startWorkers(2);
    const send = await startSend(1_500);
    await accepted(300);
    const victim = await busyWorker();
    await victim.end('SIGKILL');
    const diedAt = performance.now();
    while ((await held()).includes(victim.holder)) await sleep(50);
    expect(performance.now() - diedAt).toBeLessThan(TAKEOVER_MS);
    await expectOnce(send, 1_500, WINDOW);
  }, 90_000);

  it('take over from one that is stopped; continued, it sends nothing that its successor took over', async () => {
    env['SMTP_RATE'] = '75';
    await startWorkers(2);
    const send = await startSend(1_500);
    await accepted(300);
    const stalled = await busyWorker();
    stalled.signal('SIGSTOP');
    const stoppedAt = performance.now();
    while ((await held()).includes(stalled.holder)) await sleep(50);
    expect(performance.now() - stoppedAt).toBeLessThan(TAKEOVER_MS);
    stalled.signal('SIGCONT');
    await expectOnce(send, 1_500, WINDOW);
    expect(stalled.log.join()).toContain('a chunk went to another worker');
    // It takes part again: of four chunks the other one may hold two.
    const more = await startSend(1_000, 'More');
    let takesPart = false;
    while (!takesPart && smtp.messages.length < 2_450) takesPart = (await held()).includes(stalled.holder);
    expect(takesPart).toBe(true);
    expect(await call('sendBulkMessages', { ...more, max_wait_seconds: 60 })).toMatchObject({
      state: 'completed',
    });
  }, 120_000);

  it('restarted one after the other by SIGTERM lose and double nothing, and leave nothing unknown', async () => {
    await startWorkers(3);
    const send = await startSend(1_500);
    await accepted(100);
    for (const worker of [...workers]) {
      const before = smtp.messages.length;
      expect(await worker.end('SIGTERM')).toBe(0);
      await startWorkers(1);
      await accepted(before + 100);
    }
    const result = await expectOnce(send, 1_500, 0);
    expect(result.total_sent).toBe(1_500);
  }, 90_000);

  it('do not make a send of 500 wait for one of 40,000', async () => {
    await startWorkers(2);
    // Beside the door, which checks each lead.
    await ledger.write((tx) =>
      tx.run(
        `INSERT INTO leads (id, email, email_key, origin, status, metadata, created_at, updated_at)
         SELECT gen_random_uuid(), 'l' || n || '@example.com', 'l' || n || '@example.com', 'Large', 'new', '{}', '', ''
         FROM generate_series(1, 40000) n`,
      ),
    );
    const large = await startSend(0, 'Large');
    await accepted(500);
    const small = await startSend(500, 'Small');
    const [largeBefore] = sentOf();
    const result = await call('sendBulkMessages', { ...small, max_wait_seconds: 60 });
    expect(result).toMatchObject({ state: 'completed', total_sent: 500 });
    // Half of the rate is the small one's, as soon as every worker has a hand free for it; on a busy machine that takes them
    // a while. Counted, not timed: the large one would be at 40,000 if the small one waited.
    const between = sentOf()[0] - largeBefore;
    expect(between).toBeLessThan(2_500);
    const { total_sent, state } = await call('sendBulkMessages', large);
    expect(state).toBe('running');
    expect(total_sent).toBeLessThan(10_000);
  }, 120_000);
});

describe('the database of many workers', () => {
  let server: PostgresServer;

  beforeEach(async () => {
    await shut();
    server = await startPostgres();
  });

  afterEach(() => server.remove());

  it.each([
    ['is stopped', () => server.stop()],
    ['crashes', () => server.crash()],
  ])(
    '%s and comes back: the send goes on by itself, nothing is doubled or unknown',
    async (_, end) => {
      await open(server.url);
      await startWorkers(2);
      const send = await startSend(1_000);
      for (const at of [200, 600]) {
        await accepted(at);
        await end();
        await sleep(1_500);
        await server.start();
      }
      const result = await expectOnce(send, 1_000, 0);
      expect(result.total_sent).toBe(1_000);
      await endAll();
    },
    90_000,
  );

  it('is away for longer than chunks are kept: what was in flight is told apart when it is back', async () => {
    await open(server.url);
    await startWorkers(2);
    const send = await startSend(1_500);
    await accepted(300);
    await server.crash();
    const before = smtp.messages.length;
    await sleep(14_000);
    // What had been claimed went out; nothing more was.
    expect(smtp.messages.length - before).toBeLessThanOrEqual(2 * WINDOW);
    await server.start();
    await expectOnce(send, 1_500, 2 * WINDOW);
  }, 90_000);

  it('cannot be heard for some seconds, then is: nothing is doubled or unknown', async () => {
    const { port } = new URL(server.url);
    const line = await startProxy('127.0.0.1', Number(port));
    await open(server.url);
    await startWorkers(2, { DATABASE_URL: server.url.replace(`:${port}/`, `:${line.port}/`) });
    const send = await startSend(1_000);
    await accepted(300);
    line.hold();
    await sleep(4_000);
    line.letGo();
    await accepted(600);
    line.cut();
    const result = await expectOnce(send, 1_000, 0);
    expect(result.total_sent).toBe(1_000);
    await line.stop();
  }, 90_000);

  it('has a full disk: nothing more leaves, callers are told, and it goes on when there is room', async () => {
    await open(server.url);
    await startWorkers(2);
    const send = await startSend(1_500);
    await accepted(300);
    // PostgreSQL's own words for it, from where it would say them.
    await ledger.write(async (tx) => {
      await tx.run(`CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`);
      for (const table of ['deliveries', 'leads'])
        await tx.run(
          `CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION disk_is_full()`,
        );
    });
    await sleep(500);
    const before = smtp.messages.length;
    await expect(call('leads.create', { name: 'New', email: 'new@example.com' })).rejects.toMatchObject({
      code: 'storage',
      message: 'The disk of the database is full.',
    });
    await sleep(2_000);
    expect(smtp.messages.length).toBe(before);
    for (const table of ['deliveries', 'leads'])
      await ledger.write((tx) => tx.run(`DROP TRIGGER full_disk ON ${table}`));
    const result = await expectOnce(send, 1_500, 0);
    expect(result.total_sent).toBe(1_500);
  }, 60_000);
});
