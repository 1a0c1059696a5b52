import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { runCli } from '../../src/cli/run-cli.ts';
import { TidingsError } from '../../src/errors.ts';
import { operation } from '../../src/operations/operation.ts';
import { fakeHost } from '../support/fake-host.ts';
import { fakeApp } from './fake-tidings.ts';

const PIECES = ['"name"\r\n', '"Ana\u202e\u0007"\r\n', '"Bo"\r\n'];
let given: number;
let closed: boolean;
let breaks: boolean;

const exporting = operation({
  name: 'leads.export',
  summary: 'Gives a CSV.',
  effect: 'read',
  route: 'GET /leads/export',
  input: z.object({
    tag: z.string().optional(),
    limit: z.int().max(9).default(5),
    cursor: z.string().optional(),
  }),
  output: z.looseObject({ success: z.literal(true) }),
  run: async () => ({ success: true as const, csv: PIECES[0], next_cursor: '1' }),
  async *download({ tag }) {
    if (tag === 'refused') throw new TidingsError('not_found', 'There is no such tag.');
    try {
      for (const piece of PIECES) {
        given += 1;
        yield piece;
        if (breaks) throw new TidingsError('conflict', 'The database went away.');
      }
    } finally {
      closed = true;
    }
  },
});

beforeEach(() => {
  given = 0;
  closed = false;
  breaks = false;
});

describe('a file over HTTP', () => {
  const get = (query = '', accept?: string) => {
    const { tidings } = fakeApp();
    (tidings.operations as unknown[]).unshift(exporting);
    return fakeApp({ tidings }).app.request(`/api/leads/export${query}`, {
      headers: accept ? { accept } : {},
    });
  };

  test.each([undefined, '*/*', 'text/csv', 'text/html,*/*;q=0.8'])(
    'is given whole for Accept: %s',
    async (accept) => {
      const response = await get('', accept);
      expect(response.headers.get('content-type')).toContain('text/csv');
      expect(response.headers.get('content-disposition')).toBe('attachment; filename="leads-export.csv"');
      expect(await response.text()).toBe(PIECES.join(''));
    },
  );

  test.each([
    ['', 'application/json'],
    ['?limit=2', '*/*'],
    ['?cursor=1', '*/*'],
  ])('is a page of JSON for %s with Accept: %s', async (query, accept) => {
    expect(await (await get(query, accept)).json()).toMatchObject({ success: true, next_cursor: '1' });
  });

  test('is refused as everything is, before it begins', async () => {
    expect((await get('?tag=refused')).status).toBe(404);
    expect((await get('?tga=x')).status).toBe(400);
  });

  test('is not read further than it is fetched, and no longer than somebody fetches it', async () => {
    const response = await get();
    const reader = response.body!.getReader();
    await reader.read();
    expect(given).toBeLessThan(PIECES.length);
    await reader.cancel();
    expect(closed).toBe(true);
  });

  test('that cannot be given to its end breaks off, and does not look whole', async () => {
    breaks = true;
    await expect((await get()).text()).rejects.toThrow();
  });
});

describe('a file at the command line', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidings-export-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const run = async (...argv: string[]) => {
    const fake = fakeHost();
    (fake.tidings.operations as unknown[]).push(exporting);
    const code = await runCli(argv, fake.host);
    return { ...fake.seen, code };
  };

  test('is what stands in the leads, character by character, in a pipe', async () => {
    expect((await run('leads', 'export')).out).toBe(PIECES.join(''));
    expect((await run('leads', 'export', '-')).out).toBe(PIECES.join(''));
  });

  test('is one document with --json', async () => {
    const { out } = await run('leads', 'export', '--json');
    expect(JSON.parse(out)).toEqual({ success: true, csv: PIECES.join('') });
    breaks = true;
    const broken = await run('leads', 'export', '--json');
    expect(JSON.parse(broken.out)).toMatchObject({ success: false, code: 'conflict' });
    expect(broken.code).toBe(1);
  });

  test('is written for its owner only, in place of the one before', async () => {
    const file = join(folder, 'leads.csv');
    writeFileSync(file, 'before');
    expect(await run('leads', 'export', file)).toMatchObject({ code: 0, out: `Written to ${file}.\n` });
    expect(readFileSync(file, 'utf8')).toBe(PIECES.join(''));
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  test('stays as it was when the new one does not come to its end', async () => {
    const file = join(folder, 'leads.csv');
    writeFileSync(file, 'before');
    breaks = true;
    expect((await run('leads', 'export', file)).code).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe('before');
    expect(readdirSync(folder)).toEqual(['leads.csv']);
  });

  test('is refused where a link or a folder stands', async () => {
    expect((await run('leads', 'export', folder)).code).toBe(2);
    expect(given).toBe(0);
  });
});
