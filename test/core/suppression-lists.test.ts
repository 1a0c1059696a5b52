import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PLAIN_WORDS } from '../../src/words.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';

let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;

beforeEach(async () => {
  folder = freshFolder();
  core = await openCore([], folder);
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

const read = (csv: string, more: object = {}) => core.call('suppressions.import', { csv, ...more });
const all = async () =>
  (await core.call('suppressions.list', { limit: 200 })).suppressions.map(
    ({ channel, contact, reason }: Record<string, string>) => `${channel} ${contact} ${reason}`,
  );

async function exported(limit = 3): Promise<string> {
  let csv = '';
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await core.call('suppressions.export', { limit, ...(cursor && { cursor }) });
    csv += page.csv;
    cursor = page.next_cursor;
  }
  return csv;
}

describe('a list of contacts', () => {
  it.each([
    [
      'one in each line',
      'ann@example.com\n+52 55 1234 5678\n',
      ['email ann@example.com unsubscribed', 'whatsapp +525512345678 unsubscribed'],
    ],
    ['with a header nobody knows', 'Sperrliste\nAnn@Example.com\n', ['email ann@example.com unsubscribed']],
    [
      'of a mail provider',
      'status,reason,email,created\n5.1.1,550 no such user,bob@example.com,1700000000\n',
      ['email bob@example.com unsubscribed'],
    ],
    [
      'with reason, channel and date',
      'contact,channel,reason,created_at\nann@example.com,email,complained,2024-01-02T03:04:05.000Z\n+525512345678,sms,Opted out,\n',
      ['email ann@example.com complained', 'whatsapp +525512345678 opted_out'],
    ],
    [
      'with both kinds of contacts, and people of the house',
      'Email,Phone,Owner Email,Unsubscribe Reason\nann@example.com,+525512345678,me@shop.example,Spam complaint\n',
      ['email ann@example.com complained', 'whatsapp +525512345678 complained'],
    ],
    [
      'of IDN domains and apostrophes',
      "email\njose@müller.example\n'vic@example.com\n",
      ['email jose@xn--mller-kva.example unsubscribed', 'email vic@example.com unsubscribed'],
    ],
  ])('%s is suppressed', async (_, csv, expected) => {
    expect(await read(csv)).toMatchObject({ created: expected.length, rejected: 0 });
    expect(await all()).toEqual(expected);
  });

  it('with rows that hold no contact tells them, and takes the others', async () => {
    const report = await read('email\nann@example.com\nnobody\n\nbob@\n');
    expect(report).toMatchObject({ rows: 3, created: 1, rejected: 2 });
    expect(report.rejects.map(({ line }: { line: number }) => line)).toEqual([3, 5]);
    const { csv } = await core.call('imports.rows', { import_id: report.import_id });
    expect(csv).toContain('"bob@"');
    expect(await read(csv.replace('bob@', 'bob@example.com'))).toMatchObject({ created: 1, rejected: 1 });
    await expect(read('\n')).rejects.toMatchObject({ code: 'invalid_file' });
    await expect(core.call('suppressions.import', {})).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('twice changes nothing, keeps the weightier reason, and is taken back like any import', async () => {
    await core.call('suppressions.add', {
      channel: 'email',
      contact: 'own@example.com',
      reason: 'complained',
    });
    const list = 'own@example.com\nann@example.com\nANN@example.com\n';
    const first = await read(list, { reason: 'bounced' });
    expect(first).toMatchObject({ created: 1, unchanged: 2 });
    const before = await exported();
    const second = await read(list, { reason: 'bounced' });
    expect(second).toMatchObject({ created: 0, unchanged: 3 });
    expect(await exported()).toBe(before);
    const cli = { caller: { door: 'cli', words: PLAIN_WORDS } } as const;
    await core.call('imports.undo', { import_id: first.import_id }, cli);
    expect(await all()).toEqual(['email ann@example.com bounced', 'email own@example.com complained']);
    await core.call('imports.undo', { import_id: second.import_id }, cli);
    expect(await all()).toEqual(['email own@example.com complained']);
  });

  it('holds for a person who was erased before, by the hash', async () => {
    await core.call('leads.create', { name: 'Ann', email: 'ann@example.com' });
    await core.call('person.erase', { contact: 'ann@example.com' });
    await read('ann@example.com\n');
    expect(await all()).toEqual(['email erased unsubscribed']);
    expect(await exported()).not.toContain('ann@');
    await core.call('leads.create', { email: 'ann@example.com', restore_erased: true });
    expect(await all()).toEqual(['email ann@example.com unsubscribed']);
  });
});

it('who says no beside an import is heard when that is taken back, also of a person who was erased meanwhile', async () => {
  const cli = { caller: { door: 'cli', words: PLAIN_WORDS } } as const;
  const file = await core.call('leads.import', { csv: 'Email,Status\nann@example.com,complained\n' });
  await core.call('suppressions.add', { channel: 'email', contact: 'ann@example.com', reason: 'bounced' });
  await core.call('person.erase', { contact: 'ann@example.com' });
  expect(await core.call('imports.undo', { import_id: file.import_id }, cli)).toMatchObject({
    suppressions_ended: 0,
    suppressions_kept: 1,
  });
  expect(await all()).toEqual(['email erased bounced']);
  await core.call('leads.create', { email: 'ann@example.com', restore_erased: true });
  expect(await all()).toEqual(['email ann@example.com bounced']);
});

it('an export imports again unchanged: exported from there, it is the same bytes', async () => {
  await read(
    'contact,reason,created_at,source\n=x@example.com,bounced,2024-01-02T03:04:05.678Z,"a ""b"", c"\n',
  );
  await read('+525512345678\nann@example.com\nbob@example.com\ncid@example.com\n');
  const csv = await exported();
  expect(csv.trim().split('\r\n')).toHaveLength(6);
  const other = await openCore([]);
  const here = core;
  core = other;
  try {
    expect(await read(csv)).toMatchObject({ created: 5, rejected: 0 });
    expect(await exported(1_000)).toBe(csv);
  } finally {
    core = here;
    await other.close();
    removeFolder(other.folder);
  }
});
