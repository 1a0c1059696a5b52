import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freshFolder, removeFolder } from './support/core.ts';
import { startSmtpServer } from './support/smtp-server.ts';
import { TidingsProcess } from './support/tidings-process.ts';

const PEOPLE = 2_000;
const MAIN = join(import.meta.dirname, '../src/main.ts');

let folder: string;
let smtp: Awaited<ReturnType<typeof startSmtpServer>>;
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  folder = freshFolder();
  smtp = await startSmtpServer({});
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await smtp.stop();
  removeFolder(folder);
});

function envOf(data: string): Record<string, string> {
  return {
    TIDINGS_DATA_DIR: join(folder, data),
    SMTP_URL: `${smtp.url}?tls=off`,
    EMAIL_FROM: 'Shop <news@shop.example>',
    // Slow enough for a command to begin and end meanwhile, also on a busy machine.
    SMTP_RATE: '250',
  };
}

async function serve(data: string): Promise<TidingsProcess> {
  const server = new TidingsProcess(['serve', '--port', '0'], envOf(data));
  closing.push(() => server.end('SIGKILL'));
  await server.ready;
  return server;
}

interface Answer {
  [field: string]: unknown;
  success: boolean;
  audience_id: string;
  send_id: string;
  total_sent: number;
}

/** Starts a send and does not wait for it. */
async function startSend(server: TidingsProcess) {
  const csv = ['email', ...Array.from({ length: PEOPLE }, (_, at) => `lead${at}@example.com`)].join('\n');
  await server.call('/leads/import', csv, 'text/csv');
  const { audience_id } = await server.call<Answer>('/audiences', { name: 'All' });
  const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hello', max_wait_seconds: 0 };
  const call = (more: object = {}) => server.call<Answer>('/sends', { ...message, ...more });
  return { message, call, first: await call() };
}

function tidings(data: string, ...args: string[]): Promise<{ code: number; answer: Answer }> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], ...envOf(data) };
    execFile(process.execPath, [MAIN, ...args, '--json'], { env }, (error, out) => {
      resolve({ code: error ? Number(error.code) : 0, answer: JSON.parse(out) });
    });
  });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 6_000 && !(await isSo()); tries++) await sleep(10);
  expect(await isSo()).toBe(true);
}

/** As a person does it: the copy becomes the data file of a new folder. */
function restore(backup: string, data: string): void {
  mkdirSync(join(folder, data));
  copyFileSync(backup, join(folder, data, 'tidings.db'));
}

/** How often each address got something. */
function mostFor(): number {
  const counts = new Map<string, number>();
  for (const { to } of smtp.messages)
    for (const address of to) counts.set(address, (counts.get(address) ?? 0) + 1);
  return Math.max(...counts.values());
}

describe('a backup taken while a send runs', () => {
  it('is whole, adds up, and whoever starts on it sends to nobody a second time', async () => {
    const server = await serve('data');
    const { message, call } = await startSend(server);
    await until(() => smtp.messages.length > 300);
    const backup = join(folder, 'backup.db');
    const made = await tidings('data', 'backup', backup);
    expect([made.code, made.answer]).toMatchObject([0, { success: true, file: backup }]);
    expect(existsSync(`${backup}.part`)).toBe(false);
    expect(statSync(backup).mode & 0o077).toBe(0);
    expect((await tidings('data', 'backup', backup)).code).toBe(1);

    const copy = new DatabaseSync(backup, { readOnly: true });
    expect(copy.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const count = (status: string) =>
      copy.prepare('SELECT count(*) AS n FROM deliveries WHERE status = ?').get(status)!['n'];
    const chunk = copy.prepare('SELECT * FROM chunks').get()!;
    expect([count('sent'), count('sending')]).toEqual([chunk['sent'], chunk['in_flight']]);
    expect(chunk['sent']).toBeLessThan(PEOPLE);
    copy.close();

    // The send goes on after the backup, to its end: the backup knows nothing of it. Then the machine is lost.
    await until(async () => (await call()).total_sent === PEOPLE);
    await server.end('SIGKILL');
    expect([smtp.messages.length, mostFor()]).toEqual([PEOPLE, 1]);

    restore(backup, 'restored');
    const again = await serve('restored');
    await until(() => again.log.some((line) => line.includes('Nothing is sent')));
    expect((await fetch(`${again.url}/ready`)).status).toBe(200);
    expect(await again.call('/sends', message)).toMatchObject({
      success: false,
      code: 'conflict',
      fix: expect.stringContaining('tidings restored'),
    });
    await sleep(1_000);
    expect(smtp.messages).toHaveLength(PEOPLE);
    const asked = await tidings('restored', 'restored');
    expect([asked.code, asked.answer]).toMatchObject([1, { held: true }]);
    expect((await tidings('restored', 'doctor')).code).toBe(1);

    expect((await tidings('restored', 'restored', '--cancel-unfinished')).code).toBe(0);
    const called = await again.call<Answer>('/sends', message);
    expect(called).toMatchObject({ success: false, state: 'cancelled' });
    // What is new is sent.
    const other = await again.call<Answer>('/sends', {
      ...message,
      campaign: 'later',
      allow_repeat: true,
      max_wait_seconds: 60,
    });
    expect(other).toMatchObject({ state: 'completed', total_sent: PEOPLE });
    const first = smtp.messages.slice(0, PEOPLE).map(({ to }) => to[0]);
    expect([smtp.messages.length, new Set(first).size, mostFor()]).toEqual([2 * PEOPLE, PEOPLE, 2]);
  }, 180_000);

  it('of which nothing was sent since goes on where it was, to everyone once', async () => {
    const server = await serve('data');
    const { first } = await startSend(server);
    await until(() => smtp.messages.length > 300);
    await server.end('SIGTERM');
    const sent = smtp.messages.length;
    const backup = join(folder, 'backup.db');
    expect((await tidings('data', 'backup', backup)).code).toBe(0);

    restore(backup, 'moved');
    expect((await tidings('moved', 'restored', '--nothing-was-sent')).answer).toMatchObject({
      held: false,
      unfinished: [first.send_id],
    });
    const again = await serve('moved');
    await until(() => smtp.messages.length === PEOPLE);
    await again.end('SIGTERM');
    expect(sent).toBeLessThan(PEOPLE);
    expect([smtp.messages.length, mostFor()]).toEqual([PEOPLE, 1]);
  }, 180_000);
});

it('a send of a restored backup goes on after the log of the provider was told, to those who got nothing', async () => {
  const server = await serve('data');
  const { message, first } = await startSend(server);
  await until(() => smtp.messages.length > 300);
  const backup = join(folder, 'backup.db');
  expect((await tidings('data', 'backup', backup)).code).toBe(0);
  const atBackup = smtp.messages.length;
  await until(() => smtp.messages.length > atBackup + 100);
  await server.end('SIGKILL');
  const sent = smtp.messages.length;
  expect(sent).toBeLessThan(PEOPLE);

  restore(backup, 'restored');
  const log = join(folder, 'mail.log');
  const lines = smtp.messages.map(({ raw }) => `cleanup: message-id=${/^Message-ID: (\S+)/im.exec(raw)![1]}`);
  writeFileSync(log, `${lines.join('\n')}\nnot ours: 0123456789abcdef0123456789abcdef.zz, and no id: 1.2\n`);
  expect((await tidings('restored', 'restored', '--cancel-unfinished')).code).toBe(0);
  const told = await tidings('restored', 'restored', '--reached', log);
  expect(told.answer).toMatchObject({ named: sent + 1, marked: [{ send_id: first.send_id }] });
  expect((await tidings('restored', 'restored', '--reached', log)).answer).toMatchObject({ marked: [] });

  const again = await serve('restored');
  expect((await tidings('restored', 'sends', 'resume', first.send_id)).code).toBe(0);
  await until(async () => (await again.call<Answer>('/sends', message))['total_remaining'] === 0);
  const end = await again.call<Answer>('/sends', message);
  expect(end).toMatchObject({ state: 'completed', total_in_audience: PEOPLE, total_skipped: 0 });
  expect(Number(end['total_sent']) + Number(end['total_unknown'])).toBe(PEOPLE);
  expect(mostFor()).toBe(1);
  // Nobody is missed but who was in flight when the backup was made: a window at most.
  expect(smtp.messages.length).toBeGreaterThanOrEqual(PEOPLE - 40);
  const unread = await tidings('restored', 'restored', '--reached', join(folder, 'none.log'));
  expect(unread.answer['code']).toBe('invalid_file');
}, 180_000);

it('a running server that is held stops at once; what was in flight is still written down', async () => {
  const server = await serve('data');
  const { call } = await startSend(server);
  await until(() => smtp.messages.length > 300);
  expect((await tidings('data', 'restored', '--hold')).code).toBe(0);
  await sleep(1_000);
  const sent = smtp.messages.length;
  await sleep(1_000);
  expect(smtp.messages).toHaveLength(sent);
  expect(sent).toBeLessThan(PEOPLE);
  expect((await tidings('data', 'restored', '--nothing-was-sent')).code).toBe(0);
  await until(async () => (await call()).total_sent === PEOPLE);
  expect([smtp.messages.length, mostFor()]).toEqual([PEOPLE, 1]);
}, 180_000);

it('two choices at once, and a data folder without data, are refused', async () => {
  const both = await tidings('data', 'restored', '--hold', '--nothing-was-sent');
  expect([both.code, both.answer['code']]).toEqual([2, 'invalid_argument']);
  const nothing = await tidings('nowhere', 'backup', join(folder, 'b.db'));
  expect([nothing.code, nothing.answer['code']]).toEqual([1, 'configuration']);
});
