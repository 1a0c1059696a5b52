import { createServer } from 'node:net';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { NEWEST } from '../../src/ledger/migrate.ts';
import { doctor } from '../../src/upkeep/doctor/doctor.ts';
import { freshFolder, ledgerOf, removeFolder } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';
import { startPostgres } from '../support/postgres-server.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function checksOf(url: string) {
  const { checks } = await doctor({ DATABASE_URL: url });
  return new Map(checks.map((check) => [check.name, check]));
}

function freshUrl(): { folder: string; url: string } {
  const folder = freshFolder();
  closing.push(() => removeFolder(folder));
  return { folder, url: databaseUrlOf(folder)! };
}

describe('the doctor of a PostgreSQL database', () => {
  it('looks at one that is not prepared yet, and leaves it as it was', async () => {
    const { url } = freshUrl();
    for (const checks of [await checksOf(url), await checksOf(url)]) {
      expect(checks.get('database')).toMatchObject({
        ok: true,
        detail: expect.stringContaining('PostgreSQL 1'),
      });
      expect(checks.get('schema')).toMatchObject({
        ok: true,
        detail: expect.stringContaining('not exist yet'),
      });
      expect(checks.get('jobs')).toMatchObject({
        ok: true,
        detail: expect.stringContaining('not exist yet'),
      });
      expect(checks.has('disk')).toBe(false);
    }
  });

  it('looks at one in use: schema, writing, durability, clock, connections', async () => {
    // Of its own: the one that tests share does not wait for its disk.
    const server = await startPostgres();
    closing.push(() => server.remove());
    const { url } = server;
    const ledger = await ledgerOf('', url);
    closing.push(() => ledger.close());
    const checks = await checksOf(url);
    expect(checks.get('schema')).toMatchObject({
      ok: true,
      detail: expect.stringContaining(`version ${NEWEST} (as this Tidings needs it) and can be written`),
    });
    expect(checks.get('durability')).toMatchObject({ ok: true, detail: 'a commit survives a power cut' });
    expect(checks.get('clock')).toMatchObject({ ok: true, detail: "within 2 s of the database's" });
    expect(checks.get('connections')!.detail).toMatch(/^\d+ of \d+ connections are free/);
    expect(await ledger.get("SELECT 1 AS found FROM leases WHERE name = 'doctor'")).toBeUndefined();
    await ledger.write((tx) => tx.run("INSERT INTO schema_migrations VALUES (999, 'later', 999)"));
    expect((await checksOf(url)).get('schema')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('at version 999'),
    });
  });

  it('warns of settings by which a power cut would lose what was sent, and of too few connections', async () => {
    const server = await startPostgres(['fsync=off', 'full_page_writes=off', 'max_connections=12']);
    closing.push(() => server.remove());
    const checks = await checksOf(server.url);
    expect(checks.get('durability')).toMatchObject({ ok: true, isWarning: true });
    expect(checks.get('durability')!.detail).toContain('fsync, full_page_writes off');
    expect(checks.get('connections')).toMatchObject({ ok: true, isWarning: true });
  });

  it('says what a user may not do', async () => {
    const { folder, url } = freshUrl();
    await (await ledgerOf(folder)).close();
    const admin = new pg.Client(new URL('?', url).href.replace(/\?$/, ''));
    await admin.connect();
    const schema = new URL(url).searchParams.get('schema')!;
    await admin.query("DROP ROLE IF EXISTS tidings_reader; CREATE ROLE tidings_reader LOGIN PASSWORD 'r'");
    await admin.query(`GRANT USAGE ON SCHEMA ${schema} TO tidings_reader`);
    await admin.query(`GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO tidings_reader`);
    closing.push(async () => {
      await admin.query('DROP OWNED BY tidings_reader; DROP ROLE tidings_reader');
      await admin.end();
    });
    const reader = new URL(url);
    reader.username = 'tidings_reader';
    reader.password = 'r';
    const checks = await checksOf(reader.href);
    expect(checks.get('schema')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('cannot be written'),
    });
  });

  it('ends within seconds when nobody answers, and names no password', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    closing.push(() => silent.close());
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    const startedAt = performance.now();
    const checks = await checksOf(`postgres://u:geheim4711@127.0.0.1:${port}/db`);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    expect(checks.get('database')).toMatchObject({ ok: false, detail: expect.stringContaining('cannot be') });
    expect(JSON.stringify([...checks.values()])).not.toContain('geheim');
  });
});
