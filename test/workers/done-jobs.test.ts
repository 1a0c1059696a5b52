import pg from 'pg';
import { expect, it } from 'vitest';
import { START_QUEUE } from '../../src/core/dispatch/workers/queues.ts';
import { PgBossQueue } from '../../src/queue/pg-boss-queue.ts';
import { quiet } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';

it('jobs that are done are kept for minutes, not for a day', async () => {
  const url = databaseUrlOf(`done-jobs ${process.pid}`)!;
  const jobs = `${new URL(url).searchParams.get('schema')}_jobs`;
  const queue = new PgBossQueue(url, quiet);
  await queue.put(START_QUEUE, [{ send: 1, part: 1 }]);
  const [job] = await queue.take(START_QUEUE, 1, []);
  await queue.done(START_QUEUE, job!);
  const client = new pg.Client({ connectionString: url.replace(/\?.*/, '') });
  await client.connect();
  const look = `SELECT count(*)::int AS count FROM ${jobs}.job WHERE state = 'completed'`;
  const count = async () => (await client.query(look)).rows[0].count;
  expect(await count()).toBe(1);
  // As if two minutes had passed.
  await client.query(`UPDATE ${jobs}.job SET completed_on = completed_on - interval '2 minutes'`);
  await client.query(`UPDATE ${jobs}.queue SET maintain_on = now() - interval '2 minutes'`);
  await expect.poll(count, { timeout: 10_000, interval: 200 }).toBe(0);
  await client.end();
  await queue.close();
});
