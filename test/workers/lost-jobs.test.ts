import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PostgresLedger } from '../../src/ledger/postgres/open-postgres.ts';
import { PgBossQueue } from '../../src/queue/pg-boss-queue.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';
import { FakeSender } from '../support/fake-sender.ts';

const folder = freshFolder();
let core: Awaited<ReturnType<typeof openCore>>;
let send: Record<string, unknown>;

beforeEach(async () => {
  core = await openCore([new FakeSender('email')], folder);
  await core.call('leads.import', {
    leads: Array.from({ length: 50 }, (_, at) => ({ email: `l${at}@example.com` })),
  });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const campaign = expect.getState().currentTestName;
  send = { audience_id, channel: 'email', subject: 'Hi', message: `Hi by ${campaign}`, campaign };
  await core.call('sendBulkMessages', { ...send, max_wait_seconds: 0 });
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

it('a chunk whose job is gone, as after a restore of the ledger alone, is taken up again', async () => {
  await core.ledger.writeConcurrently((tx) => tx.run("UPDATE chunks SET holder = 'a worker of long ago'"));
  await goesOn();
});

it('a chunk whose job was put before the clock of the database was set back is delivered without waiting for it', async () => {
  const jobs = `${(core.ledger as PostgresLedger).schema}_jobs.job`;
  const setBack = `UPDATE ${jobs} SET start_after = start_after + interval '1 hour', created_on = created_on + interval '1 hour' WHERE state = 'created'`;
  await expect
    .poll(() => core.ledger.writeConcurrently((tx) => tx.run(setBack)), { timeout: 5_000 })
    .toBeGreaterThan(0);
  await goesOn();
});

it('a part that nobody has worked on goes before those that had their turn', async () => {
  const queue = new PgBossQueue(databaseUrlOf(folder)!, quiet);
  const take = async () => (await queue.take('parts', 1, [])).map(({ data }) => data.part);
  await queue.put('parts', [
    { send: 7, part: 0, turns: 1 },
    { send: 7, part: 5 },
    { send: 7, part: 4 },
  ]);
  expect([await take(), await take(), await take()]).toEqual([[4], [5], [0]]);
  await queue.close();
});

async function goesOn(): Promise<void> {
  core.dispatcher.start();
  const result = await core.call('sendBulkMessages', { ...send, max_wait_seconds: 10 });
  expect(result).toMatchObject({ state: 'completed', total_sent: 50 });
}
