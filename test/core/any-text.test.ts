import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { insertAudience } from '../../src/core/audiences/audience.store.ts';
import { resumeBuilding } from '../../src/core/audiences/build-audience.ts';
import { LeadImport } from '../../src/core/leads/import-leads.ts';
import { createHttpApp } from '../../src/http/app.ts';
import { openTidings } from '../../src/open-tidings.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { databaseEnv } from '../support/database.ts';
import { FakeSender } from '../support/fake-sender.ts';
import fc from '../support/property.ts';

let folder: string;
beforeEach(() => {
  folder = freshFolder();
});
afterEach(() => removeFolder(folder));

const HALF = 'cut emoji \ud83d';
const FILTERS = ['segment_id', 'campaign_id', 'assignee_id'] as const;

describe('text that is none', () => {
  it('is refused or mended at the doors, in names and values at any depth, and breaks no filter', async () => {
    const tidings = await openTidings(readConfig(databaseEnv(folder)), quiet);
    const about = { version: '0', host: '127.0.0.1', port: () => 3000, apiKey: null, publicUrl: null };
    const app = createHttpApp({ tidings, log: quiet, ...about });
    const post = (path: string, body: object | string) =>
      app.request(path, {
        method: 'POST',
        headers: { host: 'localhost:3000', 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    try {
      const character = fc.constantFrom(
        '\ud83d',
        '\ude00',
        '\0',
        'a',
        'é',
        '\u2028',
        '\\',
        '"',
        '\uffff',
        '\\u0000',
      );
      const text = fc.array(character, { maxLength: 6 }).map((parts) => parts.join(''));
      const name = fc.oneof(text, fc.constantFrom('__proto__', 'constructor', ...FILTERS));
      const value = fc.letrec((tie) => ({
        any: fc.oneof(
          { depthSize: 'small' },
          text,
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.constantFrom(1e308, -0, true, null, 'x'.repeat(300)),
          fc.array(tie('any'), { maxLength: 3 }),
          fc.dictionary(name, tie('any'), { maxKeys: 3 }),
        ),
      })).any;
      const lead = fc.record({
        name: text,
        notes: text,
        metadata: fc.dictionary(name, value, { maxKeys: 4 }),
      });
      await fc.assert(
        fc.asyncProperty(lead, async (given) => {
          const { status } = await post('/api/leads', { ...given, email: `a${Math.random()}@example.com` });
          expect([200, 400]).toContain(status);
        }),
        { numRuns: 150 },
      );
      await post('/api/leads', { name: 'Ana', metadata: { note: HALF, segment_id: 'vip' } });
      // What is no JSON number, or is given twice, is the same on both databases: JavaScript has read it.
      const odd = await post(
        '/api/leads',
        '{"name":"Bo","metadata":{"segment_id":"b","segment_id":"c","n":1e400}}',
      );
      expect(odd.status).toBe(400);
      expect(
        (await post('/api/leads', '{"name":"Bo","metadata":{"segment_id":"b","segment_id":"vip"}}')).status,
      ).toBe(200);
      for (const filter of FILTERS) {
        const got = await app.request(`/api/leads?${filter}=vip`, { headers: { host: 'localhost:3000' } });
        expect(await got.json()).toMatchObject({
          success: true,
          total_count: filter === 'segment_id' ? 2 : 0,
        });
        const made = await post('/api/audiences', { name: filter, [filter]: 'vip' });
        expect(await made.json()).toMatchObject({
          status: 'ready',
          total_count: filter === 'segment_id' ? 2 : 0,
        });
      }
      const refused = await post('/api/leads', { name: 'Ana', metadata: { deep: [{ 'half \ud83d': 1 }] } });
      expect(await refused.json()).toMatchObject({ code: 'invalid_argument' });
      const nul = await post('/api/leads', { name: 'Ana', metadata: { deep: [{ 'nul \0': 1 }] } });
      expect(await nul.json()).toMatchObject({ code: 'invalid_argument' });
    } finally {
      await tidings.close();
    }
  });
});

describe('metadata', () => {
  let core: Awaited<ReturnType<typeof openCore>>;
  beforeEach(async () => {
    core = await openCore([new FakeSender('email')], folder);
  });
  afterEach(() => core.close());
  const foundBy = async (filters: object) =>
    (await core.call('leads.list', filters)).leads.map(({ name }: { name: string }) => name);

  it('that came past the doors is mended when it is stored', async () => {
    await core.call('leads.create', { name: 'Ana', metadata: { segment_id: 'vip' } });
    const eve = { name: 'Eve', metadata: { 'ci\0ty': HALF, segment_id: 'vip' } };
    await new LeadImport(core.ledger, null).save([{ line: 1, input: eve }]);
    expect(await foundBy({ segment_id: 'vip' })).toEqual(['Ana', 'Eve']);
    const { leads } = await core.call('leads.list');
    expect(leads[1].metadata).toEqual({ city: 'cut emoji \ufffd', segment_id: 'vip' });
  });

  it('is found by text, number and truth value as they are written, and follows each change', async () => {
    const { lead } = await core.call('leads.create', {
      name: 'Ana',
      metadata: { segment_id: 'a', campaign_id: 7 },
    });
    await core.call('leads.create', { name: 'Bo', metadata: { segment_id: ['a'], assignee_id: true } });
    expect(await foundBy({ segment_id: 'a' })).toEqual(['Ana']);
    expect(await foundBy({ campaign_id: '7' })).toEqual(['Ana']);
    expect(await foundBy({ assignee_id: 'true' })).toEqual(['Bo']);
    await core.call('leads.update', { lead_id: lead.id, metadata: { segment_id: 'b' } });
    expect(await foundBy({ segment_id: 'a' })).toEqual([]);
    expect(await foundBy({ campaign_id: '7' })).toEqual([]);
    expect(await foundBy({ segment_id: 'b' })).toEqual(['Ana']);
    await core.call('leads.import', { leads: [{ name: 'Bo', metadata: { segment_id: 'c' } }] });
    expect(await foundBy({ segment_id: 'c' })).toEqual(['Bo']);
    await core.call('leads.delete', { lead_id: lead.id });
    expect(await core.ledger.all('SELECT name FROM leads WHERE segment_id = ?', 'b')).toEqual([]);
  });
});

it('an audience that cannot be built has the status error and a reason, and keeps no other from being built', async () => {
  const core = await openCore([new FakeSender('email')], folder);
  try {
    await core.call('leads.create', { name: 'Ana' });
    const row = { description: null, max_leads: null, page_size: 50, created_at: '' };
    const [bad, good] = ['a1b2c3d4-0000-4000-8000-000000000001', 'a1b2c3d4-0000-4000-8000-000000000002'];
    await core.ledger.write(async (tx) => {
      await insertAudience(tx, { id: bad, name: 'Bad', filters: '{"status":', ...row });
      await insertAudience(tx, { id: good, name: 'Good', filters: '{}', ...row });
    });
    const error = vi.fn();
    await resumeBuilding(core.ledger, { ...quiet, error });
    expect(error).toHaveBeenCalledTimes(1);
    const { audiences } = await core.call('audience.list');
    expect(audiences).toMatchObject([
      { name: 'Good', status: 'ready', total_count: 1 },
      { name: 'Bad', status: 'error', error: expect.stringContaining('could not be selected') },
    ]);
    expect(await core.call('audience.get', { audience_id: bad })).toMatchObject({ status: 'error' });
    const send = { audience_id: bad, channel: 'email', subject: 'Hi', message: 'Hi' };
    await expect(core.call('sendBulkMessages', send)).rejects.toMatchObject({ code: 'conflict' });
    // It is not tried again and again.
    await resumeBuilding(core.ledger, { ...quiet, error });
    expect(error).toHaveBeenCalledTimes(1);
  } finally {
    await core.close();
  }
});
