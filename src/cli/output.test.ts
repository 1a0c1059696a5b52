import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeHost, ID } from '../../test/support/fake-host.ts';
import { TidingsError } from '../errors.ts';
import { Output } from './output.ts';

function output({
  columns,
  isTTY = true,
  json = false,
}: {
  columns?: number;
  isTTY?: boolean;
  json?: boolean;
}) {
  const { host, seen } = fakeHost();
  for (const stream of [host.stdout, host.stderr])
    Object.assign(stream, { isTTY, columns, cursorTo() {}, clearLine() {} });
  return { out: new Output(host, json), seen };
}

describe('what goes on for long', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is told into a pipe or file every ten seconds, with its rate and the time that is left', () => {
    const { out, seen } = output({ isTTY: false });
    const bar = out.bar('Sending');
    for (let second = 0; second <= 25; second++) {
      bar.update(second * 100, 10_000, second > 15 ? '3 failed' : '');
      vi.advanceTimersByTime(1_000);
    }
    bar.stop();
    expect(seen.err.split('\n')).toEqual([
      'Sending: 1,000 of 10,000, 100/s, 2 min left',
      'Sending: 2,000 of 10,000, 100/s, 80 s left, 3 failed',
      '',
    ]);
    expect(seen.out).toBe('');
  });

  it('is a bar in a terminal, with its rate and the time that is left, in a line of it', () => {
    const { out, seen } = output({ columns: 80 });
    const bar = out.bar('Sending');
    bar.update(0, 10_000);
    vi.advanceTimersByTime(4_000);
    bar.update(2_500, 10_000);
    bar.stop();
    expect(seen.err).toMatch(/Sending █+░+ 25% {2}2,500 of 10,000 {2}625\/s, 12 s left/);
    expect(seen.out).toBe('');
  });

  it('leaves out what a line has no room for, rather than have it cut within a word', () => {
    const { out, seen } = output({ columns: 80 });
    const bar = out.bar('Sending whatsapp ');
    bar.update(0, 1_000);
    vi.advanceTimersByTime(2_000);
    bar.update(1_000, 1_000, '866 sent, 0 failed, 134 skipped');
    bar.stop();
    expect(seen.err).toMatch(/1,000 of 1,000 {2}500\/s, 866 sent\P{L}/u);
  });

  it('tells the rate alone when all is done, and what came of it', () => {
    const { out, seen } = output({ columns: 80 });
    const bar = out.bar('Sending whatsapp ');
    bar.update(0, 1_000);
    vi.advanceTimersByTime(2_000);
    bar.update(1_000, 1_000, '866 sent');
    bar.stop();
    expect(seen.err).toMatch(/100% {2}1,000 of 1,000 {2}500\/s, 866 sent/);
    expect(seen.out).toBe('');
  });

  it('is nothing beside a document for programs', () => {
    const { out, seen } = output({ json: true });
    const bar = out.bar('Sending');
    bar.update(0, 10);
    vi.advanceTimersByTime(60_000);
    bar.update(5, 10);
    bar.stop();
    expect(seen.err + seen.out).toBe('');
  });
});

it('a table fits 80 columns: an id in any column stays whole, on a line of its own, and times are cut to the minute', () => {
  const { out } = output({ columns: 80 });
  const at = '2026-11-26T20:12:24.520Z';
  const header = ['at', 'who', 'client', 'operation', 'subject', 'answer'];
  const row = [at, 'this machine', null, 'sendBulkMessages', ID, 'done'];
  expect(out.table(header, [row]).split('\n').slice(2)).toEqual([
    ID,
    `  ${at}  this machine  –       sendBulkMessages  done`,
  ]);
  const audience = out.table(['id', 'name', 'created'], [[ID, 'People who came last year', at]]);
  expect(audience.split('\n')[1]).toBe(`${ID}  People who came last y…  2026-11-26T20:12Z`);
  const listed = [ID, 'People who came last year', 8, 'ready', at];
  const list = out.table(['id', 'name', 'leads', 'status', 'created'], [listed]);
  expect(list.split('\n')[1]).toBe(`${ID}  People who cam…      8  ready   2026-11-26`);
  expect(output({ isTTY: false }).out.table(header, [row])).toContain(at);
});

it('a result that cannot be written, as on a full disk, is a failure in words', async () => {
  const { host, seen, run } = fakeHost({
    'leads.list': () => ({ success: true, leads: [], total_count: 0 }),
  });
  let fail = (_: Error) => {};
  const on = (event: string, told: (error: Error) => void) => {
    if (event === 'error') fail = told;
  };
  const write = () => {
    process.nextTick(() => fail(Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC' })));
    return true;
  };
  Object.assign(host.stdout, { on, write });
  expect(await run('leads', 'list')).toBe(1);
  expect(seen.err).toBe('Error: The disk is full.\nFree some space, and run it again.\n');
});

it('prose and fields break between words at the width of the terminal; a command stays one line', async () => {
  const { host, seen } = fakeHost();
  Object.assign(host.stdout, { isTTY: true, columns: 40 });
  Object.assign(host.stderr, { isTTY: true, columns: 40 });
  const out = new Output(host, false);
  const command = 'Waits for approval: tidings sends approve 123-456 --count 3000';
  out.result({}, () =>
    [
      'notice  The same call made this before; this is another one.',
      'Done. To message these people again, use a new campaign.',
      command,
    ].join('\n'),
  );
  expect(seen.out.split('\n')).toEqual([
    'notice  The same call made this before;',
    '        this is another one.',
    'Done. To message these people again, use',
    'a new campaign.',
    command,
    '',
  ]);
  out.line('Made the audience "Everybody in the demo" of 1.');
  expect(seen.out.endsWith('Made the audience "Everybody in the\ndemo" of 1.\n')).toBe(true);
  out.failure(
    new TidingsError('conflict', 'Another program uses port 4111 already.', {
      fix: 'Set PORT to a free port, or stop it.',
    }),
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
  expect(seen.err.replaceAll(/\u001b\[\d+m/g, '')).toBe(
    'Error: Another program uses port 4111\nalready.\nSet PORT to a free port, or stop it.\n',
  );
});
