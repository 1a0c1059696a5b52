import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../src/config.ts';
import { resumeBuilding } from '../src/core/audiences/build-audience.ts';
import { openTidings } from '../src/open-tidings.ts';
import { runOperation } from '../src/operations/run-operation.ts';
import { CALLER } from './support/caller.ts';
import { freshFolder, openCore, quiet, removeFolder } from './support/core.ts';
import { FakeSender } from './support/fake-sender.ts';
import { startSmtpServer } from './support/smtp-server.ts';

let folder: string;
const closing: (() => unknown)[] = [];

beforeEach(() => {
  folder = freshFolder();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  removeFolder(folder);
});

/** Resolves when it is so; the test's own limit says when it never becomes so. */
async function until(holds: () => boolean | Promise<boolean>) {
  while (!(await holds())) await sleep(10);
}

async function coreWith(channel: FakeSender) {
  const core = await openCore([channel], folder);
  closing.push(() => core.close());
  return core;
}

type Call = (name: string, input?: object) => Promise<{ [field: string]: unknown }>;

async function waitingFor(call: Call, send_id: unknown): Promise<unknown[]> {
  return (await call('sends.get', { send_id }))['waiting_for'] as unknown[];
}

async function tidingsWith(env: Record<string, string>) {
  const tidings = await openTidings(
    readConfig({ TIDINGS_DATA_DIR: folder, EMAIL_FROM: 'a@shop.example', ...env }),
    quiet,
  );
  closing.push(() => tidings.close());
  const call: Call = (name, input = {}) => {
    const operation = tidings.operations.find((one) => one.name === name)!;
    return runOperation(operation, input, CALLER) as Promise<{
      [field: string]: unknown;
    }>;
  };
  return { tidings, call };
}

async function audienceOf(call: Call, count: number) {
  const leads = Array.from({ length: count }, (_, at) => ({ name: `L${at}`, email: `l${at}@example.com` }));
  for (let at = 0; at < count; at += 1000) await call('leads.import', { leads: leads.slice(at, at + 1000) });
  return (await call('audience.create', { name: 'All' }))['audience_id'];
}

const message = { channel: 'email', subject: 'Hi', message: 'Hi {{lead.name}}' };

/** Starts a send of `count` that has just begun to leave. */
async function begun(core: Awaited<ReturnType<typeof openCore>>, email: FakeSender, count: number) {
  const send = { audience_id: await audienceOf(core.call, count), ...message };
  core.dispatcher.start();
  const { send_id } = await core.call('sendBulkMessages', { ...send, max_wait_seconds: 0 });
  await until(() => email.accepted.length > 0);
  return { send_id, wait: () => core.call('sendBulkMessages', { ...send, max_wait_seconds: 30 }) };
}

function oneEach(email: FakeSender, count: number) {
  expect(email.accepted.length).toBe(count);
  expect(new Set(email.accepted.map((one) => one.contact)).size).toBe(count);
}

const slowly = async () => {
  await sleep(2);
  return undefined;
};

describe('the data file', () => {
  it('on a full disk: the send waits, a caller is told, and it goes on when there is room again', async () => {
    const email = new FakeSender('email');
    email.answer = slowly;
    const core = await coreWith(email);
    const send = await begun(core, email, 3_000);
    // No page more than there is now: what SQLite meets on a full disk.
    await core.ledger.write((tx) => tx.all('PRAGMA max_page_count = 1'));
    const many = Array.from({ length: 1_000 }, (_, at) => ({
      name: 'x'.repeat(200),
      email: `n${at}@x.example`,
    }));
    const told = await core.call('leads.import', { leads: many }).catch((error: unknown) => error);
    expect(told).toMatchObject({ code: 'storage', message: 'The disk is full.' });
    await sleep(1_500);
    expect(email.accepted.length).toBeLessThan(3_000);
    await core.ledger.write((tx) => tx.all('PRAGMA max_page_count = 1000000'));
    expect(await send.wait()).toMatchObject({ state: 'completed', total_sent: 3_000, total_failed: 0 });
    oneEach(email, 3_000);
    expect(await core.call('leads.list', { search: 'x.example' })).toMatchObject({ total_count: 0 });
  }, 40_000);

  it('on a full disk while an audience is built: who made it is told, and it is there when there is room again', async () => {
    const core = await coreWith(new FakeSender('email'));
    const leads = Array.from({ length: 1_000 }, (_, at) => ({ name: `L${at}`, email: `l${at}@example.com` }));
    for (let batch = 0; batch < 6; batch++)
      await core.call('leads.import', {
        leads: leads.map((lead) => ({ ...lead, email: `${batch}${lead.email}` })),
      });
    const { page_count } = (await core.ledger.get<{ page_count: number }>('PRAGMA page_count'))!;
    // Room for the audience's own row, not for its members.
    await core.ledger.write((tx) => tx.all(`PRAGMA max_page_count = ${page_count + 4}`));
    const made = await core.call('audience.create', { name: 'All' });
    expect(made).toMatchObject({
      status: 'building',
      error: expect.stringMatching(/^The disk is full\. It goes on/),
    });
    const { audience_id } = made;
    expect(await core.call('audience.get', { audience_id })).toMatchObject({ error: made['error'] });
    await core.ledger.write((tx) => tx.all('PRAGMA max_page_count = 1000000'));
    await resumeBuilding(core.ledger, quiet);
    const built = await core.call('audience.get', { audience_id });
    expect([built['total_count'], built['error']]).toEqual([6_000, undefined]);
  }, 40_000);

  it('that becomes read-only: what has arrived is kept in mind and written down later, and nothing else leaves', async () => {
    const email = new FakeSender('email', 16);
    email.answer = slowly;
    const core = await coreWith(email);
    const send = await begun(core, email, 500);
    const exec = vi.spyOn(DatabaseSync.prototype, 'exec');
    await core.ledger.write(async () => {});
    const writer = exec.mock.contexts[0] as DatabaseSync;
    exec.mockRestore();
    writer.exec('PRAGMA query_only = ON');
    await sleep(100);
    const reached = email.accepted.length;
    expect(await core.call('sends.get', { send_id: send.send_id })).toMatchObject({ state: 'running' });
    await sleep(1_500);
    expect(email.accepted.length).toBe(reached);
    writer.exec('PRAGMA query_only = OFF');
    expect(await send.wait()).toMatchObject({ state: 'completed', total_sent: 500, total_failed: 0 });
    oneEach(email, 500);
  }, 40_000);

  it('locked by another program for three seconds: callers still get answers, and the send goes on', async () => {
    const email = new FakeSender('email');
    email.answer = slowly;
    const core = await coreWith(email);
    const send = await begun(core, email, 500);
    const other = new DatabaseSync(join(folder, 'tidings.db'), { timeout: 5_000 });
    other.exec('BEGIN IMMEDIATE');
    await sleep(100);
    const reached = email.accepted.length;
    const asked = performance.now();
    expect(await core.call('sends.get', { send_id: send.send_id })).toMatchObject({ state: 'running' });
    expect(performance.now() - asked).toBeLessThan(2_500);
    await sleep(3_000);
    expect(email.accepted.length).toBe(reached);
    other.exec('ROLLBACK');
    other.close();
    expect(await send.wait()).toMatchObject({ state: 'completed', total_sent: 500, total_failed: 0 });
    oneEach(email, 500);
  }, 40_000);
});

describe('the clock', () => {
  it.each([
    ['back', -3_600_000],
    ['forward', 3_600_000],
  ])(
    'set %s an hour: who waits for a retry waits as long as before',
    async (_, jump) => {
      const email = new FakeSender('email');
      const tried = new Map<string, number>();
      email.answer = async ({ contact }) => {
        await sleep(2);
        tried.set(contact, (tried.get(contact) ?? 0) + 1);
        if (contact !== 'l0@example.com' || tried.get(contact)! > 1) return undefined;
        return {
          type: 'transient',
          scope: 'recipient',
          code: 'smtp_450',
          message: 'Greylisted.',
          retryAfterMs: 1_500,
        };
      };
      const core = await coreWith(email);
      const send = await begun(core, email, 300);
      const real = Date.now;
      const clock = vi.spyOn(Date, 'now').mockImplementation(() => real() + jump);
      closing.push(() => clock.mockRestore());
      const startedAt = performance.now();
      expect(await send.wait()).toMatchObject({ state: 'completed', total_sent: 300, total_failed: 0 });
      expect(performance.now() - startedAt).toBeGreaterThan(1_000);
      expect(tried.get('l0@example.com')).toBe(2);
      oneEach(email, 300);
    },
    30_000,
  );
});

describe('the network', () => {
  it('without names (DNS): no lead loses a try, the reason is shown, and a corrected address goes on', async () => {
    const { tidings, call } = await tidingsWith({ SMTP_URL: 'smtp://mail.shop.invalid:25?tls=off' });
    const send = { audience_id: await audienceOf(call, 40), ...message };
    tidings.dispatcher.start();
    const { send_id } = await call('sendBulkMessages', { ...send, max_wait_seconds: 0 });
    await until(async () => (await waitingFor(call, send_id)).length > 0);
    const held = await call('sends.get', { send_id });
    expect(held).toMatchObject({ state: 'running', total_remaining: 40, total_failed: 0 });
    expect(held['waiting_for']).toMatchObject([
      { what: 'provider', leads: 40, reason: expect.stringContaining('mail.shop.invalid') },
    ]);
    await tidings.close();

    const smtp = await startSmtpServer();
    closing.push(() => smtp.stop());
    const again = await tidingsWith({ SMTP_URL: `${smtp.url}?tls=off` });
    again.tidings.dispatcher.start();
    expect(await again.call('sendBulkMessages', send)).toMatchObject({ state: 'completed', total_sent: 40 });
    expect(smtp.messages.length).toBe(40);
  }, 30_000);

  it('without the mail server for a while: the send goes on by itself when it is back', async () => {
    let smtp = await startSmtpServer();
    closing.push(() => smtp.stop());
    const { port } = smtp;
    const { tidings, call } = await tidingsWith({
      SMTP_URL: `${smtp.url}?tls=off`,
      SMTP_CONNECTIONS: '4',
      SMTP_RATE: '200',
    });
    const send = { audience_id: await audienceOf(call, 400), ...message };
    tidings.dispatcher.start();
    const { send_id } = await call('sendBulkMessages', { ...send, max_wait_seconds: 0 });
    await until(() => smtp.messages.length > 50);
    await smtp.stop();
    const before = smtp.messages;
    await until(async () => (await waitingFor(call, send_id)).length > 0);
    smtp = await startSmtpServer({ port });
    const result = await call('sendBulkMessages', { ...send, max_wait_seconds: 30 });
    expect(result).toMatchObject({ state: 'completed', total_remaining: 0 });
    const recipients = [...before, ...smtp.messages].flatMap((one) => one.to);
    expect(new Set(recipients).size).toBe(recipients.length);
    // Only what was between the body and its answer in the moment of the fall can be unknown.
    expect(result['total_unknown']).toBeLessThanOrEqual(4);
    expect(recipients.length).toBeGreaterThanOrEqual(result['total_sent'] as number);
    expect((result['total_sent'] as number) + (result['total_unknown'] as number)).toBe(400);
  }, 40_000);

  it.runIf(process.platform === 'linux')(
    'without descriptors: the send waits for some, and the server answers again',
    async () => {
      const smtp = await startSmtpServer();
      closing.push(() => smtp.stop());
      const env = { SMTP_URL: `${smtp.url}?tls=off`, SMTP_CONNECTIONS: '20' };
      const { call } = await tidingsWith(env);
      const send = { audience_id: await audienceOf(call, 300), ...message };
      const child = spawn(
        'sh',
        [
          '-c',
          'ulimit -n 64; exec "$0" "$@"',
          process.execPath,
          join(import.meta.dirname, '../src/main.ts'),
          'serve',
          '--port',
          '0',
        ],
        {
          env: { ...process.env, ...env, TIDINGS_DATA_DIR: folder, EMAIL_FROM: 'a@shop.example' },
          stdio: ['ignore', 'ignore', 'pipe'],
        },
      );
      closing.push(() => child.kill('SIGKILL'));
      let log = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
      await until(() => log.includes('Tidings is ready'));
      const port = Number(/127\.0\.0\.1:(\d+)/.exec(log)![1]);
      // Fewer than are open already: every further one is refused.
      const limit = (files: number) =>
        execFileSync('prlimit', ['--pid', String(child.pid), `--nofile=${files}:64`]);
      limit(8);
      const { send_id } = await call('sendBulkMessages', { ...send, max_wait_seconds: 0 });
      await until(async () => (await waitingFor(call, send_id)).length > 0);
      expect(JSON.stringify(await call('sends.get', { send_id }))).toContain('EMFILE');
      expect(smtp.messages.length).toBeLessThan(300);
      limit(64);
      expect(await call('sendBulkMessages', { ...send, max_wait_seconds: 30 })).toMatchObject({
        state: 'completed',
        total_sent: 300,
      });
      expect(smtp.messages.length).toBe(300);
      expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
    },
    60_000,
  );
});

describe('a stop', () => {
  it('waits for a silent mail server no longer than it may; only what had left is unknown, the rest is pending', async () => {
    let bodies = 0;
    const smtp = await startSmtpServer({
      onMessage: () => {
        bodies += 1;
        return new Promise(() => {});
      },
    });
    closing.push(() => smtp.stop());
    const { tidings, call } = await tidingsWith({
      SMTP_URL: `${smtp.url}?tls=off`,
      SMTP_CONNECTIONS: '5',
    });
    const send = { audience_id: await audienceOf(call, 50), ...message };
    tidings.dispatcher.start();
    await call('sendBulkMessages', { ...send, max_wait_seconds: 0 });
    await until(() => bodies === 5);
    const startedAt = performance.now();
    expect(await tidings.dispatcher.stop(500)).toEqual({ inDoubt: 5, left: 45 });
    expect(await call('sendBulkMessages', { ...send, max_wait_seconds: 0 })).toMatchObject({
      total_unknown: 5,
      total_failed: 5,
      total_remaining: 45,
    });
    await tidings.close();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('that has to wait for answers keeps the right to send: nobody else calls them unknown meanwhile', async () => {
    const email = new FakeSender('email', 4);
    const slow = new FakeSender('email', 4);
    email.answer = async () => void (await sleep(7_000));
    const first = await coreWith(email);
    const send = { audience_id: await audienceOf(first.call, 6), ...message };
    first.dispatcher.start();
    await first.call('sendBulkMessages', { ...send, max_wait_seconds: 0 });
    await until(() => email.tries === 4);
    const second = await coreWith(slow);
    second.dispatcher.start();
    const stopped = first.dispatcher.stop();
    await sleep(6_300);
    expect(await second.call('sendBulkMessages', { ...send, max_wait_seconds: 0 })).toMatchObject({
      total_unknown: 0,
      total_remaining: 6,
    });
    expect(await stopped).toEqual({ inDoubt: 0, left: 2 });
    expect(await second.call('sendBulkMessages', send)).toMatchObject({ total_sent: 6, total_unknown: 0 });
    expect(slow.accepted.length).toBe(2);
  }, 30_000);
});

describe('an empty bucket (one message a second)', () => {
  async function waiting() {
    const email = new FakeSender('email', 16, 1);
    const core = await coreWith(email);
    const send = await begun(core, email, 50);
    await sleep(300);
    return { email, core, send };
  }

  it.each(['sends.pause', 'sends.cancel'])('does not hold up %s', async (name) => {
    const { email, core, send } = await waiting();
    const startedAt = performance.now();
    const answer = await core.call(name, { send_id: send.send_id });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(answer['state']).toBe(name === 'sends.pause' ? 'paused' : 'cancelled');
    const reached = email.accepted.length;
    await sleep(1_500);
    expect(email.accepted.length).toBe(reached);
  });

  it('does not hold up a stop', async () => {
    const { core } = await waiting();
    const startedAt = performance.now();
    expect(await core.dispatcher.stop()).toMatchObject({ inDoubt: 0 });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
