import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const FEW = 5;
const MANY = 8_000;

it('a message costs the same few rows, also by plans that were made while the tables were empty', async () => {
  const folder = freshFolder();
  const core = await openCore([new FakeSender('email')], folder);
  core.dispatcher.start();
  const send = async (from: number, count: number) => {
    const leads = Array.from({ length: count }, (_, at) => ({
      email: `l${from + at}@example.com`,
      origin: String(from),
    }));
    for (let at = 0; at < count; at += 1_000)
      await core.call('leads.import', { leads: leads.slice(at, at + 1_000) });
    const { audience_id } = await core.call('audience.create', { name: 'Some', origin: String(from) });
    const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 60 };
    const before = await rowsRead(core.ledger);
    expect(await core.call('sendBulkMessages', message)).toMatchObject({ total_sent: count });
    const after = await rowsRead(core.ledger);
    return [...after].map(([table, rows]) => [table, (rows - (before.get(table) ?? 0)) / count] as const);
  };
  // Statements are planned once for each connection: now, when a walk through everything looks cheap.
  await send(0, FEW);
  const cost = await send(FEW, MANY);
  for (const [table, rows] of cost) expect(rows, `rows of ${table} for each message`).toBeLessThan(10);
  await core.close();
  removeFolder(folder);
});

/** How many rows of each table were read so far. Processes tell of them after a second or so. */
async function rowsRead(ledger: Ledger): Promise<Map<string, number>> {
  await sleep(1_500);
  const rows = await ledger.all<{ name: string; read: number }>(
    `SELECT relname AS name, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS read
     FROM pg_stat_user_tables WHERE schemaname = current_schema()`,
  );
  return new Map(rows.map(({ name, read }) => [name, read]));
}
