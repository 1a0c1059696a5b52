import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fakeHost, ID } from '../../test/support/fake-host.ts';
import { TidingsError } from '../errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidings-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));
const SEND = ['send', '--audience', ID, '--channel', 'whatsapp', '--message', 'Hi'];

function result(state: string, more: object = {}) {
  const totals = {
    total_sent: 2,
    total_failed: 1,
    total_skipped: 0,
    total_remaining: 0,
    total_in_audience: 3,
  };
  const base = { success: true, audience_id: ID, channel: 'whatsapp', ...totals, send_id: ID };
  return { ...base, campaign: 'default', state, mode: 'sandbox', next_step: 'Done.', ...more };
}

const sendCalls = (calls: readonly { name: string; input: Record<string, unknown> }[]) =>
  calls.filter(({ name }) => name === 'sendBulkMessages');

describe('send', () => {
  test('it sends by itself, and a send with some failed leads is done', async () => {
    const { run, seen, calls } = fakeHost({ sendBulkMessages: () => result('completed') });
    expect(await run(...SEND)).toBe(0);
    expect(seen.started).toBe(1);
    expect(sendCalls(calls)).toHaveLength(1);
    expect(seen.out).toContain('sent             2   66.7%');
    expect(seen.err).toBe('');
  });

  test('it calls again while the send runs, and puts leads back only once', async () => {
    const states = ['running', 'running', 'completed'];
    const { run, calls } = fakeHost({ sendBulkMessages: () => result(states.shift()!) });
    expect(await run(...SEND, '--retry', 'failed')).toBe(0);
    expect(sendCalls(calls).map(({ input }) => input['retry'])).toEqual(['failed', undefined, undefined]);
  });

  test('a scheduled send is done, says when it starts, and is not watched', async () => {
    const scheduled_at = new Date(Date.now() + 2 * 3_600_000).toISOString();
    const { run, seen, calls } = fakeHost({
      sendBulkMessages: (_input, { words }) => {
        const now = `${words.operation('sends.resume')} ${words.argument('schedule_at', 'now')}`;
        return result('scheduled', { scheduled_at, next_step: `${now} starts it at once.` });
      },
    });
    expect(await run(...SEND, '--schedule-at', '2026-08-01T09:00:00Z')).toBe(0);
    expect(sendCalls(calls).map(({ input }) => input['schedule_at'])).toEqual(['2026-08-01T09:00:00Z']);
    expect(seen.out).toContain(`Scheduled for ${scheduled_at.replace('.000Z', 'Z')} (in 2 h).`);
    expect(seen.out).toContain('tidings sends resume --schedule-at now starts it at once.');
  });

  test('one that is started by "now" is watched to its end, and the word is said once', async () => {
    const states = ['running', 'completed'];
    const { run, calls } = fakeHost({ sendBulkMessages: () => result(states.shift()!) });
    expect(await run(...SEND, '--schedule-at', 'now')).toBe(0);
    expect(sendCalls(calls).map(({ input }) => input['schedule_at'])).toEqual(['now', undefined]);
  });

  test('a time that is none is told in the words that were typed', async () => {
    const { run, seen } = fakeHost({
      sendBulkMessages: () => {
        throw new TidingsError(
          'invalid_argument',
          (words) => `${words.argument('schedule_at')} is "noon", which is not a date and time.`,
        );
      },
    });
    expect(await run(...SEND, '--schedule-at', 'noon')).toBe(2);
    expect(seen.err).toContain('Error: --schedule-at is "noon"');
  });

  test.each([
    [true, 0, 'Done.'],
    [false, 1, 'Nothing sends at the moment'],
  ])(
    'a wait that is over leaves a running send with its counts; whether another process sends it (%s) is the exit code',
    async (is_moving, code, next) => {
      const { run, seen } = fakeHost({
        sendBulkMessages: () => result('running'),
        'sends.get': () => ({ ...result('running'), is_moving, total_sent: 1, total_remaining: 1 }),
      });
      expect(await run(...SEND, '--wait', '0', '--json')).toBe(code);
      expect(JSON.parse(seen.out)).toMatchObject({
        ...{ state: 'running', total_sent: 1, total_remaining: 1 },
        next_step: expect.stringContaining(next),
      });
    },
  );

  test('a send that reached nobody of those it tried is not done, and says why; contacts are for a terminal', async () => {
    const nobody = () => result('completed', { total_sent: 0, total_failed: 2, total_skipped: 1 });
    const fake = fakeHost({
      sendBulkMessages: nobody,
      'sends.get': () => ({
        top_errors: [{ count: 2, status: 'failed', code: 'smtp_550', message: 'No such mailbox.' }],
      }),
      'sends.deliveries': () => ({
        deliveries: [
          { name: 'Ann', contact: 'ann@example.org', error_code: 'smtp_550', error: 'No such mailbox.' },
        ],
      }),
    });
    expect(await fake.run(...SEND)).toBe(1);
    expect(fake.seen.out).toMatch(/2 +failed +No such mailbox\./);
    expect(fake.seen.out).not.toContain('ann@example.org');
    Object.assign(fake.host.stdout, { isTTY: true });
    await fake.run(...SEND);
    expect(fake.seen.out).toContain('Ann, ann@example.org: No such mailbox.');
  });

  test('an audience may be named, where only one has the name', async () => {
    const audiences = ['Everybody', 'Twice', 'Twice'].map((name, at) => ({
      name,
      id: ID.replace(/1$/, `${at}`),
    }));
    const fake = fakeHost({
      sendBulkMessages: () => result('completed'),
      'audience.list': () => ({ audiences, next_cursor: null }),
    });
    const send = (name: string) =>
      fake.run('send', '--audience', name, '--channel', 'whatsapp', '--message', 'Hi');
    expect(await send('Everybody')).toBe(0);
    expect(sendCalls(fake.calls)[0]!.input['audience_id']).toBe(ID.replace(/1$/, '0'));
    expect(await send('Twice')).toBe(2);
    expect(fake.seen.err).toContain('2 audiences are called "Twice"');
    expect(await send('Nobody')).toBe(2);
    expect(fake.seen.err).toContain('There is no audience "Nobody"');
  });

  test('a send that stopped for something a person must mend is not done', async () => {
    const error = 'The relay refuses the password.';
    const { run, seen } = fakeHost({ sendBulkMessages: () => result('paused', { success: false, error }) });
    expect(await run(...SEND)).toBe(1);
    expect(seen.out).toContain(error);
  });

  test('the first Ctrl-C stops watching and tells what remains; npm passing it on again is no second one', async () => {
    const listeners = process.listenerCount('SIGINT');
    const { run, seen } = fakeHost({
      sendBulkMessages: () => {
        process.emit('SIGINT');
        process.emit('SIGINT');
        return result('running');
      },
      'sends.get': () => ({ ...result('running'), total_remaining: 1, top_errors: [] }),
    });
    expect(await run(...SEND)).toBe(1);
    expect(seen.err).toContain('Ctrl-C again leaves at once');
    expect(seen.out).toContain('run the same command again');
    expect(seen.closed).toBe(1);
    expect(process.listenerCount('SIGINT')).toBe(listeners);
  });

  test('a message comes from a file, without what editors add', async () => {
    const file = join(folder, 'offer.html');
    writeFileSync(file, '\ufeff<p>Hi</p>\n');
    const { run, calls } = fakeHost({ sendBulkMessages: () => result('completed') });
    await run('send', '--audience', ID, '--channel', 'email', '--subject', 'S', '--message-file', file);
    expect(calls[0]!.input).toMatchObject({ message: '<p>Hi</p>', subject: 'S' });
  });

  test('a message file that does not exist is named', async () => {
    const { run, seen } = fakeHost();
    expect(await run('send', '--audience', ID, '--message-file', join(folder, 'none'))).toBe(1);
    expect(seen.err).toContain('none cannot be used: there is no such file.');
    expect(await run('send', '--audience', ID, '--message-file', folder)).toBe(1);
    expect(seen.err).toContain(`${folder} is a folder, not a file.`);
  });
});

describe('leads import', () => {
  const file = join(folder, 'people.csv');
  writeFileSync(file, 'name\nAna\nbad\n');

  test('rows that are not kept go to a file beside it, which is named', async () => {
    const { run, seen } = fakeHost();
    expect(await run('leads', 'import', file, '--json')).toBe(0);
    const rejects_file = join(folder, 'people.rejects.csv');
    expect(JSON.parse(seen.out)).toMatchObject({ rows: 2, created: 1, rejected: 1, rejects_file });
    expect(readFileSync(rejects_file, 'utf8')).toBe('reason,name\nno,bad\n');
    expect(seen.err).toBe('');
  });

  test('no rejects, no file; standard input is read with -', async () => {
    const { run, seen } = fakeHost();
    expect(await run('leads', 'import', '-', '--rejects', join(folder, 'unused.csv'))).toBe(0);
    expect(seen.out).toBe(
      'column  read as\nname    name\nmail    email\n\n1 row: 1 created, 0 updated, 0 unchanged, 0 rejected\n',
    );
    expect(() => readFileSync(join(folder, 'unused.csv'))).toThrow('ENOENT');
  });

  test('a missing file and a folder are told apart before the data folder is opened', async () => {
    const { run, seen } = fakeHost();
    expect(await run('leads', 'import', join(folder, 'none.csv'))).toBe(1);
    expect(await run('leads', 'import', folder)).toBe(1);
    expect(seen.err).toMatch(/There is no file .*none\.csv\.\n.*\nError: .* is a folder, not a file\./);
    expect(seen.opened).toBe(0);
  });

  test('a place for rejects that cannot be written, or is the file itself, is refused first', async () => {
    const { run, seen } = fakeHost();
    expect(await run('leads', 'import', file, '--rejects', join(folder, 'no/where.csv'))).toBe(2);
    expect(await run('leads', 'import', file, '--rejects', file)).toBe(2);
    expect(seen.opened).toBe(0);
  });
});
