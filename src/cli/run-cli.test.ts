import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { fakeHost, ID } from '../../test/support/fake-host.ts';
import { TidingsError } from '../errors.ts';

const lead = { id: ID, name: 'Ana', email: 'ana@example.com', phone: null, company: '東京', status: 'new' };
const oneLead = { 'leads.list': () => ({ success: true, leads: [lead], next_cursor: null, total_count: 1 }) };
const refused = {
  'leads.get': () => {
    throw new TidingsError('not_found', 'There is no such lead.', {
      fix: (words) => `${words.operation('leads.list')} shows the leads there are.`,
    });
  },
};

describe('exit codes', () => {
  test('what was done is 0, and the data folder is closed again', async () => {
    const { run, seen } = fakeHost(oneLead);
    expect(await run('leads', 'list')).toBe(0);
    expect(seen).toMatchObject({ opened: 1, closed: 1 });
  });

  test('what was not found is 1, and the fix is a command that can be typed', async () => {
    const { run, seen } = fakeHost(refused);
    expect(await run('leads', 'get', ID)).toBe(1);
    expect(seen.err).toBe('Error: There is no such lead.\ntidings leads list shows the leads there are.\n');
    expect(seen).toMatchObject({ out: '', closed: 1 });
  });

  test.each([
    [['leads', 'list', '--limit', '0'], '--limit is 0: it has to be at least 1.'],
    [
      ['leads', 'list', '--limit', 'ten'],
      '--limit is "ten", which is not a number.\nGive a number, for example --limit 10.',
    ],
    [['leads', 'list', '--status', 'lots'], '--status is "lots"; did you mean lost?'],
    [['leads', 'get', 'x'], '<lead> is "x": that is no UUID.'],
    [['send', '--channel', 'email', '--audience', ID, '--message', ''], '--message is "": it is empty.'],
    [['send', '--wait', '1e10'], '--wait is 1e10.\nGive a number from 0 to 1,000,000,000.'],
    [['leads', 'get'], "missing required argument 'lead'"],
    [['leads', 'list', '--limt', '3'], "unknown option '--limt'\nDid you mean --limit?"],
    [['led'], "unknown command 'led'"],
    [['leads', 'lst'], "unknown command 'lst'\nDid you mean list?"],
    [['send', '--channel', 'email'], '--audience is missing.\nGive --audience (UUID of the audience).'],
    [['send', '--message', 'a', '--message-file', 'b'], 'Both --message and --message-file were given.'],
  ])('%j is wrong usage: 2, told in the words that were typed', async (argv, told) => {
    const { run, seen } = fakeHost();
    expect(await run(...argv)).toBe(2);
    expect(seen.err).toContain(told);
    expect(seen.out).toBe('');
  });

  test.each([
    [['leads', 'import', ''], 'The name of the file is empty.\nGive the path of a CSV'],
    [['leads', 'import', tmpdir()], `${tmpdir()} is a folder, not a file.\nGive the path of a CSV`],
    [['leads', 'import', 'nowhere.csv'], 'There is no file nowhere.csv.\nGive the path of a CSV'],
    [['send', '--message-file', tmpdir()], `${tmpdir()} is a folder, not a file.\nGive the path of a file.`],
    [['send', '--attach', tmpdir()], `${tmpdir()} is a folder, not a file.\nGive the path of a file.`],
  ])('%j names a file that is none: 1, told with its name and the way out', async (argv, told) => {
    const { run, seen } = fakeHost();
    expect(await run(...argv)).toBe(1);
    expect(seen.err).toContain(told);
  });

  test.each([
    ['all of them', 'There is no audience "all of them"; did you mean "All of them"?'],
    ['東京', 'There is no audience "東京".'],
  ])('an audience %j that is not there is told with the one that was meant', async (name, told) => {
    const audiences = [
      { id: ID, name: 'All of them' },
      { id: ID, name: '大阪' },
    ];
    const { run, seen } = fakeHost({
      'audience.list': () => ({ success: true, audiences, next_cursor: null }),
    });
    expect(await run('send', '--audience', name, '--channel', 'email', '--message', 'a')).toBe(2);
    expect(seen.err).toContain(told);
  });

  test('no command at all shows the help and is wrong usage', async () => {
    const { run, seen } = fakeHost();
    expect(await run()).toBe(2);
    expect(seen.err).toContain('Usage: tidings');
  });

  test('help and version are 0 and open no data folder', async () => {
    const { run, seen } = fakeHost();
    expect(await run('--version')).toBe(0);
    expect(await run('send', '--help')).toBe(0);
    expect(seen.out).toContain('1.2.3\n');
    expect(seen.out).toContain('Examples:');
    expect(seen.opened).toBe(0);
  });

  test('the host’s own exit code of serve is kept', async () => {
    const { run } = fakeHost();
    expect(await run('serve', '--port', '8080')).toBe(0);
    expect(await run('serve', '--port', '70000')).toBe(2);
  });

  test('doctor is 1 when a check fails, and a sandbox is no failure', async () => {
    const { run, host } = fakeHost();
    host.doctor = async () => ({ checks: [{ name: 'email', ok: null, detail: 'sandbox' }] });
    expect(await run('doctor')).toBe(0);
    host.doctor = async () => ({ checks: [{ name: 'email', ok: false, detail: 'no answer' }] });
    expect(await run('doctor')).toBe(1);
  });
});

describe('--json', () => {
  test('prints the answer as one document and nothing else', async () => {
    const { run, seen } = fakeHost(oneLead);
    expect(await run('leads', 'list', '--json')).toBe(0);
    expect(JSON.parse(seen.out)).toEqual(oneLead['leads.list']());
    expect(seen.err).toBe('');
  });

  test('an error is a document on standard output too, with its exit code', async () => {
    const { run, seen } = fakeHost(refused);
    expect(await run('leads', 'get', ID, '--json')).toBe(1);
    expect(JSON.parse(seen.out)).toEqual({
      success: false,
      error: 'There is no such lead.',
      code: 'not_found',
      fix: 'tidings leads list shows the leads there are.',
    });
    expect(seen.err).toBe('');
  });

  test.each([
    [['--json'], 'No command was named.'],
    [['leads', '--json'], 'No command was named.'],
    [['--json', 'leads', 'lst'], "unknown command 'lst'"],
    [['leads', 'list', '--nope', '--json'], "unknown option '--nope'"],
  ])('%j tells wrong usage as a document', async (argv, error) => {
    const { run, seen } = fakeHost();
    expect(await run(...argv)).toBe(2);
    expect(JSON.parse(seen.out)).toMatchObject({ success: false, error, code: 'invalid_argument' });
    expect(seen.err).toBe('');
  });

  test('an unexpected error does not show its insides', async () => {
    const { run, seen } = fakeHost({
      'leads.list': () => {
        throw new Error('SELECT secret');
      },
    });
    expect(await run('leads', 'list', '--json')).toBe(1);
    expect(JSON.parse(seen.out)).toMatchObject({ success: false, code: 'internal' });
    expect(seen.out).not.toContain('secret');
  });
});

describe('for people', () => {
  test('a list is an aligned table without colours in a pipe', async () => {
    const { run, seen } = fakeHost(oneLead);
    await run('leads', 'list');
    expect(seen.out.split('\n')).toEqual([
      `id${' '.repeat(36)}name  email            phone  company  status`,
      `${ID}  Ana   ana@example.com  –      東京     new`,
      '1 lead',
      '',
    ]);
    expect(seen.err).toBe('');
  });

  test('a terminal gets a table of its width, with the ids on lines of their own where it is narrow', async () => {
    const email = 'a.very.long.address@mail.example.com';
    const long = () => ({ success: true, leads: [{ ...lead, email }], next_cursor: null, total_count: 1 });
    const { run, seen, host } = fakeHost({ 'leads.list': long });
    for (const [columns, shown] of [
      [90, `${ID}  Ana   a.very.long.address@m…  –`],
      [70, `${ID}\n  Ana   ${email}  –`],
      [0, `${ID}  Ana   ${email}  –`],
    ] as const) {
      Object.assign(host.stdout, { isTTY: true, columns });
      seen.out = '';
      await run('leads', 'list');
      expect(seen.out).toContain(shown);
    }
  });

  test('help fits the terminal, but for what is to be copied whole', async () => {
    const { run, seen, host } = fakeHost();
    Object.assign(host.stdout, { isTTY: true, columns: 72 });
    for (const command of [[], ['send'], ['leads', 'import'], ['config'], ['keys', 'create']])
      expect(await run(...command, '--help')).toBe(0);
    const wide = seen.out.split('\n').filter((line) => line.length > 80 && !line.startsWith('  $ '));
    expect(wide).toEqual([]);
    expect(seen.out).toContain(
      '\nEvery command takes --help. The exit code is 0 when what was asked was\ndone,',
    );
  });

  test('a terminal gets colours, unless NO_COLOR is set', async () => {
    const { run, seen, host } = fakeHost(oneLead);
    host.stdout.isTTY = true;
    await run('leads', 'list');
    expect(seen.out).toContain('\u001b[1m');
    host.env['NO_COLOR'] = '1';
    seen.out = '';
    await run('leads', 'list');
    expect(seen.out).not.toContain('\u001b');
  });
});
