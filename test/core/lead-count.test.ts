import { afterEach, beforeEach, expect, it } from 'vitest';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { type CountedLedger, countedLedger } from '../support/counted-ledger.ts';

let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;

beforeEach(async () => {
  folder = freshFolder();
  core = await openCore([], folder, (ledger) => countedLedger(ledger));
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

const listed = async (filters = {}) => (await core.call('leads.list', { limit: 1, ...filters })).total_count;

it('the number of leads is kept by whatever makes and erases them, and told without looking at them', async () => {
  expect(await listed()).toBe(0);
  const leads = Array.from({ length: 30 }, (_, at) => ({ name: `L${at}`, email: `l${at % 20}@example.com` }));
  await core.call('leads.import', { leads });
  await core.call('leads.import', { leads: [...leads, { name: 'New', email: 'new@example.com' }] });
  await core.call('leads.create', { name: 'One', email: 'one@example.com', status: 'qualified' });
  const { lead } = await core.call('leads.create', { name: 'Two' });
  await core.call('leads.delete', { lead_id: lead.id });
  await expect(core.call('leads.delete', { lead_id: lead.id })).rejects.toThrow();
  await expect(core.call('leads.create', { name: 'x'.repeat(301) })).rejects.toThrow();
  const counted = await core.ledger.get<{ n: number }>(
    'SELECT count(*) AS n FROM leads WHERE deleted_at IS NULL',
  );
  expect([counted!.n, await listed(), await listed({ status: 'qualified' })]).toEqual([22, 22, 1]);
  const { reads } = core.ledger as CountedLedger;
  const readsOf = async (filters = {}) => {
    const before = reads.count;
    await listed(filters);
    return reads.count - before;
  };
  expect(await readsOf()).toBeLessThan(await readsOf({ search: '@example.com' }));
});

it('leads that filters choose are counted where there are few to look through; of many it is not told how many', async () => {
  const add = (from: number, to: number) =>
    core.ledger.write(async (tx) => {
      await tx.run(
        `WITH RECURSIVE n (i) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO leads (id, status, metadata, created_at, updated_at) SELECT 'l' || i, 'new', '{}', '', '' FROM n`,
        from,
        to,
      );
    });
  await add(1, 10_000);
  expect(await listed({ status: 'new' })).toBe(10_000);
  await add(10_001, 10_001);
  const { reads } = core.ledger as CountedLedger;
  const before = reads.count;
  expect(await listed({ status: 'new' })).toBeNull();
  expect(reads.count - before).toBeLessThan(10);
  // A page that is the only one has shown them all.
  expect(await listed({ status: 'lost' })).toBe(0);
});
