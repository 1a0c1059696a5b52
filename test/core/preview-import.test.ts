import { afterEach, beforeEach, expect, it } from 'vitest';
import { TABLES } from '../../src/ledger/schema/tables.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';

const FILE = [
  'Contact mail,Full name,Mobile,Marketing status,Shoe size',
  'ana@example.com,Ana Ruiz,+52 55 1234 5678,subscribed,38',
  'bo@example.com,Bo,,unsubscribed,',
  'ana@example.com,Ana Ruiz,,subscribed,39',
  'cy@example.com,Cy,12,subscribed,40',
  'known@example.com,Kim,,subscribed,41',
  'no@example.com,Noor,,subscribed,42',
].join('\n');

let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;

beforeEach(async () => {
  folder = freshFolder();
  core = await openCore([], folder);
  await core.call('leads.create', { email: 'known@example.com' });
  await core.call('suppressions.add', { contact: 'no@example.com', channel: 'email' });
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

async function everything() {
  const rows: Record<string, unknown[]> = {};
  for (const { name } of TABLES) rows[name] = await core.ledger.all(`SELECT * FROM ${name}`);
  return rows;
}

it('a preview tells what an import would do, and stores nothing', async () => {
  const before = await everything();
  const preview = await core.call('leads.preview_import', { csv: FILE });
  expect(await everything()).toEqual(before);
  expect(preview).toMatchObject({
    rows: 6,
    rejected: 0,
    known: 1,
    duplicates: 1,
    said_no: { unsubscribed: 1 },
    reach: {
      email: { reachable: 4, said_no: 2, without_contact: 0 },
      whatsapp: { reachable: 1, said_no: 0, without_contact: 5 },
    },
    warnings: [{ line: 5 }],
  });
  // What is none of our fields stands first.
  expect(preview.columns[0]).toEqual({
    column: 'Shoe size',
    field: 'metadata.Shoe_size',
    is_mapped: false,
    samples: [
      { given: '38', kept: '38' },
      { given: '39', kept: '39' },
      { given: '40', kept: '40' },
    ],
  });
  const mobile = preview.columns.find(({ column }: { column: string }) => column === 'Mobile');
  expect(mobile.samples[0]).toEqual({ given: '+52 55 1234 5678', kept: '+525512345678' });
});

it('it is what the import then comes to', async () => {
  const preview = await core.call('leads.preview_import', { csv: FILE });
  const report = await core.call('leads.import', { csv: FILE, tags: ['fair'], origin: 'Messe' });
  expect(report.rows).toBe(preview.rows);
  expect(report.suppressed).toBe(preview.said_no.unsubscribed);
  expect(report.created).toBe(preview.rows - preview.known - preview.duplicates - preview.rejected);
  const { total_count } = await core.call('audience.count', { reachable: 'email' });
  // Ana stands in it twice and is one lead.
  expect(total_count).toBe(preview.reach.email.reachable - preview.duplicates);
});

it('tags and origin of an import are those of its leads, also of those that were known', async () => {
  await core.call('leads.import', { csv: FILE, tags: ['fair', 'June'], origin: 'Messe' });
  const { leads } = await core.call('leads.list', { tag: 'fair' });
  expect(leads).toHaveLength(5);
  for (const lead of leads) expect(lead).toMatchObject({ tags: ['fair', 'June'], origin: 'Messe' });
});

it('phones are of the given country, and columns are read as said', async () => {
  const csv = 'name,number,note\nAna,11 95555-0103,x@example.com\n';
  const given = { csv, country: 'br', map: { number: 'phone', note: 'email' } };
  expect((await core.call('leads.preview_import', given)).reach).toMatchObject({
    email: { reachable: 1 },
    whatsapp: { reachable: 1 },
  });
  await core.call('leads.import', given);
  const { leads } = await core.call('leads.list', { search: 'x@example.com' });
  expect(leads[0]).toMatchObject({ name: 'Ana', email: 'x@example.com' });
});

it.each([
  [{ map: { Nummer: 'phone' } }, /The file has no column "Nummer"/],
  [{ map: { 'Full nmae': 'name' } }, /no column "Full nmae"; did you mean Full name\?/],
  [{ map: { 'Full name': 'nmae' } }, /"nmae" is no field .*; did you mean name\?/],
  [{ country: 'XX' }, /country is "XX"/],
])('%j is refused, and nothing is stored', async (more, words) => {
  const before = await everything();
  await expect(core.call('leads.preview_import', { csv: FILE, ...more })).rejects.toThrow(words);
  await expect(core.call('leads.import', { csv: FILE, ...more })).rejects.toThrow(words);
  expect((await everything())['leads']).toEqual(before['leads']);
});

it('people who never said yes are let in by one flag, people who said no are not', async () => {
  const csv = 'email,Newsletter\nana@example.com,No\nbo@example.com,unsubscribed\n';
  const email = async (more: object) =>
    (await core.call('leads.preview_import', { csv, ...more })).reach.email;
  expect(await email({})).toMatchObject({ reachable: 0, said_no: 2 });
  expect(await email({ include_unconfirmed: true })).toMatchObject({ reachable: 1, said_no: 1 });
});
