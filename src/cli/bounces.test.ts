import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { failed, letter, RETURNED } from '../../test/support/bounce-mails.ts';
import { fakeHost } from '../../test/support/fake-host.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidings-bounces-'));
afterAll(() => rmSync(folder, { recursive: true }));
const bounce = join(folder, 'bounce.eml');
writeFileSync(bounce, failed('550 5.1.1 user unknown'));
const empty = join(folder, 'empty.eml');
writeFileSync(empty, '');
const box = join(folder, 'box.mbox');
const LINE = 'From x Tue Nov  3 10:00:00 2026\n';
writeFileSync(box, `${LINE}${failed('552 over quota')}\n${LINE}${letter('Hello', RETURNED)}\n`);

const JUDGED = {
  kind: 'hard',
  recipients: ['leo@example.net'],
  status: '5.1.1',
  reason: 'userunknown',
  delivery: '0199a1c2111170008000000000000001.1z',
};

test('a mail is judged without a data folder', async () => {
  const { run, seen } = fakeHost();
  expect(await run('bounces', 'read', bounce, '--json')).toBe(0);
  expect(JSON.parse(seen.out)).toEqual(JUDGED);
  expect(seen.opened).toBe(0);
});

test('a mail comes by standard input, too', async () => {
  const { run, seen, host } = fakeHost();
  const input = async function* () {
    yield failed('550 5.1.1 user unknown');
  };
  Object.assign(host, { stdin: input() });
  expect(await run('bounces', 'read', '-', '--json')).toBe(0);
  expect(JSON.parse(seen.out)).toEqual(JUDGED);
});

test('of an mbox, and of several files, each mail is judged', async () => {
  const { run, seen } = fakeHost();
  expect(await run('bounces', 'read', box, bounce, '--json')).toBe(0);
  const { mails } = JSON.parse(seen.out);
  expect(mails.map((one: { file: string; kind: string }) => [one.file, one.kind])).toEqual([
    [box, 'soft'],
    [box, 'none'],
    [bounce, 'hard'],
  ]);
});

test('people read what it means', async () => {
  const { run, seen } = fakeHost();
  expect(await run('bounces', 'read', bounce)).toBe(0);
  expect(seen.out).toContain('leo@example.net');
  expect(seen.out).toContain('Nobody is there');
});

test('a file that is not there or empty is told, and so is none at all', async () => {
  for (const [argv, code] of [
    [[join(folder, 'none.eml')], 1],
    [[empty], 1],
    [[], 2],
  ] as const) {
    const { run, seen } = fakeHost();
    expect(await run('bounces', 'read', ...argv, '--json')).toBe(code);
    expect(JSON.parse(seen.out)).toMatchObject({ success: false });
  }
});
