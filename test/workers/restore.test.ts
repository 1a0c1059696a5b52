import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { openPostgres } from '../../src/ledger/postgres/open-postgres.ts';
import { freshFolder, removeFolder } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';
import { startSmtpServer } from '../support/smtp-server.ts';
import { SYSTEM_POSTGRES, startSystemPostgres } from '../support/system-postgres.ts';
import { TidingsProcess } from '../support/tidings-process.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const PEOPLE = 2_000;
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const HOLD = "SELECT value FROM marks WHERE name = 'hold'";

it('a copy of the database is held, the original and a database that is opened again are not', async () => {
  const folder = freshFolder();
  closing.push(() => removeFolder(folder));
  const shared = databaseUrlOf(folder)!;
  const admin = new pg.Client(shared.replace(/\?.*/, ''));
  await admin.connect();
  closing.push(() => admin.end());
  const name = `original_${process.pid}`;
  await admin.query(`CREATE DATABASE ${name}`);
  closing.push(() => admin.query(`DROP DATABASE ${name}`));
  const urlOf = (database: string) => Object.assign(new URL(shared), { pathname: `/${database}` }).href;
  for (const _ of [1, 2]) {
    const ledger = await openPostgres(urlOf(name));
    expect(await ledger.get(HOLD)).toBeUndefined();
    await ledger.close();
  }
  await admin.query(`CREATE DATABASE ${name}_copy TEMPLATE ${name}`);
  closing.push(() => admin.query(`DROP DATABASE ${name}_copy`));
  const copy = await openPostgres(urlOf(`${name}_copy`));
  expect(await copy.get(HOLD)).toEqual({ value: '' });
  await copy.close();
  // Once it is released it stays so: the copy is at home where it is.
  expect((await tidings(urlOf(`${name}_copy`), 'restored', '--nothing-was-sent')).held).toBe(false);
  expect((await tidings(urlOf(`${name}_copy`), 'restored')).held).toBe(false);
  const original = await openPostgres(urlOf(name));
  expect(await original.get(HOLD)).toBeUndefined();
  await original.close();
}, 120_000);

function tidings(url: string, ...args: string[]): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], DATABASE_URL: url };
    execFile(process.execPath, [MAIN, ...args, '--json'], { env }, (_, out) => resolve(JSON.parse(out)));
  });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_500 && !(await isSo()); tries++) await sleep(10);
  expect(await isSo()).toBe(true);
}

describe.skipIf(SYSTEM_POSTGRES === null)('a dump taken while a send runs, and restored', () => {
  it('adds up, and whoever starts on it sends to nobody a second time', async () => {
    const smtp = await startSmtpServer({});
    closing.push(() => smtp.stop());
    const postgres = await startSystemPostgres(SYSTEM_POSTGRES!);
    closing.push(() => postgres.remove());
    const env = { SMTP_URL: `${smtp.url}?tls=off`, EMAIL_FROM: 'a@shop.example', SMTP_RATE: '1000' };
    const serve = async (database: string) => {
      const server = new TidingsProcess(['serve', '--port', '0'], {
        ...env,
        DATABASE_URL: postgres.urlOf(database),
      });
      closing.push(() => server.end('SIGKILL'));
      await server.ready;
      return server;
    };
    await postgres.tool(
      'psql',
      postgres.urlOf('postgres'),
      '-c',
      'CREATE DATABASE one',
      '-c',
      'CREATE DATABASE two',
    );
    const server = await serve('one');
    const csv = ['email', ...Array.from({ length: PEOPLE }, (_, at) => `lead${at}@example.com`)].join('\n');
    await server.call('/leads/import', csv, 'text/csv');
    const { audience_id } = await server.call<{ audience_id: string }>('/audiences', { name: 'All' });
    const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hello', max_wait_seconds: 0 };
    const call = (at: TidingsProcess, more = {}) =>
      at.call<{ total_sent: number }>('/sends', { ...message, ...more });
    await call(server);
    await until(() => smtp.messages.length > 300);

    const dump = join(freshFolder(), 'dump');
    // As the page says: the ledger alone, its jobs are made of it again.
    await postgres.tool('pg_dump', '-Fc', '-n', 'tidings', '-f', dump, postgres.urlOf('one'));
    await until(async () => (await call(server)).total_sent === PEOPLE);
    await server.end('SIGKILL');
    expect(smtp.messages).toHaveLength(PEOPLE);

    await postgres.tool('pg_restore', '-d', postgres.urlOf('two'), '--no-owner', dump);
    const two = await openPostgres(postgres.urlOf('two'));
    closing.push(() => two.close());
    const sums = (await two.get<Record<string, number>>(
      'SELECT CAST(sum(sent) AS BIGINT) AS sent, CAST(sum(in_flight) AS BIGINT) AS sending FROM chunks',
    ))!;
    const counted = await two.all<{ status: string; n: number }>(
      'SELECT status, count(*) AS n FROM deliveries GROUP BY status',
    );
    const count = (status: string) => counted.find((row) => row.status === status)?.n ?? 0;
    expect([count('sent'), count('sending')]).toEqual([sums['sent'], sums['sending']]);
    expect(count('sent')).toBeLessThan(PEOPLE);

    const again = await serve('two');
    await until(() => again.log.some((line) => line.includes('Nothing is sent')));
    expect(await call(again)).toMatchObject({ success: false, code: 'conflict' });
    await sleep(3_000);
    expect(smtp.messages).toHaveLength(PEOPLE);
    expect(await tidings(postgres.urlOf('two'), 'restored', '--cancel-unfinished')).toMatchObject({
      success: true,
      unfinished: [expect.any(String)],
    });
    expect(await call(again)).toMatchObject({ success: false, state: 'cancelled' });
    // The log of the relay names everyone: what is pending here is unknown then, and nobody is left to be sent to.
    const log = join(freshFolder(), 'mail.log');
    writeFileSync(log, smtp.messages.map(({ raw }) => /^Message-ID: .*$/im.exec(raw)![0]).join('\n'));
    expect(await tidings(postgres.urlOf('two'), 'restored', '--reached', log)).toMatchObject({
      named: PEOPLE,
      marked: [{ deliveries: PEOPLE - count('sent') - count('sending') }],
    });
    const later = await call(again, { campaign: 'later', max_wait_seconds: 20 });
    expect(later).toMatchObject({ state: 'completed', total_sent: PEOPLE });
    const first = new Set(smtp.messages.slice(0, PEOPLE).map(({ to }) => to[0]));
    expect([smtp.messages.length, first.size]).toEqual([2 * PEOPLE, PEOPLE]);
  }, 90_000);
});
