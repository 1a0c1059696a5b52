import { type ChildProcess, execFile } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { TABLES } from '../../src/ledger/schema/tables.ts';
import { openSqlite } from '../../src/ledger/sqlite/open-sqlite.ts';
import { backUp } from '../../src/upkeep/backup/back-up.ts';
import { decideRestored } from '../../src/upkeep/backup/restored.ts';
import { moveToPostgres } from '../../src/upkeep/migrate/migrate.ts';
import { TABLE_NAMES } from '../../src/upkeep/migrate/tables.ts';
import { undoMove } from '../../src/upkeep/migrate/undo.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { wrongChunks } from '../torture/chunk-totals.ts';

type Core = Awaited<ReturnType<typeof openCore>>;
type Run = { code: number; out: string; err: string };

let folder: string;
let file: string;
let url: string;
let email: FakeSender;
const opened: { close(): Promise<void> }[] = [];

beforeEach(() => {
  folder = freshFolder();
  file = join(folder, 'tidings.db');
  url = databaseUrlOf(folder)!;
  email = new FakeSender('email', 8);
});

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
  removeFolder(folder);
});

/** Before the move: on the file, as one machine runs it. */
async function onFile(): Promise<Core> {
  const core = await openCore([email], folder, (ledger) => ledger, null);
  opened.push(core);
  return core;
}

/** After it: on PostgreSQL, with a worker. */
async function onTarget(): Promise<Core> {
  const core = await openCore([email], folder, (ledger) => ledger, url);
  opened.push(core);
  return core;
}

async function close(core: Core): Promise<void> {
  opened.splice(opened.indexOf(core), 1);
  await core.close();
}

async function targetLedger(): Promise<Ledger> {
  const ledger = await openLedger({ dataDir: folder, databaseUrl: url });
  opened.push(ledger);
  return ledger;
}

const move = () => moveToPostgres({ file, url });

async function makeAudience(core: Core, count: number, unreachableAt = count + 1): Promise<string> {
  const leads: object[] = Array.from({ length: count }, (_, at) => ({
    name: `Lead ${at + 1}`,
    email: `l${at + 1}@example.com`,
  }));
  if (unreachableAt <= count) leads.splice(unreachableAt, 0, { name: 'Nowhere' });
  for (let at = 0; at < count; at += 1_000)
    await core.call('leads.import', { leads: leads.slice(at, at + 1_000) });
  return (await core.call('audience.create', { name: 'All' })).audience_id;
}

const send = (core: Core, audience_id: string, more: object = {}) =>
  core.call('sendBulkMessages', {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: 'Hi {{lead.name}}',
    ...more,
  });

/** A send of which `sent` messages went out before it was paused and everything was stopped. */
async function halfSent(count: number, sent: number, unreachableAt = count + 1) {
  const core = await onFile();
  core.dispatcher.start();
  const audience = await makeAudience(core, count, unreachableAt);
  email.answer = async () => void (await sleep(2));
  const { send_id } = await send(core, audience, { max_wait_seconds: 0 });
  while (email.accepted.length < sent) await sleep(2);
  await core.call('sends.pause', { send_id });
  await close(core);
  email.answer = () => undefined;
  return { audience, send_id: send_id as string };
}

/** As a person who looks after a paused send does; then the call is made again, and must find everybody settled. */
async function resume(core: Core, { audience, send_id }: { audience: string; send_id: string }) {
  core.dispatcher.start();
  await core.call('sends.resume', { send_id });
  return send(core, audience, { max_wait_seconds: 25 });
}

const contacts = () => email.accepted.map(({ contact }) => contact);

function start(
  args: string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Run> } {
  const program = join(import.meta.dirname, '../../bin/tidings.js');
  let child!: ChildProcess;
  const ended = new Promise<Run>((resolve) => {
    const options = {
      env: { PATH: process.env['PATH'], TIDINGS_DATA_DIR: folder, ...env },
      timeout: 25_000,
    };
    child = execFile(process.execPath, [program, ...args], options, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err });
    });
  });
  return { child, ended };
}

const tidings = (args: string[], env: Record<string, string> = {}) => start(args, env).ended;

describe('a send that is moved', () => {
  it('half sent goes on in PostgreSQL: each recipient gets it exactly once', async () => {
    const half = await halfSent(400, 120);
    const { send_id } = half;
    const before = email.accepted.length;
    expect(before).toBeLessThan(400);
    expect((await move()).outcome).toBe('copied');

    const core = await onTarget();
    expect(await core.call('sends.get', { send_id })).toMatchObject({
      state: 'paused',
      total_sent: before,
      total_in_audience: 400,
    });
    expect(await resume(core, half)).toMatchObject({
      send_id,
      state: 'completed',
      total_sent: 400,
      total_unknown: 0,
    });
    expect(contacts().length).toBe(400);
    expect(new Set(contacts()).size).toBe(400);
  });

  it('completed is not sent again to anybody, and new leads and sends get numbers of their own', async () => {
    const core = await onFile();
    core.dispatcher.start();
    const audience = await makeAudience(core, 20);
    await send(core, audience);
    await close(core);
    await move();

    const there = await onTarget();
    there.dispatcher.start();
    expect(await send(there, audience)).toMatchObject({ state: 'completed', total_sent: 20 });
    expect(contacts().length).toBe(20);
    await there.call('leads.create', { name: 'New', email: 'new@example.com' });
    const more = (await there.call('audience.create', { name: 'More' })).audience_id;
    expect(
      await send(there, more, { campaign: 'second', message: 'Hello', max_wait_seconds: 20 }),
    ).toMatchObject({
      total_sent: 21,
    });
    expect(contacts().length).toBe(41);
  });

  it('scheduled starts at its time in PostgreSQL, once', async () => {
    const core = await onFile();
    core.dispatcher.start();
    const audience = await makeAudience(core, 10);
    const at = new Date(Date.now() + 5_000).toISOString();
    const { send_id, state } = await send(core, audience, { schedule_at: at });
    expect(state).toBe('scheduled');
    await close(core);
    await move();
    expect(contacts()).toEqual([]);

    const there = await onTarget();
    expect(await there.call('sends.get', { send_id })).toMatchObject({
      state: 'scheduled',
      scheduled_at: at,
    });
    there.dispatcher.start();
    there.dispatcher.wake();
    for (let state = ''; state !== 'completed'; await sleep(100))
      state = (await there.call('sends.get', { send_id })).state;
    expect(Date.now()).toBeGreaterThan(Date.parse(at));
    expect(new Set(contacts()).size).toBe(10);
    expect(contacts().length).toBe(10);
  });
});

describe('what is copied', () => {
  it('is every value as it was: null, emoji, quotes, 64 bits, floats; the character 0 is dropped', async () => {
    const ledger = await openSqlite(file);
    const odd = {
      name: 'A\0na "\\{},NULL\' 😀\n',
      notes: '',
      position: 'NULL',
      company: '日本',
      origin: null,
    };
    await ledger.write(async (tx) => {
      await tx.run(
        `INSERT INTO leads (seq, id, name, notes, position, company, origin, email, status, metadata, created_at, updated_at)
         VALUES (9000000000000000, 'one', ?, ?, ?, ?, ?, NULL, 'new', '{"a":"\\\\u0000"}', '', '')`,
        ...Object.values(odd),
      );
      await tx.run(
        `INSERT INTO audiences VALUES (1, 'a', '', NULL, '{}', 9223372036854775807, 50, 'ready', 0, 0, -9223372036854775808,
           '', NULL, NULL)`,
      );
      await tx.run(
        `INSERT INTO sends (seq, id, audience_seq, channel, campaign, campaign_key, mode, sender, state, revision, message, format,
           placeholder_policy, total, frozen_through, created_at)
         VALUES (1, 's', 1, 'email', 'c', 'c', 'live', 'fake:email', 'cancelled', 1, 'm', 'text', 'strip_tokens', 0, 0, '')`,
      );
      for (const [number, rate] of [0.1, 1e-300, 123456789.1234568, 5e15 + 0.5, null].entries())
        await tx.run(
          `INSERT INTO chunks (send_seq, number, first_position, last_position, claimed_through, rate_per_second)
           VALUES (1, ?, 1, 0, 0, ?)`,
          number,
          rate,
        );
      // SQLite keeps a fraction where a whole number was meant.
      await tx.run(
        "INSERT INTO deliveries (send_seq, position, lead_seq, status, retry_at) VALUES (1, 1, 9000000000000000, 'pending', 17.5)",
      );
      // Ordered by bytes in both: not as a dictionary would.
      for (const contact of ['a', 'B', 'ä', '-b', '😀', '\uffee', 'Z'])
        await tx.run(
          "INSERT INTO suppressions (channel, contact, reason, created_at) VALUES ('email', ?, 'bounced', '')",
          contact,
        );
    });
    await ledger.close();
    const { sums } = await move();
    expect(sums.map(({ table, rows }) => `${table} ${rows}`)).toEqual([
      'leads 1',
      'audiences 1',
      'audience_members 0',
      'suppressions 7',
      'suppression_history 0',
      'erased_contacts 0',
      'erasures 0',
      'sends 1',
      'chunks 5',
      'send_texts 0',
      'deliveries 1',
      'refusals 0',
      'outbox_texts 0',
      'outbox_bodies 0',
      'outbox 0',
      'marks 0',
      'imports 0',
      'import_leads 0',
      'import_rows 0',
      'suppression_grounds 0',
      'events 0',
      'receipts 0',
      'receipt_totals 0',
      'conversations 0',
      'creations 0',
      'templates 0',
      'template_messages 0',
      'approvals 0',
      'keys 0',
      'users 0',
      'attachments 0',
      'key_days 0',
      'key_sends 0',
      'audit 0',
      'drafts 0',
      'oauth_clients 0',
      'oauth_grants 0',
      'oauth_tokens 0',
    ]);
    const there = await targetLedger();
    // Where a database is at home is not moved, and does not stand in the way of the next move.
    expect((await there.all('SELECT name FROM marks')).map(({ name }) => name)).toEqual(['home']);
    expect(await there.get('SELECT * FROM leads')).toMatchObject({
      ...odd,
      name: 'Ana "\\{},NULL\' 😀\n',
      seq: 9000000000000000,
      email: null,
      metadata: '{"a":"\\\\u0000"}',
    });
    expect(
      await there.get(
        'SELECT CAST(max_leads AS TEXT) AS most, CAST(through_seq AS TEXT) AS least FROM audiences',
      ),
    ).toEqual({ most: '9223372036854775807', least: '-9223372036854775808' });
    expect(await there.all('SELECT rate_per_second AS rate FROM chunks ORDER BY number')).toEqual(
      [0.1, 1e-300, 123456789.1234568, 5e15 + 0.5, null].map((rate) => ({ rate })),
    );
    expect(await there.get('SELECT retry_at FROM deliveries')).toEqual({ retry_at: 17 });
    expect((await move()).outcome).toBe('already_there');
  });

  it('is every table there is', async () => {
    const ledger = await openSqlite(file);
    const tables = await ledger.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'");
    await ledger.close();
    expect(tables.map(({ name }) => name).sort()).toEqual(TABLES.map(({ name: table }) => table).sort());
  });

  it('is undone when what PostgreSQL holds is not what was read', async () => {
    await halfSent(50, 20);
    const there = await targetLedger();
    await there.write(async (tx) => {
      await tx.run(`CREATE FUNCTION tamper() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.position = 7 THEN NEW.status := 'pending'; END IF; RETURN NEW; END $$`);
      await tx.run(
        'CREATE TRIGGER tamper BEFORE INSERT ON deliveries FOR EACH ROW EXECUTE FUNCTION tamper()',
      );
    });
    await expect(move()).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('The copy of deliveries is not what was read (50 rows'),
    });
    expect(await there.get('SELECT count(*) AS n FROM leads')).toEqual({ n: 0 });
    // The file is not moved, and goes on.
    await (await openSqlite(file)).close();
    await there.write((tx) => tx.run('DROP TRIGGER tamper ON deliveries'));
    expect((await move()).outcome).toBe('copied');
  });
});

describe('repeated', () => {
  it('it says that everything is there, and changes nothing', async () => {
    await halfSent(50, 20);
    const first = await move();
    const again = await move();
    expect(again).toEqual({ ...first, outcome: 'already_there' });
  });

  it('it replaces an older copy that nobody has touched, when the file has gone on', async () => {
    const half = await halfSent(50, 20);
    await move();
    await unmark();
    const core = await onFile();
    await resume(core, half);
    await core.call('leads.create', { name: 'Later', email: 'later@example.com' });
    await close(core);
    expect((await move()).outcome).toBe('replaced');
    const there = await onTarget();
    there.dispatcher.start();
    expect(await send(there, half.audience)).toMatchObject({ total_sent: 50, state: 'completed' });
    expect(contacts().length).toBe(50);
    expect((await there.call('leads.list', {})).total_count).toBe(51);
  });

  it('it is refused when the target was used since: nothing is changed there', async () => {
    await halfSent(50, 20);
    await move();
    const there = await onTarget();
    await there.call('leads.create', { name: 'Made there', email: 'there@example.com' });
    await expect(move()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('has been used since'),
    });
    expect((await there.call('leads.list', {})).total_count).toBe(51);
    await expect(undoMove({ file, url })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('it is refused for another file, and for one that knows less of who was sent to', async () => {
    const { send_id } = await halfSent(50, 20);
    await move();
    const other = join(folder, 'other');
    const core = await openCore([email], other, (ledger) => ledger, null);
    await makeAudience(core, 60);
    await core.close();
    await expect(moveToPostgres({ file: join(other, 'tidings.db'), url })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('another file'),
    });
    const ledger = await openSqlite(file, { evenIfMoved: true });
    await ledger.write((tx) =>
      tx.run("UPDATE deliveries SET attempts = 0, status = 'pending' WHERE position = 1"),
    );
    await ledger.close();
    await expect(move()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('fewer messages sent'),
    });
    const there = await onTarget();
    expect((await there.call('sends.get', { send_id })).total_in_audience).toBe(50);
  });
});

/** As whoever copied the file before the move has it. */
async function unmark() {
  const ledger = await openSqlite(file, { evenIfMoved: true });
  await ledger.write(async (tx) => {
    await tx.run('PRAGMA user_version = 0');
    await tx.run('DROP TABLE moved_to');
  });
  await ledger.close();
}

describe('the end of it', () => {
  it('killed between the two commits, neither sends; run again it copies', async () => {
    const half = await halfSent(50, 20);
    const there = await targetLedger();
    // What fails at the commit itself, when the file is marked already.
    await there.write(async (tx) => {
      await tx.run(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END $$`);
      await tx.run(`CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON sends DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse()`);
    });
    await expect(move()).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('may not have stored it (The disk of the database is full.)'),
      fix: expect.stringContaining('again'),
    });
    expect(await there.get('SELECT count(*) AS n FROM leads')).toEqual({ n: 0 });
    await expect(onFile()).rejects.toMatchObject({ message: expect.stringContaining('was moved') });
    await there.write((tx) => tx.run('DROP TRIGGER refuse ON sends'));
    expect((await move()).outcome).toBe('copied');
    const core = await onTarget();
    expect(await resume(core, half)).toMatchObject({ total_sent: 50 });
    expect(contacts().length).toBe(50);
  });
});

describe('the file that was moved', () => {
  it('is not opened again, and whoever has it open writes nothing more', async () => {
    await halfSent(20, 5);
    const core = await onFile();
    await move();
    await expect(core.call('leads.create', { name: 'Lost?', email: 'x@example.com' })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('was moved to PostgreSQL'),
    });
    await expect(onFile()).rejects.toMatchObject({
      code: 'configuration',
      fix: expect.stringContaining('DATABASE_URL'),
    });
  });

  it('is used again when the move is undone before anything was done there', async () => {
    const half = await halfSent(50, 20);
    await move();
    await undoMove({ file, url });
    const there = await targetLedger();
    expect(await there.get('SELECT count(*) AS n FROM leads')).toEqual({ n: 0 });
    const core = await onFile();
    expect(await resume(core, half)).toMatchObject({ total_sent: 50, state: 'completed' });
    expect(contacts().length).toBe(50);
    await close(core);
    expect((await move()).outcome).toBe('copied');
  });
});

describe('it is refused', () => {
  it('while a send runs, an audience is built or a process sends, each with the way out', async () => {
    const core = await onFile();
    const audience = await makeAudience(core, 5);
    const { send_id } = await send(core, audience, { max_wait_seconds: 0 });
    await core.ledger.write((tx) => tx.run("UPDATE audiences SET status = 'building'"));
    await expect(move()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/send .* is running; the audience .* is being built/),
      fix: expect.stringContaining(`tidings sends pause ${send_id}`),
    });
    await core.ledger.write((tx) => tx.run("UPDATE audiences SET status = 'ready'"));
    await core.call('sends.pause', { send_id });
    core.dispatcher.start();
    while (!(await core.ledger.get("SELECT 1 AS held FROM leases WHERE holder <> ''"))) await sleep(20);
    await expect(move()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('a process is alive that sends from it (fake:email'),
      fix: expect.stringContaining('stop the server'),
    });
    await close(core);
    expect((await move()).outcome).toBe('copied');
  });

  it('while messages are in flight; a dead holder is waited for, and no longer', async () => {
    await halfSent(50, 10);
    const ledger = await openSqlite(file);
    await ledger.write((tx) => tx.run('UPDATE chunks SET in_flight = 2'));
    await ledger.write((tx) =>
      tx.run("UPDATE leases SET holder = 'elsewhere/x 1 y' WHERE name = 'fake:email'"),
    );
    await expect(move()).rejects.toMatchObject({
      message: expect.stringContaining('2 messages are in flight in the send'),
      fix: expect.stringContaining('tidings serve'),
    });
    await ledger.write((tx) => tx.run('UPDATE chunks SET in_flight = 0'));
    await ledger.close();
    expect((await move()).outcome).toBe('copied');
  });

  it('for one that comes from a backup, until somebody has said what was sent since', async () => {
    await halfSent(50, 10);
    const backup = join(folder, 'backup.db');
    backUp(file, backup);
    const ofBackup = () => moveToPostgres({ file: backup, url });
    await expect(ofBackup()).rejects.toMatchObject({
      code: 'conflict',
      fix: expect.stringContaining('tidings restored'),
    });
    const ledger = await openSqlite(backup);
    await decideRestored(ledger, 'nothing-was-sent');
    await ledger.close();
    expect((await ofBackup()).outcome).toBe('copied');
  });

  it('for a file from a newer version, and for one that was moved elsewhere', async () => {
    await halfSent(50, 10);
    const ledger = await openSqlite(file);
    await ledger.write((tx) => tx.run("INSERT INTO schema_migrations VALUES (999, '', 999)"));
    await expect(move()).rejects.toMatchObject({ message: expect.stringContaining('newer Tidings') });
    await ledger.write((tx) => tx.run('DELETE FROM schema_migrations WHERE version = 999'));
    await ledger.close();
    await move();
    const elsewhere = databaseUrlOf(join(folder, 'elsewhere'))!;
    await expect(moveToPostgres({ file, url: elsewhere })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('was moved to'),
      fix: expect.stringContaining('--undo'),
    });
  });

  it('when the target holds data of its own, which stays', async () => {
    await halfSent(50, 10);
    const there = await onTarget();
    await there.call('leads.create', { name: 'Own', email: 'own@example.com' });
    await expect(move()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('data of its own'),
    });
    expect((await there.call('leads.list', {})).total_count).toBe(1);
    await (await openSqlite(file)).close();
  });
});

describe('many workers', () => {
  it('share what is left of a send that one process had begun, and whole ones that are scheduled', async () => {
    const core = await onFile();
    await core.call('leads.create', { name: 'No address' });
    await close(core);
    const half = await halfSent(2_500, 700, 1_800);
    const again = await onFile();
    const schedule_at = new Date(Date.now() + 3_600_000).toISOString();
    const { send_id } = await send(again, half.audience, {
      campaign: 'later',
      message: 'Later',
      schedule_at,
    });
    await close(again);
    await move();

    const there = await onTarget();
    const parts = `SELECT count(*) AS parts, max(last_position - first_position) + 1 AS largest FROM chunks
      WHERE send_seq = (SELECT seq FROM sends WHERE id = ?)`;
    expect(await there.ledger.get(parts, half.send_id)).toMatchObject({ parts: 5 });
    expect(await there.ledger.get(parts, send_id)).toEqual({ parts: 6, largest: 500 });
    expect(await wrongChunks(there.ledger)).toEqual([]);
    expect((await move()).outcome).toBe('already_there');
    expect(await resume(there, half)).toMatchObject({
      state: 'completed',
      total_sent: 2_500,
      total_skipped: 2,
    });
    there.dispatcher.start();
    await there.call('sends.resume', { send_id, schedule_at: 'now' });
    const later = { campaign: 'later', message: 'Later', max_wait_seconds: 25 };
    expect(await send(there, half.audience, later)).toMatchObject({ total_sent: 2_500, total_skipped: 2 });
    expect(contacts().length).toBe(5_000);
    await there.dispatcher.stop();
    expect(await wrongChunks(there.ledger)).toEqual([]);
  });
});

describe('tidings migrate', () => {
  it('shows each table with its rows and checksum, and what to do next', async () => {
    const { send_id } = await halfSent(30, 10);
    const run = await tidings(['migrate', '--from', `sqlite:${file}`, '--to', url]);
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(run.out).toMatch(/^deliveries +30 {2}[0-9a-f]{16}$/m);
    expect(run.out).toContain('Set DATABASE_URL to ');
    expect(run.out).not.toContain('tidings:tidings@');
    const json = JSON.parse((await tidings(['migrate', '--json'], { DATABASE_URL: url })).out);
    expect(json).toMatchObject({ success: true, outcome: 'already_there', from: file });
    expect(json.tables).toHaveLength(TABLE_NAMES.length);

    const moved = await tidings(['sends', 'list']);
    expect([moved.code, moved.err]).toEqual([1, expect.stringContaining('was moved to PostgreSQL')]);
    const there = await tidings(['sends', 'get', send_id, '--json'], { DATABASE_URL: url });
    expect(JSON.parse(there.out)).toMatchObject({ state: 'paused', total_in_audience: 30 });
    const doctor = JSON.parse((await tidings(['doctor', '--json'], { DATABASE_URL: url })).out);
    expect(doctor.checks).toContainEqual(expect.objectContaining({ name: 'database', ok: true }));

    expect((await tidings(['migrate', '--undo'], { DATABASE_URL: url })).code).toBe(0);
    expect((await tidings(['sends', 'list'])).code).toBe(0);
  });

  it('refuses what cannot be, and makes no file of a mistyped name', async () => {
    const missing = await tidings(['migrate', '--from', join(folder, 'typo.db'), '--to', url]);
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('There is no data file')]);
    expect(existsSync(join(folder, 'typo.db'))).toBe(false);
    writeFileSync(join(folder, 'text.db'), 'not a database');
    for (const [args, code, told] of [
      [['--from', join(folder, 'text.db'), '--to', url], 1, 'is not a Tidings database'],
      [['--from', folder, '--to', url], 1, 'is not a Tidings database'],
      [['--to', 'sqlite:./other.db'], 2, '--to is no PostgreSQL address'],
      [['--from', url, '--to', url], 2, '--from is a PostgreSQL address'],
      [[], 2, '--to is missing, and DATABASE_URL is not set'],
    ] as const) {
      const run = await tidings(['migrate', ...args]);
      expect([run.code, run.err]).toEqual([code, expect.stringContaining(told)]);
    }
    await (await openSqlite(file)).close();
    const nobody = await tidings(['migrate', '--to', 'postgres://u:secret@127.0.0.1:9/db']);
    expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining('cannot be reached')]);
    expect(nobody.err).not.toContain('secret');
  });

  it('killed in the middle leaves nothing behind, and run again copies everything', async () => {
    const half = await halfSent(3_000, 100);
    const there = await targetLedger();
    await there.write(async (tx) => {
      await tx.run(`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$`);
      await tx.run(
        'CREATE TRIGGER wait AFTER INSERT ON deliveries FOR EACH STATEMENT EXECUTE FUNCTION wait()',
      );
    });
    const { child, ended } = start(['migrate'], { DATABASE_URL: url });
    const waiting = "SELECT 1 AS found FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    while (!(await there.get(waiting))) await sleep(20);
    child.kill('SIGKILL');
    await ended;
    expect(await there.get('SELECT count(*) AS n FROM leads')).toEqual({ n: 0 });
    // The file is at rest, as before.
    await (await openSqlite(file)).close();
    while (await there.get(waiting)) await sleep(50);
    await there.write((tx) => tx.run('DROP TRIGGER wait ON deliveries'));
    expect((await tidings(['migrate'], { DATABASE_URL: url })).code).toBe(0);

    const core = await onTarget();
    expect(await resume(core, half)).toMatchObject({
      state: 'completed',
      total_sent: 3_000,
      total_unknown: 0,
    });
    expect(contacts().length).toBe(3_000);
    expect(new Set(contacts()).size).toBe(3_000);
  }, 60_000);
});
