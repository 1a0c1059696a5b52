import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { createHttpApp } from '../../src/http/app.ts';
import { openTidings } from '../../src/open-tidings.ts';
import type { Tidings } from '../../src/tidings.ts';
import { freshFolder, quiet, removeFolder } from '../support/core.ts';
import { databaseEnv } from '../support/database.ts';
import { inlineRows, workbook } from '../support/workbook.ts';

let folder: string;
let tidings: Tidings;
let request: (path: string, init?: RequestInit) => Promise<Response>;

beforeEach(async () => {
  folder = freshFolder();
  tidings = await openTidings(readConfig(databaseEnv(folder)), quiet);
  const about = { version: '0', host: '127.0.0.1', port: () => 3000, apiKey: null, publicUrl: null };
  const app = createHttpApp({ tidings, log: quiet, ...about });
  request = async (path, init = {}) =>
    app.request(path, { ...init, headers: { host: 'localhost:3000', ...init.headers } });
});

afterEach(async () => {
  await tidings.close();
  removeFolder(folder);
});

const FILE = 'name,Nummer\nAna,55 1234 5678\n';

/** As the body, and as the one file of a form: what is said of it stands in the query. */
function sent(how: string, text: string): RequestInit {
  if (how === 'a body') return { method: 'POST', headers: { 'content-type': 'text/csv' }, body: text };
  const form = new FormData();
  form.append('file', new File([text], 'people.csv'));
  return { method: 'POST', body: form };
}

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
async function answer(path: string, init?: RequestInit): Promise<any> {
  return (await request(path, init)).json();
}

it.each(['a body', 'a form'])('what is said of a file that comes as %s holds for it', async (how) => {
  const query = 'map=Nummer=phone&country=mx';
  const preview = await answer(`/api/leads/preview-import?${query}`, sent(how, FILE));
  expect(preview.reach.whatsapp).toMatchObject({ reachable: 1 });
  expect(await answer('/api/leads')).toMatchObject({ total_count: 0 });
  const more = `${query}&tags=fair&tags=June&origin=Messe&file_name=people.csv`;
  const { import_id } = await answer(`/api/leads/import?${more}`, sent(how, FILE));
  expect(await answer(`/api/leads?import_id=${import_id}&country=MX`)).toMatchObject({
    leads: [{ phone: '55 1234 5678', tags: ['fair', 'June'], origin: 'Messe' }],
  });
  expect(await answer(`/api/imports/${import_id}`)).toMatchObject({ import: { file: 'people.csv' } });
});

it.each(['a body', 'a form'])('the reason and channel of a list that comes as %s are kept', async (how) => {
  const report = await answer(
    '/api/suppressions/import?channel=email&reason=bounced',
    sent(how, 'ana@example.com\n'),
  );
  expect(report).toMatchObject({ success: true });
  expect(await answer('/api/suppressions')).toMatchObject({
    suppressions: [{ channel: 'email', contact: 'ana@example.com', reason: 'bounced' }],
  });
});

it('what nobody knows about a file is refused before it is read', async () => {
  expect(await answer('/api/leads/import?tagss=x', sent('a body', FILE))).toMatchObject({
    error: 'unknown argument "tagss"; did you mean tags?',
  });
  expect(await answer('/api/leads')).toMatchObject({ total_count: 0 });
});

it('the rows that were not kept come back as a file of any length, to be corrected and sent again', async () => {
  const rows = Array.from({ length: 450 }, (_, at) => `Ana ${at},a${at}@example.com,too,many`);
  const { import_id } = await answer('/api/leads/import', sent('a body', `name,email\n${rows.join('\n')}\n`));
  const response = await request(`/api/imports/${import_id}/rows`, { headers: { accept: 'text/csv' } });
  expect(response.headers.get('content-type')).toContain('text/csv');
  const lines = (await response.text()).trim().split('\r\n');
  expect(lines).toHaveLength(451);
  expect(lines[0]).toContain('name');
  expect(lines[450]).toContain('a449@example.com');
  const corrected = lines.map((line) => line.replace(/,"?too"?,"?many"?$/, '')).join('\n');
  expect(await answer('/api/leads/import', sent('a body', corrected))).toMatchObject({ created: 450 });
});

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const people = inlineRows([
  ['Name', 'Email', 'Unsubscribed'],
  ['Ana', 'ana@example.com', ''],
  ['Bo', 'bo@example.com', 'yes'],
]);
const WORKBOOK = workbook({
  sheets: [
    { name: 'Read me', xml: inlineRows([['Made by us']]) },
    { name: 'People', xml: people },
  ],
});

/** A workbook, however it is called and declared. */
function sentAs(how: string): RequestInit {
  const body = new Uint8Array(WORKBOOK);
  if (how !== 'a form') return { method: 'POST', headers: { 'content-type': how }, body };
  const form = new FormData();
  form.append('file', new File([body], 'people.csv', { type: 'text/csv' }));
  return { method: 'POST', body: form };
}

it.each(['text/csv', 'application/octet-stream', XLSX, 'application/vnd.ms-excel', 'a form'])(
  'a workbook is imported as %s, looked at and taken back',
  async (how) => {
    const notice = expect.stringContaining('the sheet “People” was read. Not read: “Read me”');
    const preview = await answer('/api/leads/preview-import', sentAs(how));
    expect(preview).toMatchObject({
      rows: 2,
      reach: { email: { reachable: 1, said_no: 1 } },
      notices: [notice],
    });
    const report = await answer('/api/leads/import?tags=fair&file_name=people.xlsx', sentAs(how));
    expect(report).toMatchObject({ success: true, created: 2, suppressed: 1, notices: [notice] });
    expect(await answer('/api/imports')).toMatchObject({ imports: [{ file: 'people.xlsx', rows: 2 }] });
    expect(await answer('/api/suppressions')).toMatchObject({
      suppressions: [{ contact: 'bo@example.com' }],
    });
    await answer(`/api/imports/${report.import_id}/undo`, { method: 'POST' });
    expect(await answer('/api/leads')).toMatchObject({ total_count: 0 });
  },
);

it('a workbook is a list of who must not be messaged, too', async () => {
  const report = await answer('/api/suppressions/import', sentAs(XLSX));
  expect(report).toMatchObject({ created: 2, notices: [expect.stringContaining('“People” was read')] });
});

it('a CSV that is declared a workbook is a CSV', async () => {
  const csv = { method: 'POST', headers: { 'content-type': XLSX }, body: 'email\nana@example.com\n' };
  expect(await answer('/api/leads/import', csv)).toMatchObject({ created: 1, notices: [] });
});
