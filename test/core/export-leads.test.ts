import { afterEach, expect, it } from 'vitest';
import { exportLeads } from '../../src/core/leads/export/export-leads.ts';
import { all } from '../../src/core/leads/filter/node.ts';
import { Selection } from '../../src/core/leads/filter/selection.ts';
import { importCsv } from '../../src/core/leads/import-csv.ts';
import type { ImportReport } from '../../src/core/leads/lead.schema.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { onPostgres } from '../support/database.ts';
import fc from '../support/property.ts';

type Core = Awaited<ReturnType<typeof openCore>>;
const open: Core[] = [];

async function emptyCore(): Promise<Core> {
  const core = await openCore([], freshFolder());
  open.push(core);
  return core;
}

afterEach(async () => {
  for (const core of open.splice(0)) {
    await core.close();
    removeFolder(core.folder);
  }
});

async function exported(core: Core): Promise<string> {
  let csv = '';
  for await (const piece of exportLeads(core.ledger, new Selection(all([])))) csv += piece;
  return csv;
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  // In pieces that cut lines and characters.
  const all = Buffer.from(text);
  for (let at = 0; at < all.length; at += 1_009) yield all.subarray(at, at + 1_009);
}

function imported(core: Core, csv: string, country: string | null = 'MX'): Promise<ImportReport> {
  return importCsv({ ledger: core.ledger, defaultCountry: country }, bytes(csv), { file: 'leads.csv' });
}

/** All that is told of leads and suppressions. */
async function state(core: Core): Promise<unknown> {
  const leads = await core.ledger.all(
    `SELECT id, name, first_name, last_name, email, phone, email_key, phone_key, position, company, notes, status, origin, tags,
       segment_id, created_at FROM leads WHERE deleted_at IS NULL ORDER BY seq`,
  );
  const metadata = await core.ledger.all<{ metadata: string }>(
    'SELECT metadata FROM leads WHERE deleted_at IS NULL ORDER BY seq',
  );
  const suppressions = await core.ledger.all(
    'SELECT channel, contact, reason, created_at, source FROM suppressions ORDER BY channel, contact',
  );
  return { leads, metadata: metadata.map((row) => JSON.parse(row.metadata)), suppressions };
}

/** @returns the export, which an import into an empty folder gives again, byte for byte */
async function roundTrip(core: Core): Promise<string> {
  const first = await exported(core);
  const other = await emptyCore();
  const report = await imported(other, first);
  expect(report).toMatchObject({ rejected: 0, updated: 0, unchanged: 0 });
  expect(await exported(other)).toBe(first);
  expect(await state(other)).toEqual(await state(core));
  // And where it comes from, it changes nothing.
  expect(await imported(core, first)).toMatchObject({ created: 0, updated: 0, rejected: 0 });
  expect(await exported(core)).toBe(first);
  return first;
}

const HARD = [
  ...[
    '=1+1',
    '+52 55',
    '-3',
    '@cmd',
    "'",
    "'=1",
    "''=1",
    '"',
    '""',
    '\t=x',
    'a\r\nb',
    '\r=x',
    'a\rb',
    '\n',
    'a\n=b',
  ],
  ...[
    ' nbsp ',
    '\u00a0',
    'a\u00a0',
    '\u202eעברית',
    '\u200b',
    '\ufeff',
    '＝1',
    'é',
    'e\u0301',
    '😀',
    '\ufffd',
    '🏳️‍🌈',
  ],
  ...[
    '0012',
    '5',
    '1e5',
    'true',
    'null',
    '{}',
    '[1]',
    '{"a":1}',
    '[',
    '{',
    '14155550100',
    '525512345678',
    '#',
    ';',
    ',',
  ],
  ...[
    'unsubscribed',
    'Unsubscribed',
    'bounced',
    'stop',
    'a|b',
    'a, b',
    'a ::: b',
    'rejected_line',
    '',
    ' ',
    '<b>',
  ],
];
const text = fc.oneof(fc.constantFrom(...HARD), fc.string({ unit: 'binary', maxLength: 12 }).map(clean));
function clean(value: string): string {
  return value.toWellFormed().replaceAll('\0', '');
}
const key = fc.oneof(
  fc.constantFrom(
    'City',
    'city',
    'CITY',
    'email',
    'Email',
    'phone',
    'id',
    'metadata',
    'tidings_json',
    'Status',
  ),
  fc.constantFrom(
    'status',
    'unsubscribed',
    'Opt out',
    'segment_id',
    '__proto__',
    'constructor',
    '',
    ' ',
    'a.b',
    '2024',
  ),
  text,
);
const value = fc.oneof(
  { weight: 3, arbitrary: text },
  fc.constantFrom<unknown>(5, -0.5, 1e21, true, false, null, '', [], {}, [null, ''], { a: { b: ['x', 1] } }),
);
const field = fc.option(text, { nil: null });
const lead = fc.record(
  {
    name: field,
    first_name: field,
    last_name: field,
    email: fc.oneof(
      fc.nat(40).map((n) => `Person.${n}@Example.com`),
      text,
    ),
    phone: fc.oneof(
      fc.constantFrom(
        '55 1234 5678',
        '+52 1 55 1234 5678',
        '+1 415 555 0132',
        '0011',
        '+54 11 2345 6789',
        '+44 7400 123456',
      ),
      text,
    ),
    position: field,
    company: field,
    notes: field,
    origin: field,
    status: fc.constantFrom('new', 'contacted', 'lost'),
    tags: fc.array(
      text.filter((tag) => tag.trim() !== ''),
      { maxLength: 4 },
    ),
    metadata: fc.dictionary(key, value, { maxKeys: 6 }),
  },
  { requiredKeys: [] },
);

it('what is exported and imported into an empty folder is exported again with the same bytes', async () => {
  let people = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(lead, { minLength: 1, maxLength: 12 }), fc.nat(), async (leads, seed) => {
      const core = await emptyCore();
      for (const [at, one] of leads.entries()) {
        const made = await core.call('leads.create', one).catch((error) => error);
        if (made instanceof Error) continue;
        people += 1;
        const { email_key, phone_key } = (await core.ledger.get<Record<string, string | null>>(
          'SELECT email_key, phone_key FROM leads WHERE id = ?',
          made.lead.id,
        ))!;
        const reason = ['unsubscribed', 'bounced', 'complained', 'opted_out'][(seed + at) % 4];
        if ((seed + at) % 3 === 0 && email_key)
          await core.call('suppressions.add', { channel: 'email', contact: email_key, reason });
        if ((seed + at) % 5 === 0 && phone_key)
          await core.call('suppressions.import', {
            csv: `contact,reason,source\n${phone_key},${reason},"=a\nb"\n`,
          });
      }
      await roundTrip(core);
      for (const opened of open.splice(0)) {
        await opened.close();
        removeFolder(opened.folder);
      }
    }),
    { numRuns: onPostgres ? 8 : 40, seed: 20_251_125 },
  );
  expect(people).toBeGreaterThan(onPostgres ? 10 : 100);
}, 120_000);

/** Rows by header, as a spreadsheet would show them. */
async function rowsOf(csv: string): Promise<Record<string, string>[]> {
  const { parse } = await import('csv-parse/sync');
  return parse(csv, { columns: true }) as Record<string, string>[];
}

it('a phone without a country code keeps its country, wherever it is imported', async () => {
  const core = await emptyCore();
  await core.call('leads.create', { name: 'Ana', phone: '55 1234 5678' });
  await core.call('leads.create', { name: 'Bo', phone: '+44 7400 123456' });
  const csv = await exported(core);
  expect((await rowsOf(csv)).map((row) => row['phone_country_code'])).toEqual(['MX', '']);
  for (const country of [null, 'US', 'BR']) {
    const other = await emptyCore();
    await imported(other, csv, country);
    expect(await exported(other)).toBe(csv);
  }
});

it('who must not be messaged travels: the same contacts are suppressed there, with reason, time and source', async () => {
  const core = await emptyCore();
  await imported(
    core,
    'Email,Phone,Status\nann@example.com,,unsubscribed\nbo@example.com,+525512345678,never subscribed\n',
  );
  await core.call('leads.create', { email: 'cy@example.com' });
  await core.call('suppressions.add', { channel: 'email', contact: 'cy@example.com', reason: 'complained' });
  const csv = await roundTrip(core);
  expect((await rowsOf(csv)).map((row) => [row['email_suppressed'], row['email_suppressed_source']])).toEqual(
    [
      ['unsubscribed', 'leads.csv: Status: unsubscribed'],
      ['not_opted_in', 'leads.csv: Status: never subscribed'],
      ['complained', ''],
    ],
  );
  // Also when somebody took the column away that says that it is an export.
  const other = await emptyCore();
  await imported(other, csv.replaceAll('tidings_json', 'x'));
  expect((await other.call('suppressions.list', {})).suppressions).toHaveLength(4);
});

it('what somebody adds to an export or changes in it is read as in any other file', async () => {
  const core = await emptyCore();
  for (const name of ['ann', 'bo', 'cy'])
    await core.call('leads.create', { name, email: `${name}@example.com` });
  const rows = (await exported(core)).trimEnd().split('\r\n');
  const edited = [
    `${rows[0]};Unsubscribed;Favourite colour`,
    `${rows[1]};yes;red`,
    `${rows[2]};;`,
    `${rows[3]};;`,
  ]
    .join('\n')
    .replaceAll('","', '";"')
    .replace('"cy"', '"Cy Miller"')
    .replace('"new"', '"Qualified"');
  const report = await imported(core, edited);
  expect(report).toMatchObject({ created: 0, updated: 2, unchanged: 1, suppressed: 1 });
  const { leads } = await core.call('leads.list', {});
  expect(leads.map((one: { name: string }) => one.name)).toEqual(['ann', 'bo', 'Cy Miller']);
  expect(leads[0]).toMatchObject({ status: 'qualified', metadata: { Favourite_colour: 'red' } });
  const { suppressions } = await core.call('suppressions.list', {});
  expect(suppressions).toMatchObject([{ contact: 'ann@example.com', reason: 'unsubscribed' }]);
});

it('the preview of an export shows its columns, and who said no', async () => {
  const core = await emptyCore();
  await core.call('leads.create', { email: 'ann@example.com', metadata: { City: 'Lima' } });
  await core.call('suppressions.add', { channel: 'email', contact: 'ann@example.com' });
  const other = await emptyCore();
  const preview = await other.call('leads.preview_import', { csv: await exported(core) });
  expect(preview).toMatchObject({
    rows: 1,
    notices: [],
    said_no: { unsubscribed: 1 },
    reach: { email: { said_no: 1 } },
  });
  const samples = preview.columns.map((one: { column: string; samples: { kept: string }[] }) => [
    one.column,
    one.samples[0]?.kept,
  ]);
  expect(samples).toEqual(
    expect.arrayContaining([
      ['email', 'ann@example.com'],
      ['metadata.City', 'Lima'],
    ]),
  );
});

it('a word in the column of suppressions that is no reason of ours suppresses all the same', async () => {
  const core = await emptyCore();
  await core.call('leads.create', { email: 'ann@example.com' });
  await core.call('suppressions.add', { channel: 'email', contact: 'ann@example.com', reason: 'opted_out' });
  const other = await emptyCore();
  await imported(other, (await exported(core)).replace('"opted_out"', '"asked us to stop"'));
  expect((await other.call('suppressions.list', {})).suppressions).toHaveLength(1);
});

it('values of keys that are too many or too long for columns stand in one column, and come back', async () => {
  const core = await emptyCore();
  const many = Object.fromEntries(Array.from({ length: 1_300 }, (_, at) => [`key ${at}`, at]));
  const long = {
    ['k'.repeat(300)]: 'long',
    'ann@example.com': 'a key like an address',
    note: 'n'.repeat(90_000),
  };
  await core.call('leads.create', { name: 'Ann', notes: 'x'.repeat(20_000), metadata: long });
  await core.call('leads.create', { name: 'Bo', metadata: many });
  const [header] = (await roundTrip(core)).split('\r\n');
  const columns = header!.split('","').filter((name) => name.startsWith('metadata.'));
  expect(columns).toHaveLength(1_000);
  expect(Math.max(...columns.map(({ length }) => length))).toBeLessThan(120);
});

it('leads that change, come or go while an export runs are in it whole, or not at all', async () => {
  const core = await emptyCore();
  const csv = Array.from({ length: 2_600 }, (_, at) => `p${at}@example.com,x\n`).join('');
  await imported(core, `email,City\n${csv}`);
  const pieces = exportLeads(core.ledger, new Selection(all([])));
  let text = (await pieces.next()).value as string;
  await core.call('leads.create', { email: 'too-late@example.com' });
  text += (await pieces.next()).value;
  const { leads } = await core.call('leads.list', { order: 'newest', limit: 3 });
  leads.shift();
  await core.call('leads.update', { lead_id: leads[0].id, metadata: { Newer: 'yes' } });
  await core.call('suppressions.add', { channel: 'email', contact: leads[0].email });
  await core.call('leads.delete', { lead_id: leads[1].id, and_suppress: true });
  for await (const piece of pieces) text += piece;
  const rows = await rowsOf(text);
  expect(rows).toHaveLength(2_599);
  expect(rows.at(-1)).toMatchObject({
    email: 'p2599@example.com',
    email_suppressed: 'unsubscribed',
    'metadata.City': '',
    metadata: '{"Newer":"yes"}',
  });
});

it('an export is given in pieces that do not grow with the number of leads', async () => {
  const core = await emptyCore();
  for (let batch = 0; batch < 3; batch++) {
    const rows = Array.from({ length: 3_000 }, (_, at) => `p${batch}-${at}@example.com,${'x'.repeat(300)}\n`);
    await imported(core, `email,Notes\n${rows.join('')}`);
  }
  const sizes: number[] = [];
  for await (const piece of exportLeads(core.ledger, new Selection(all([])))) sizes.push(piece.length);
  expect(sizes.length).toBeGreaterThan(6);
  expect(Math.max(...sizes)).toBeLessThan(1_500_000);
});

it('people who share a phone or have no contact at all stay as many as they were', async () => {
  const core = await emptyCore();
  for (const name of ['Ana', 'Ana López', 'Ana', null])
    await core.call('leads.create', { ...(name && { name }), phone: '+525512345678' });
  for (let at = 0; at < 3; at++) await core.call('leads.create', { name: 'Nobody' });
  const { lead: empty } = await core.call('leads.create', { name: 'Gone', notes: 'kept' });
  await core.call('leads.update', { lead_id: empty.id, name: null });
  expect(await rowsOf(await roundTrip(core))).toHaveLength(8);
});

it('an export that was imported can be taken back, and imported again', async () => {
  const core = await emptyCore();
  await core.call('leads.create', { email: 'ann@example.com' });
  await core.call('leads.create', { name: 'Nobody' });
  const csv = await exported(core);
  const other = await emptyCore();
  const { import_id } = await imported(other, csv);
  expect(await other.call('imports.undo', { import_id })).toMatchObject({ leads_removed: 2 });
  expect(await imported(other, csv)).toMatchObject({ created: 2, rejected: 0 });
});

it('pages are files of their own, and together they hold everybody', async () => {
  const core = await emptyCore();
  for (let at = 0; at < 5; at++)
    await core.call('leads.create', { email: `p${at}@example.com`, metadata: { [`k${at}`]: at } });
  const other = await emptyCore();
  let cursor: string | null | undefined;
  let pages = 0;
  while (cursor !== null) {
    const page = await core.call('leads.export', { limit: 2, ...(cursor && { cursor }) });
    await imported(other, page.csv);
    cursor = page.next_cursor;
    pages += 1;
  }
  expect(pages).toBe(3);
  expect(await exported(other)).toBe(await exported(core));
});

it('filters choose who is exported, and an unknown one is refused', async () => {
  const core = await emptyCore();
  await core.call('leads.create', { email: 'ann@example.com', tags: ['vip'] });
  await core.call('leads.create', { email: 'bo@example.com' });
  const page = await core.call('leads.export', { tag: 'VIP' });
  expect(page).toMatchObject({ leads: 1, next_cursor: null });
  expect((await rowsOf(page.csv))[0]).toMatchObject({ email: 'ann@example.com', tags: 'vip' });
  await expect(core.call('leads.export', { audience: 'x' })).rejects.toMatchObject({
    code: 'invalid_argument',
  });
});
