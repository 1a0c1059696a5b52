import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freshFolder, removeFolder } from './support/core.ts';
import { TidingsProcess } from './support/tidings-process.ts';

let folder: string;
let data: string;
const servers: TidingsProcess[] = [];

beforeEach(() => {
  folder = freshFolder();
  data = join(folder, 'data');
});

afterEach(async () => {
  for (const server of servers.splice(0)) if (!server.isDead) await server.end('SIGKILL');
  removeFolder(folder);
});

interface Run {
  code: number;
  out: string;
  err: string;
}

function tidings(args: string[], env: Record<string, string> = {}): Promise<Run> {
  return new Promise((resolve) => {
    const program = join(import.meta.dirname, '../bin/tidings.js');
    const options = { env: { PATH: process.env['PATH'], TIDINGS_DATA_DIR: data, ...env }, timeout: 20_000 };
    execFile(process.execPath, [program, ...args], options, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err });
    });
  });
}

async function serve(env: Record<string, string> = {}): Promise<TidingsProcess> {
  const server = new TidingsProcess(['serve', '--port', '0'], { TIDINGS_DATA_DIR: data, ...env });
  servers.push(server);
  await server.ready;
  return server;
}

const ID = '0199a1c2-1111-7000-8000-000000000001';

describe('a command that looks', () => {
  it.each([
    [['leads', 'list'], 0],
    [['audience', 'list'], 0],
    [['sends', 'list'], 0],
    [['suppressions', 'list'], 0],
    [['outbox', 'list'], 0],
    [['audience', 'get', ID], 1],
    [['sends', 'pause', ID], 1],
    [['leads', 'delete', ID], 1],
    [['send', '--audience', ID, '--channel', 'whatsapp', '--message', 'Hi'], 1],
    [['restored'], 0],
    [['backup', 'b.db'], 1],
    [['migrate', '--to', 'postgres://u@127.0.0.1:9/db'], 1],
  ])('makes no data where there is none, and answers as if it were empty: tidings %j', async (args, code) => {
    const run = await tidings(args);
    expect(run).toMatchObject({ code });
    expect(run.err).toMatch(/no data (yet at|file)/);
    expect(existsSync(data)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is well where there is none: the doctor says that it can be made, and JSON stays JSON', async () => {
    const { checks, success } = JSON.parse((await tidings(['doctor', '--json'])).out);
    expect(success).toBe(true);
    expect(checks.find(({ name }: { name: string }) => name === 'database')).toMatchObject({
      ok: true,
      detail: `there is no data yet at ${data}; what stores something first makes it`,
    });
    expect(JSON.parse((await tidings(['leads', 'list', '--json'])).out)).toMatchObject({
      success: true,
      leads: [],
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

it.each([
  [['leads', 'create', '--name', 'Ana']],
  [['audience', 'create', '--name', 'All']],
  [['suppressions', 'add', 'ana@example.com', '--channel', 'email']],
  [['leads', 'import', 'FILE']],
])('what stores something makes a data folder, and says so once: tidings %j', async (given) => {
  const file = join(folder, 'p.csv');
  writeFileSync(file, 'name\nAna\n');
  const args = given.map((arg) => (arg === 'FILE' ? file : arg));
  const run = await tidings(args);
  expect(run.code).toBe(0);
  expect(run.err).toContain(`New data is kept in ${join(data, 'tidings.db')}.`);
  expect(existsSync(join(data, 'tidings.db'))).toBe(true);
  expect((await tidings(['leads', 'list'])).err).toBe('');
});

describe('a data folder that cannot be', () => {
  it.each([
    ['beneath a file', (at: string) => join(at, 'file', 'data')],
    ['a file', (at: string) => join(at, 'file')],
    ['in /proc', () => '/proc/x'],
    ['deep in /proc', () => '/proc/x/y/z'],
  ])('fails at once, with a word and without a stack: %s', async (_, where) => {
    writeFileSync(join(folder, 'file'), '');
    const env = { TIDINGS_DATA_DIR: where(folder) };
    const doctor = await tidings(['doctor'], env);
    expect(doctor.code).toBe(1);
    expect(doctor.out).toMatch(/✗ database .*(cannot be made|cannot be used)/);
    const create = await tidings(['leads', 'create', '--name', 'Ana'], env);
    expect(create.code).toBe(1);
    expect(create.err).toMatch(/cannot be used.*TIDINGS_DATA_DIR/s);
    const server = await tidings(['serve', '--port', '0'], env);
    expect(server.code).toBe(1);
    expect(doctor.err + create.err + server.err).not.toMatch(/^ +at /m);
  });
});

/** A data file as one of the versions before the first release left it. */
function makeUnreleased(): void {
  mkdirSync(data);
  const old = new DatabaseSync(join(data, 'tidings.db'));
  old.exec(`CREATE TABLE leads (seq INTEGER PRIMARY KEY, email TEXT);
    CREATE TABLE deliveries (send_seq INTEGER);
    CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL);
    INSERT INTO schema_migrations VALUES (1, '2026-01-01'), (12, '2026-01-02');
    INSERT INTO leads (email) VALUES ('ana@example.com')`);
  old.close();
}

function schemaOf(): unknown[] {
  const database = new DatabaseSync(join(data, 'tidings.db'), { readOnly: true });
  try {
    return database.prepare('SELECT sql FROM sqlite_master').all();
  } finally {
    database.close();
  }
}

describe('a data file from before the first release', () => {
  it.each([
    [['serve', '--port', '0']],
    [['mcp']],
    [['leads', 'list']],
    [['leads', 'create', '--name', 'Bo']],
    [['doctor']],
    [['migrate', '--to', 'postgres://u@127.0.0.1:9/db']],
    [['backup', 'copy.db']],
    [['restored']],
  ])('is refused with the reason and the way, and left as it is: tidings %j', async (args) => {
    makeUnreleased();
    const before = schemaOf();
    const run = await tidings(args);
    expect(run.code).toBe(1);
    expect(run.out + run.err).toMatch(/from before Tidings 0\.1\.0 \(schema 12\).*CHANGELOG\.md/s);
    expect(run.err).not.toMatch(/^ +at /m);
    expect(schemaOf()).toEqual(before);
    expect(existsSync(join(folder, 'copy.db'))).toBe(false);
  });
});

it('a server whose data a newer version has changed stops sending, says so, and is not ready', async () => {
  const server = await serve();
  await server.call('/leads/import', { leads: [{ email: 'ana@example.com' }, { email: 'bo@example.com' }] });
  const { audience_id } = await server.call<{ audience_id: string }>('/audiences', { name: 'All' });
  const file = new DatabaseSync(join(data, 'tidings.db'), { timeout: 5_000 });
  file.exec("INSERT INTO schema_migrations VALUES (999, 'later', 999)");
  await vi.waitFor(
    () => {
      expect(server.log.filter((line) => line.includes('newer Tidings has changed the data'))).toHaveLength(
        1,
      );
      expect(file.prepare("SELECT holder FROM leases WHERE name = 'sandbox:email'").get()).toEqual({
        holder: '',
      });
    },
    { timeout: 15_000, interval: 100 },
  );
  const send = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 2 };
  expect(await server.call('/sends', send)).toMatchObject({ total_sent: 0, total_remaining: 2 });
  expect((await fetch(`${server.url}/ready`)).status).toBe(503);
  const refused = await tidings(['leads', 'list']);
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('newer Tidings (schema 999') });
  file.exec('DELETE FROM schema_migrations WHERE version = 999');
  file.close();
  expect(await server.end('SIGTERM')).toBe(0);
});
