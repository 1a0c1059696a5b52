import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { countTurns } from '../support/turns.ts';

let core: Awaited<ReturnType<typeof openCore>>;
/** Statements that look at leads: how many there were, and how many at once. */
let looks: { count: number; atOnce: number; most: number };

function watched(ledger: Ledger): Ledger {
  const all: Ledger['all'] = async (sql, ...parameters) => {
    if (!sql.includes('FROM leads l')) return ledger.all(sql, ...parameters);
    looks.count += 1;
    looks.atOnce += 1;
    looks.most = Math.max(looks.most, looks.atOnce);
    return ledger.all(sql, ...parameters).finally(() => (looks.atOnce -= 1)) as never;
  };
  return {
    dialect: ledger.dialect,
    all,
    get: async (sql, ...parameters) => (await all(sql, ...parameters))[0] as never,
    write: (work) => ledger.write(work),
    writeConcurrently: (work) => ledger.writeConcurrently(work),
    close: () => ledger.close(),
  };
}

beforeEach(async () => {
  looks = { count: 0, atOnce: 0, most: 0 };
  core = await openCore([new FakeSender('email')], undefined, watched);
});

afterEach(async () => {
  await core.close();
  removeFolder(core.folder);
});

/** A text that nearly holds what is searched for, at every place. */
const SEARCHED = `${'z'.repeat(199)}q`;
const FAT = { notes: 'z'.repeat(20_000), metadata: { text: 'x'.repeat(60_000) } };

async function importLeads(count: number, more: object): Promise<void> {
  for (let at = 0; at < count; at += 40) {
    const leads = Array.from({ length: Math.min(40, count - at) }, (_, i) => ({
      name: `L${at + i}`,
      ...more,
    }));
    await core.call('leads.import', { leads });
  }
}

it('a search through long notes lets everybody else have a turn for each half a megabyte', async () => {
  await importLeads(400, FAT);
  const { result, turns } = await countTurns(() =>
    core.call('leads.list', { search: SEARCHED, search_include_notes: true }),
  );
  expect(result).toMatchObject({ leads: [], total_count: 0 });
  // 400 leads of 80 KB: 32 MB.
  expect(looks.count).toBeGreaterThan(60);
  expect(turns).toBeGreaterThan(30);
});

it('an audience of leads with long notes and metadata is built in as many steps', async () => {
  await importLeads(400, FAT);
  const { result, turns } = await countTurns(() =>
    core.call('audience.create', {
      name: 'All',
      search: 'ZZ',
      search_include_notes: true,
    }),
  );
  expect(result).toMatchObject({ status: 'ready', total_count: 400 });
  expect(turns).toBeGreaterThan(10);
});

it('searches take turns: one looks at a time, and each goes on', async () => {
  await importLeads(120, FAT);
  const searches = Array.from({ length: 8 }, () => core.call('leads.list', { segment_id: 'none' }));
  for (const one of await Promise.all(searches)) expect(one.total_count).toBe(0);
  expect(looks.most).toBe(1);
});

it('a search ends when its caller leaves', async () => {
  await importLeads(400, FAT);
  const leaves = new AbortController();
  const search = core.call(
    'leads.list',
    { search: SEARCHED, search_include_notes: true },
    { signal: leaves.signal },
  );
  await vi.waitFor(() => expect(looks.count).toBeGreaterThan(0), { interval: 1 });
  leaves.abort();
  await expect(search).rejects.toThrow('The caller left before the search was over.');
  const { count } = looks;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(looks.count).toBe(count);
  expect(count).toBeLessThan(20);
});

it('an audience is built to its end when its caller leaves, who is answered at once', async () => {
  await importLeads(400, FAT);
  const made = await core.call('audience.create', { name: 'All' }, { signal: AbortSignal.abort() });
  expect(made.status).toBe('building');
  await vi.waitFor(async () => {
    const { audiences } = await core.call('audience.list');
    expect(audiences[0]).toMatchObject({ status: 'ready', total_count: 400 });
  }, 20_000);
});

it('a search knows no wildcards, and no case', async () => {
  await core.call('leads.import', {
    leads: [{ name: '100% Ana_B' }, { name: 'ana b' }, { name: 'C\\D' }, { name: 'Ñandú' }],
  });
  const found = async (search: string) => (await core.call('leads.list', { search })).total_count;
  expect(await found('100%')).toBe(1);
  expect(await found('ana_b')).toBe(1);
  expect(await found('ANA')).toBe(2);
  expect(await found('c\\d')).toBe(1);
  expect(await found('%')).toBe(1);
  expect(await found('Ñand')).toBe(1);
});

it('whom the database cannot tell alone is counted as listed, over many spans and with those whom it can', async () => {
  const names = ['Ana Núñez', 'Ana Nunez', 'Ödön', 'Nobody', 'Nobody else', 'No one'];
  const leads = Array.from({ length: 120 }, (_, at) => ({
    name: names[at % (at < 60 ? 6 : 2)],
    ...(at % 5 > 0 && { email: `a${at}@example.com` }),
    company: `Firma ${at}`,
    tags: [at % 2 === 0 ? 'vip' : 'Größe'],
    ...FAT,
  }));
  for (let at = 0; at < leads.length; at += 40)
    await core.call('leads.import', { leads: leads.slice(at, at + 40) });
  await core.call('suppressions.add', { channel: 'email', contact: 'a1@example.com' });
  for (const [filters, holds] of [
    [{ search: 'nunez' }, ({ name }) => /^Ana/.test(name!)],
    [{ tag: 'grosse' }, ({ tags }) => tags[0] !== 'vip'],
    [
      {
        where: {
          any: [
            { field: 'tag', is: 'VIP' },
            { field: 'name', contains: 'odon' },
          ],
        },
      },
      ({ name, tags }) => tags[0] === 'vip' || name === 'Ödön',
    ],
  ] satisfies [object, (lead: (typeof leads)[number]) => boolean][]) {
    const wanted = leads.filter(holds);
    const mailed = wanted.filter(({ email }) => email !== undefined);
    const suppressed = mailed.filter(({ email }) => email === 'a1@example.com').length;
    looks.count = 0;
    const counted = await core.call('audience.count', filters);
    expect(looks.count).toBeGreaterThan(20);
    expect([filters, counted.total_count, counted.reach.email]).toEqual([
      filters,
      wanted.length,
      {
        reachable: mailed.length - suppressed,
        suppressed,
        without_contact: wanted.length - mailed.length,
      },
    ]);
    const list = await core.call('leads.list', { ...filters, limit: 200 });
    expect(list.leads).toHaveLength(wanted.length);
  }
});
