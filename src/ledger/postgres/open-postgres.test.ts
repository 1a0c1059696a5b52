import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databaseUrlOf } from '../../../test/support/database.ts';
import { startPostgres } from '../../../test/support/postgres-server.ts';
import type { Ledger } from '../ledger.ts';
import { NEWEST } from '../migrate.ts';
import { openPostgres } from './open-postgres.ts';

let url: string;
let ledger: Ledger;
let count = 0;

/** Told apart by it from those of the tests that run beside these on the same server. */
const APPLICATION = `open-postgres ${process.pid}`;

beforeEach(async () => {
  const address = new URL(databaseUrlOf(`open-postgres ${process.pid} ${count++}`)!);
  address.searchParams.set('application_name', APPLICATION);
  url = address.href;
  ledger = await openPostgres(url);
});

afterEach(() => ledger.close());

const INSERT =
  "INSERT INTO suppressions (channel, contact, reason, created_at) VALUES ('email', ?, 'bounced', '2026-01-01')";

/** Ends the connections of a ledger from the server's side, as a restart of the database does. */
async function cutConnections(): Promise<void> {
  const client = new pg.Client({ connectionString: url.replace(/\?.*/, '') });
  await client.connect();
  await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
    APPLICATION,
  ]);
  await client.end();
}

describe('the PostgreSQL ledger', () => {
  it('keeps what was committed and undoes what threw', async () => {
    await ledger.write((tx) => tx.run(INSERT, 'kept@example.com'));
    await expect(
      ledger.write(async (tx) => {
        await tx.run(INSERT, 'undone@example.com');
        throw new Error('stop');
      }),
    ).rejects.toThrow('stop');
    expect(await ledger.all('SELECT contact FROM suppressions')).toEqual([{ contact: 'kept@example.com' }]);
  });

  it('lets writes of all processes wait for each other, so that what one has read still holds', async () => {
    const other = await openPostgres(url);
    await ledger.write((tx) => tx.run("INSERT INTO leases VALUES ('x', 'me', 1, 0)"));
    const bump = async (one: Ledger) =>
      one.write(async (tx) => {
        const { beat } = (await tx.get<{ beat: number }>("SELECT beat FROM leases WHERE name = 'x'"))!;
        await tx.run("UPDATE leases SET beat = ? WHERE name = 'x'", beat + 1);
      });
    await Promise.all(Array.from({ length: 40 }, (_, at) => bump(at % 2 ? ledger : other)));
    expect(await ledger.get("SELECT beat FROM leases WHERE name = 'x'")).toEqual({ beat: 40 });
    await other.close();
  });

  it('does work again that ended in a deadlock', async () => {
    await ledger.write((tx) => tx.run("INSERT INTO leases VALUES ('a', 'me', 1, 0), ('b', 'me', 1, 0)"));
    const bump = (first: string, second: string) =>
      ledger.writeConcurrently(async (tx) => {
        await tx.run('UPDATE leases SET beat = beat + 1 WHERE name = ?', first);
        await new Promise((resolve) => setTimeout(resolve, 100));
        await tx.run('UPDATE leases SET beat = beat + 1 WHERE name = ?', second);
      });
    await Promise.all([bump('a', 'b'), bump('b', 'a')]);
    expect(await ledger.all("SELECT beat FROM leases WHERE name IN ('a', 'b')")).toEqual([
      { beat: 2 },
      { beat: 2 },
    ]);
  });

  it('says so when the line is lost, and goes on with a new one', async () => {
    const lost = ledger.write(async (tx) => {
      await tx.run(INSERT, 'undone@example.com');
      await cutConnections();
      await tx.run(INSERT, 'never@example.com');
    });
    await expect(lost).rejects.toMatchObject({
      code: 'storage',
      fix: expect.stringContaining('Nothing is lost'),
    });
    expect(await ledger.all('SELECT contact FROM suppressions')).toEqual([]);
  });

  it('keeps to its settings and its schema when the address has options of its own', async () => {
    const asking = new URL(url);
    asking.searchParams.set('options', '-c work_mem=5MB');
    const other = await openPostgres(asking.href);
    const settings = `SELECT current_schema() AS schema, current_setting('work_mem') AS work_mem,
      current_setting('enable_seqscan') AS seqscan, ? AS one`;
    expect(await other.get(settings, 1)).toMatchObject({
      schema: asking.searchParams.get('schema'),
      work_mem: '5MB',
      seqscan: 'off',
    });
    await other.close();
  });

  it('reads with one process, also where the database finds several no dearer', async () => {
    const asking = new URL(url);
    const costs = ['setup_cost', 'tuple_cost', 'table_scan_size', 'index_scan_size'].map(
      (name) => `-c ${name.endsWith('size') ? 'min_' : ''}parallel_${name}=0`,
    );
    asking.searchParams.set('options', costs.join(' '));
    const other = await openPostgres(asking.href);
    await other.write((tx) =>
      tx.run(`INSERT INTO deliveries (send_seq, position, lead_seq, status)
        SELECT 1, n, n, 'pending' FROM generate_series(1, 20000) AS n`),
    );
    const plan = await other.all<{ 'QUERY PLAN': string }>('EXPLAIN SELECT count(*) FROM deliveries');
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).not.toContain('Gather');
    await other.close();
  });

  it('has on disk what was committed, also where the database is set up to answer before', async () => {
    const server = await startPostgres(['synchronous_commit=off', 'wal_writer_delay=10s']);
    let one = await openPostgres(server.url);
    await one.writeConcurrently((tx) => tx.run(INSERT, 'kept@example.com'));
    await server.crash();
    await one.close();
    await server.start();
    one = await openPostgres(server.url);
    expect(await one.all('SELECT contact FROM suppressions')).toEqual([{ contact: 'kept@example.com' }]);
    await one.close();
    await server.remove();
  });

  it('says why a write could not begin', async () => {
    const { promise: end, resolve } = Promise.withResolvers<void>();
    const first = ledger.write(() => end);
    const second = ledger.write((tx) => tx.run(INSERT, 'never@example.com'));
    second.catch(() => {});
    const cancel = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND application_name = ?`;
    await expect.poll(async () => (await ledger.all(cancel, APPLICATION)).length).toBe(1);
    await expect(second).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('gave up'),
    });
    resolve();
    await first;
  });

  it('has connections left for others while many writes wait for another process', async () => {
    const other = await openPostgres(url);
    const { promise: end, resolve } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const holding = other.write(async () => {
      begin();
      await end;
    });
    await begun;
    const waiting = Array.from({ length: 30 }, (_, at) =>
      ledger.write((tx) => tx.run(INSERT, `${at}@example.com`)),
    );
    const sending = ledger.writeConcurrently((tx) => tx.get('SELECT 1 AS one'));
    const late = new Promise((never) => setTimeout(never, 2_000, 'late'));
    expect(await Promise.race([sending, late])).toEqual({ one: 1 });
    resolve();
    await Promise.all([holding, ...waiting]);
    expect(await ledger.get('SELECT count(*) AS count FROM suppressions')).toEqual({ count: 30 });
    await other.close();
  });

  it('keeps no character 0, which its text cannot hold', async () => {
    await ledger.write((tx) => tx.run(INSERT, 'a\0b@example.com'));
    expect(await ledger.get('SELECT contact FROM suppressions')).toEqual({ contact: 'ab@example.com' });
  });

  it('is opened by many at once for the first time', async () => {
    const fresh = databaseUrlOf(`open-postgres ${process.pid} at once`)!;
    const opened = await Promise.all(Array.from({ length: 5 }, () => openPostgres(fresh)));
    expect(await opened[0]!.get('SELECT max(version) AS version FROM schema_migrations')).toEqual({
      version: NEWEST,
    });
    for (const one of opened) await one.close();
  });

  it('that a newer version has moved on is used when its steps left it fit, and refused when not', async () => {
    const newer = "INSERT INTO schema_migrations VALUES (?, 'later', ?)";
    await ledger.write((tx) => tx.run(newer, 990, NEWEST));
    await (await openPostgres(url)).close();
    await ledger.write((tx) => tx.run(newer, 991, 991));
    await expect(openPostgres(url)).rejects.toThrow('newer Tidings (schema 991');
  });

  it.each([
    ['postgres://me:hushed@127.0.0.1:1/db', 'cannot be reached'],
    ['postgres://me:hushed@db.invalid/db', 'cannot be reached'],
    ['mysql://me:hushed@127.0.0.1/db', 'is no PostgreSQL address'],
    ['postgres://me:hushed@127.0.0.1/db?schema=No', 'the schema "No"'],
  ])('says what is wrong with %s, and keeps the password to itself', async (wrong, why) => {
    const error = await openPostgres(wrong).catch((caught: Error) => caught);
    expect(error).toMatchObject({ code: 'configuration', message: expect.stringContaining(why) });
    expect(JSON.stringify([error, (error as Error).message])).not.toContain('hushed');
  });

  it('says which login or database was refused', async () => {
    const nobody = new URL(url);
    nobody.username = 'nobody_at_all';
    await expect(openPostgres(nobody.href)).rejects.toMatchObject({ code: 'configuration' });
    const nowhere = new URL(url);
    nowhere.pathname = '/no_such_database';
    await expect(openPostgres(nowhere.href)).rejects.toThrow('There is no such database');
  });
});
