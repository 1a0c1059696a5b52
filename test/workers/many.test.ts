import { afterAll, beforeAll, expect, it } from 'vitest';
import { selectClaimable } from '../../src/core/deliveries/claim.store.ts';
import { endIfDone } from '../../src/core/deliveries/claim.ts';
import type { JobQueue } from '../../src/core/dispatch/workers/job-queue.ts';
import { plan } from '../../src/core/dispatch/workers/plan.ts';
import { deliverQueue } from '../../src/core/dispatch/workers/queues.ts';
import type { ChunkRow } from '../../src/core/sends/chunk.store.ts';
import type { Ledger, Transaction } from '../../src/ledger/ledger.ts';
import { freshFolder, ledgerOf, removeFolder } from '../support/core.ts';

const LEADS = 5_000;
const folder = freshFolder();
let ledger: Ledger;

/** One send, of which everybody waits for a retry. */
beforeAll(async () => {
  ledger = await ledgerOf(folder);
  await ledger.write(async (tx) => {
    await tx.run(`INSERT INTO leads (id, email, email_key, status, metadata, created_at, updated_at)
      SELECT n, n || '@example.com', n || '@example.com', 'new', '{}', '', '' FROM generate_series(1, ${LEADS}) n`);
    await tx.run(`INSERT INTO audiences
      (id, name, filters, page_size, status, total_count, scanned_seq, through_seq, created_at)
      VALUES ('a', 'All', '{}', 50, 'ready', ${LEADS}, ${LEADS}, ${LEADS}, '')`);
    await makeSends(tx, 1, 1);
    await tx.run('UPDATE chunks SET claimed_through = last_position');
    await tx.run(`INSERT INTO deliveries (send_seq, position, lead_seq, status, contact, retry_at)
      SELECT 1, seq, seq, 'pending', email_key, 1000 FROM leads`);
  });
});

afterAll(async () => {
  await ledger.close();
  removeFolder(folder);
});

async function makeSends(tx: Transaction, sends: number, chunks: number): Promise<void> {
  await tx.run(`WITH made AS (
      INSERT INTO sends (id, audience_seq, channel, campaign, campaign_key, mode, sender, state, revision, message, format,
        placeholder_policy, total, frozen_through, created_at)
      SELECT 's' || ${chunks} || '/' || n, 1, 'email', ${chunks} || '/' || n, ${chunks} || '/' || n, 'sandbox', 'sandbox:email', 'running', 1, 'Hi', 'text',
        'strip_tokens', ${LEADS}, ${LEADS}, '' FROM generate_series(1, ${sends}) n RETURNING seq)
    INSERT INTO chunks (send_seq, number, first_position, last_position, claimed_through)
    SELECT seq, n, n * ${LEADS / chunks} + 1, (n + 1) * ${LEADS / chunks}, n * ${LEADS / chunks}
    FROM made, generate_series(0, ${chunks - 1}) n`);
}

/** How many rows of a table some work looks at. */
async function looked(tx: Transaction, table: string, work: () => Promise<unknown>): Promise<number> {
  const count = async () => {
    const sql = `SELECT CAST(idx_tup_fetch AS BIGINT) AS count FROM pg_stat_xact_user_tables
      WHERE schemaname = current_schema() AND relname = ?`;
    return (await tx.get<{ count: number }>(sql, table))!.count;
  };
  const before = await count();
  await work();
  return (await count()) - before;
}

const WINDOW = 50;

async function claimable(tx: Transaction) {
  const chunk = (await tx.get<ChunkRow>('SELECT * FROM chunks WHERE send_seq = 1'))!;
  return (await selectClaimable(tx, 'email', chunk, LEADS, WINDOW, 2_000)).rows;
}

it('a window of a chunk in which everybody is due costs no more than a window', async () => {
  await ledger.writeConcurrently(async (tx) => {
    expect((await claimable(tx)).length).toBe(WINDOW);
    for (const table of ['leads', 'deliveries'])
      expect(await looked(tx, table, () => claimable(tx))).toBeLessThan(2 * WINDOW);
  });
});

it('nor where hardly anybody is due', async () => {
  const undone = ledger.writeConcurrently(async (tx) => {
    await tx.run('UPDATE deliveries SET retry_at = NULL WHERE position % 1000 <> 0');
    expect((await claimable(tx)).length).toBe(LEADS / 1_000);
    for (const table of ['leads', 'deliveries'])
      expect(await looked(tx, table, () => claimable(tx))).toBeLessThan(2 * WINDOW);
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
});

it('to find that a send is not over costs no more when many wait for a retry', async () => {
  await ledger.writeConcurrently(async (tx) => {
    expect(await looked(tx, 'deliveries', () => endIfDone(tx, 1))).toBeLessThan(10);
  });
});

it('what is laid out of many large sends is what many workers take in a second, and something of each', async () => {
  await ledger.write((tx) => makeSends(tx, 500, 50));
  const put: { send: number; part: number }[] = [];
  const queue: JobQueue = {
    put: async (name, jobs) => void (name === deliverQueue('sandbox:email') && put.push(...jobs)),
    take: async () => [],
    keep: async () => new Set(),
    done: async () => {},
    find: async () => null,
    handBack: async () => {},
  };
  await plan(ledger, queue);
  expect(new Set(put.map(({ send }) => send)).size).toBe(501);
  expect(put.length).toBeLessThan(2_500);
});
