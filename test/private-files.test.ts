import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../src/ledger/sqlite/open-sqlite.ts';
import { backUp } from '../src/upkeep/backup/back-up.ts';
import { doctor } from '../src/upkeep/doctor/doctor.ts';
import { freshFolder, removeFolder } from './support/core.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const PEOPLE = 'name,email\nAna,ana@example.com\n,\n1,2,3\n';

let folder: string;
let data: string;
let file: string;
let umask: number;

beforeEach(() => {
  umask = process.umask(0o022);
  folder = freshFolder();
  data = join(folder, 'data');
  file = join(data, 'tidings.db');
});

afterEach(() => {
  process.umask(umask);
  removeFolder(folder);
});

/** The real program, under the umask that most machines have. */
function tidings(...args: string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    const command = ['-c', 'umask 022; exec "$@"', 'sh', process.execPath, MAIN, ...args];
    const env = { PATH: process.env['PATH'], TIDINGS_DATA_DIR: data };
    execFile('sh', command, { env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out: out + err }),
    );
  });
}

function people(): string {
  const path = join(folder, 'people.csv');
  writeFileSync(path, PEOPLE);
  return path;
}

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
const modes = () => [data, file, `${file}-wal`, `${file}-shm`].map(mode);

describe('no other user of the machine', () => {
  it('can read the data folder, its file or its log, whatever the umask', async () => {
    const ledger = await openSqlite(file);
    expect(modes()).toEqual(['700', '600', '600', '600']);
    await ledger.close();
    expect((await tidings('leads', 'list')).code).toBe(0);
    expect([mode(data), mode(file)]).toEqual(['700', '600']);
  });

  it.runIf(process.platform === 'linux')('can read anything else that a process makes', async () => {
    const command = ['-c', 'umask 022; exec "$@"', 'sh', process.execPath, MAIN, 'mcp'];
    const child = spawn('sh', command, { env: { PATH: process.env['PATH'], TIDINGS_DATA_DIR: data } });
    const umaskOf = () => /^Umask:\s*(\d+)$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1];
    await expect.poll(umaskOf, { timeout: 20_000 }).toBe('0077');
    child.stdin.end();
    await once(child, 'exit');
  });

  it('can read what an earlier version left open to all', async () => {
    const left = await openSqlite(file);
    for (const path of [file, `${file}-wal`, `${file}-shm`]) chmodSync(path, 0o644);
    chmodSync(data, 0o755);
    const ledger = await openSqlite(file);
    expect(modes()).toEqual(['700', '600', '600', '600']);
    await ledger.close();
    await left.close();
  });

  it('can read the rows that an import rejects, or a backup', async () => {
    const imported = await tidings('leads', 'import', people());
    expect(imported.out).toContain('people.rejects.csv');
    expect(mode(join(folder, 'people.rejects.csv'))).toBe('600');
    backUp(file, join(folder, 'backup.db'));
    expect(mode(join(folder, 'backup.db'))).toBe('600');
  });
});

describe('a data folder that holds other things as well', () => {
  it('keeps its mode, and the doctor fails until somebody changes it', async () => {
    mkdirSync(data, { mode: 0o755 });
    writeFileSync(join(data, 'notes.txt'), '');
    await (await openSqlite(file)).close();
    const files = async () =>
      (await doctor({ TIDINGS_DATA_DIR: data })).checks.find(({ name }) => name === 'files');
    expect(await files()).toMatchObject({ ok: false, detail: expect.stringContaining(`${data} (0755)`) });
    expect([mode(data), mode(file)]).toEqual(['755', '600']);
    chmodSync(data, 0o700);
    expect(await files()).toMatchObject({ ok: true });
    for (const suffix of ['', '-wal', '-shm']) {
      writeFileSync(file + suffix, '', { flag: 'a' });
      chmodSync(file + suffix, 0o640);
      expect(await files()).toMatchObject({ ok: false, detail: expect.stringContaining(`${suffix} (0640)`) });
    }
  });
});

describe('a file that is there already', () => {
  it('of an earlier import is not taken: rows in it may have been mended', async () => {
    const mended = join(folder, 'people.rejects.csv');
    writeFileSync(mended, 'mended');
    expect((await tidings('leads', 'import', people())).out).toContain('people.rejects.2.csv');
    expect((await tidings('leads', 'import', people())).out).toContain('people.rejects.3.csv');
    expect(readFileSync(mended, 'utf8')).toBe('mended');
  });

  it('of an earlier import is told where this one has none', async () => {
    const mended = join(folder, 'people.rejects.csv');
    writeFileSync(mended, 'mended');
    const clean = people();
    writeFileSync(clean, 'name,email\nAna,ana@example.com\n');
    expect((await tidings('leads', 'import', clean)).out).toContain(`${mended} is of an earlier import`);
  });

  it('and was named with --rejects is written anew', async () => {
    const named = join(folder, 'not-kept.csv');
    writeFileSync(named, 'of yesterday');
    expect((await tidings('leads', 'import', people(), '--rejects', named)).code).toBe(0);
    expect(readFileSync(named, 'utf8')).toMatch(/^"?rejected_line/);
    expect(mode(named)).toBe('600');
  });

  it('and is a link is never written through', async () => {
    const victim = join(folder, 'victim.txt');
    writeFileSync(victim, 'precious');
    for (const name of ['people.rejects.csv', 'backup.db.part', 'backup.db.part-journal']) {
      symlinkSync(victim, join(folder, name));
    }
    const named = await tidings('leads', 'import', people(), '--rejects', join(folder, 'people.rejects.csv'));
    expect([named.code, named.out]).toEqual([2, expect.stringContaining('which is a link')]);
    expect((await tidings('leads', 'import', people())).out).toContain('people.rejects.2.csv');
    backUp(file, join(folder, 'backup.db'));
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(existsSync(join(folder, 'backup.db.part'))).toBe(false);
  });

  it('and is a link to nothing is no way to make a file elsewhere', async () => {
    const elsewhere = join(folder, 'elsewhere.csv');
    symlinkSync(elsewhere, join(folder, 'people.rejects.csv'));
    expect((await tidings('leads', 'import', people())).out).toContain('people.rejects.2.csv');
    expect(existsSync(elsewhere)).toBe(false);
  });

  it('and is the one that is read, by another name, is refused', async () => {
    const csv = people();
    symlinkSync(folder, join(folder, 'loop'));
    const run = await tidings('leads', 'import', csv, '--rejects', join(folder, 'loop/people.csv'));
    expect([run.code, run.out]).toEqual([2, expect.stringContaining('is being read')]);
    expect(readFileSync(csv, 'utf8')).toBe(PEOPLE);
  });
});
