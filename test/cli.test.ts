import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freshFolder, removeFolder } from './support/core.ts';
import { databaseEnv, onPostgres } from './support/database.ts';
import { startDemo } from './support/demo-process.ts';
import { inlineRows, workbook } from './support/workbook.ts';

let folder: string;

beforeEach(() => {
  folder = freshFolder();
});

afterEach(() => removeFolder(folder));

interface Run {
  code: number;
  out: string;
  err: string;
}

/** The real program, as a child process over a data folder of its own. */
function tidings(args: string[], env: Record<string, string> = {}, input = ''): Promise<Run> {
  return new Promise((resolve) => {
    const program = join(import.meta.dirname, '../bin/tidings.js');
    const options = {
      env: { PATH: process.env['PATH'], ...databaseEnv(join(folder, 'data')), ...env },
      timeout: 25_000,
    };
    const child = execFile(process.execPath, [program, ...args], options, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err });
    });
    child.stdin!.end(input);
  });
}

const json = async (args: string[], env = {}) => JSON.parse((await tidings([...args, '--json'], env)).out);

describe('the command line', () => {
  it('does the main job: import, audience, send, look', async () => {
    writeFileSync(
      join(folder, 'p.csv'),
      'Name,Email\nAna,ana@example.com\nBob,\nLuz,luz@example.com\n1,2,3\n',
    );
    const imported = await json(['leads', 'import', join(folder, 'p.csv')]);
    expect(imported).toMatchObject({ success: true, rows: 4, created: 3, rejected: 1 });
    const { audience_id } = await json(['audience', 'create', '--name', 'All']);
    const send = [
      'send',
      '--audience',
      audience_id,
      '--channel',
      'email',
      '--subject',
      'Hi',
      '--message',
      'Hi {{lead.name}}',
    ];
    expect(await json(send)).toMatchObject({
      success: true,
      total_sent: 2,
      total_skipped: 1,
      mode: 'sandbox',
    });
    expect(await json(send)).toMatchObject({ success: true, total_sent: 2, total_skipped: 1 });
    expect((await json(['outbox', 'list'])).total_count).toBe(2);
    const { sends } = await json(['sends', 'list']);
    expect(sends).toHaveLength(1);
    expect(sends[0]).toMatchObject({ state: 'completed', total_sent: 2 });
  }, 30_000);

  it('imports a workbook like any file: preview, map, rejects and warnings beside it, list, suppressions', async () => {
    const rows = [
      ['People of the fair'],
      ['Who', 'Kontakt', 'City'],
      ['Ana', 'ana@gmial.com', 'Lima'],
      ['x'.repeat(300_000)],
      ['Bo', 'bo@example.com', ''],
    ];
    const people = { name: 'People', xml: inlineRows(rows) };
    const hidden = { name: 'Old', xml: inlineRows(rows), state: 'hidden' as const };
    const file = join(folder, 'people.xlsx');
    writeFileSync(file, workbook({ sheets: [hidden, people] }));
    const preview = await tidings(['leads', 'import', file, '--preview', '--map', 'Who=name']);
    expect(preview.out).toContain('the sheet “People” was read. Not read: “Old” (hidden)');
    const imported = await json(['leads', 'import', file, '--map', 'Who=name', '--tag', 'fair']);
    expect(imported).toMatchObject({
      created: 2,
      rejected: 1,
      rejects: [{ line: 4 }],
      warnings: [{ line: 3 }],
      rejects_file: join(folder, 'people.rejects.csv'),
      warnings_file: join(folder, 'people.warnings.csv'),
    });
    expect(readFileSync(imported.rejects_file, 'utf8')).toContain('"Who","Kontakt","City"');
    expect(await json(['imports', 'list'])).toMatchObject({ imports: [{ file: 'people.xlsx' }] });
    expect(await json(['suppressions', 'import', file])).toMatchObject({ created: 2 });
    writeFileSync(file, '<html><table><tr><td>Email</td></tr></table></html>');
    const refused = await tidings(['leads', 'import', file]);
    expect(refused.err).toContain('The file is a web page (HTML), whatever it is called');
  });

  it('chooses people by tag, country and import, and writes what was not kept to a file', async () => {
    const file = join(folder, 'p.csv');
    writeFileSync(
      file,
      'Name,Email,Phone,City\nAna,ana@example.com,+525512345678,Mérida\nBo,bo@example.com,+14155550100,Oslo\n1,2,3,4,5\n',
    );
    await json(['leads', 'create', '--name', 'Else', '--email', 'else@example.com']);
    const { import_id } = await json(['leads', 'import', file, '--tag', 'fair', '--tag', 'June']);
    const count = async (...filters: string[]) =>
      (await json(['audience', 'count', ...filters])).total_count as number;
    expect(await count()).toBe(3);
    expect(await count('--tag', 'fair')).toBe(2);
    expect(await count('--import', import_id)).toBe(2);
    expect(await count('--tag', 'JUNE', '--country', 'MX')).toBe(1);
    expect(await count('--where', '{"not": {"field": "metadata.city", "is": "merida"}}')).toBe(2);
    const rejects = join(folder, 'bad.csv');
    await tidings(['imports', 'get', import_id, '--rejects', rejects]);
    expect(readFileSync(rejects, 'utf8')).toMatch(/Name.*\r\n.*1.*2.*3.*4.*5/s);
  }, 60_000);

  it('exits with 2 for wrong usage and 1 for what could not be done, without a stack trace', async () => {
    const missing = await tidings(['audience', 'get', '0196f0f0-0000-7000-8000-000000000000', '--json']);
    expect([missing.code, JSON.parse(missing.out).code]).toEqual([1, 'not_found']);
    for (const args of [
      ['lead', 'list'],
      ['send', '--audience', 'x'],
      ['leads', 'list', '--nope'],
    ]) {
      const run = await tidings(args);
      expect(run.code).toBe(2);
      expect(run.out + run.err).not.toMatch(/\n\s+at /);
    }
  }, 30_000);

  it.skipIf(onPostgres)(
    'says what is wrong with the data folder',
    async () => {
      writeFileSync(join(folder, 'file'), '');
      const run = await tidings(['leads', 'list'], { TIDINGS_DATA_DIR: join(folder, 'file') });
      expect([run.code, run.err]).toEqual([1, expect.stringContaining('TIDINGS_DATA_DIR')]);
      mkdirSync(join(folder, 'data'));
      writeFileSync(
        join(folder, 'data/tidings.db'),
        'not a database, but long enough to be looked at. '.repeat(100),
      );
      expect((await tidings(['leads', 'list'])).err).toContain('not a Tidings database');
    },
    30_000,
  );

  it('as an MCP server over stdio answers on stdout with nothing but the protocol', async () => {
    const request = {
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: { name: 'audience', arguments: { action: 'list' } },
    };
    const run = await tidings(['mcp'], {}, `${JSON.stringify(request)}\n`);
    expect(run.code).toBe(0);
    const lines = run.out.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      id: 7,
      result: { structuredContent: { success: true, audiences: [] } },
    });
  }, 30_000);

  it('runs the demo as one JSON document', async () => {
    const run = await tidings(['demo', '--leads', '100', '--exit', '--json']);
    expect(run.code).toBe(0);
    const { email, whatsapp } = JSON.parse(run.out);
    for (const result of [email, whatsapp]) {
      expect(result).toMatchObject({
        success: true,
        total_failed: 0,
        total_remaining: 0,
        total_in_audience: 100,
      });
    }
  }, 30_000);

  it('leaves the demo up with a send that moves, and ends it at Ctrl-C without waiting for that', async () => {
    const demo = await startDemo(['--leads', '300'], folder);
    try {
      expect(demo.text).toMatch(/^email +completed .*^whatsapp +completed .*takes about 5 min/ms);
      const api = `${demo.page.origin}/api`;
      const read = async () =>
        (await fetch(api + demo.page.pathname)).json() as Promise<Record<string, unknown>>;
      const first = await read();
      expect(first).toMatchObject({ state: 'running', mode: 'sandbox', total_in_audience: 300 });
      await expect
        .poll(async () => (await read())['total_sent'], { timeout: 10_000 })
        .toBeGreaterThan(first['total_sent'] as number);
      const { sends } = (await (await fetch(`${api}/sends?state=running`)).json()) as { sends: object[] };
      expect(sends).toMatchObject([{ send_id: first['send_id'] }]);
      const askedAt = performance.now();
      expect(await demo.end()).toBe(0);
      expect(performance.now() - askedAt).toBeLessThan(5_000);
      expect(readdirSync(folder).filter((name) => name.startsWith('tidings-demo-'))).toEqual([]);
    } finally {
      await demo.end();
    }
  }, 30_000);
});
