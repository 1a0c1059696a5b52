import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import { openCore, quiet, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const LEADS = 1_200;
let core: Awaited<ReturnType<typeof openCore>>;
let send_id: string;

beforeAll(async () => {
  const sender = new FakeSender('email', 64);
  core = await openCore([sender]);
  sender.answer = ({ contact }) =>
    contact.startsWith('p7@')
      ? { type: 'permanent', code: 'smtp_550', message: 'no such mailbox', said: '=HYPERLINK("http://x")' }
      : undefined;
  const leads = Array.from({ length: LEADS }, (_, at) => ({
    name: at === 3 ? '=1+1, "Ana"' : `Person ${at}`,
    ...(at !== 5 && { email: `p${at}@example.com` }),
  }));
  for (let at = 0; at < LEADS; at += 1_000)
    await core.call('leads.import', { leads: leads.slice(at, at + 1_000) });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  core.dispatcher.start();
  ({ send_id } = await core.call('sendBulkMessages', {
    ...{ audience_id, channel: 'email', subject: 'S', message: 'M' },
  }));
  while ((await core.call('sends.get', { send_id })).state !== 'completed')
    await new Promise((resolve) => setTimeout(resolve, 20));
});
afterAll(async () => {
  await core.close();
  removeFolder(core.folder);
});

const fetchFile = async (query: string, accept = 'text/html') => {
  const app = createHttpApp({
    ...{ tidings: core.tidings, version: '0.0.0-test', host: '127.0.0.1', port: () => 3000 },
    ...{ apiKey: null, publicUrl: null, log: quiet },
  });
  return app.request(`/api/sends/${send_id}/export${query}`, { headers: { accept } });
};

it('the deliveries of a send are one file: a row for each lead, as many as there are, and nothing in it is a formula', async () => {
  const answer = await fetchFile('');
  expect(answer.headers.get('content-type')).toContain('text/csv');
  expect(answer.headers.get('content-disposition')).toContain('sends-export.csv');
  const lines = (await answer.text()).trimEnd().split('\r\n');
  expect(lines.length).toBe(1 + LEADS);
  expect(lines[0]).toBe(
    '"lead_id","name","contact","send_status","attempts","error_code","error","provider_said","sent_at"',
  );
  expect(new Set(lines.map((line) => line.split(',')[0])).size).toBe(1 + LEADS);
  expect(lines[4]).toContain(`"'=1+1, ""Ana"""`);
  expect(lines[8]).toContain(`"failed","1","smtp_550","no such mailbox","'=HYPERLINK(""http://x"")",""`);
});

it('only of a status or for a reason, and in pages for whoever asks for JSON', async () => {
  const missed = (await (await fetchFile('?status=skipped')).text()).trimEnd().split('\r\n');
  expect(missed.length).toBe(2);
  expect(missed[1]).toContain('"missing_email"');
  const refused = (await (await fetchFile('?code=smtp_550')).text()).trimEnd().split('\r\n');
  expect(refused.length).toBe(2);
  let csv = '';
  let cursor: string | undefined;
  do {
    const page = await core.call('sends.export', { send_id, limit: 500, cursor });
    csv += page.csv;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  expect(csv).toBe(await (await fetchFile('')).text());
});

it('a status that there is not is told, and is no empty file', async () => {
  const answer = await fetchFile('?status=wrong');
  expect(answer.status).toBe(400);
});
