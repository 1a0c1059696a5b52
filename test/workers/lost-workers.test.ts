import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_TIMING } from '../../src/core/dispatch/timing.ts';
import { beat, LostWorkers } from '../../src/core/dispatch/workers/lost-workers.ts';
import { OwnedChunks } from '../../src/core/dispatch/workers/owned-chunks.ts';
import { makeAllRows, plan } from '../../src/core/dispatch/workers/plan.ts';
import { deliverQueue } from '../../src/core/dispatch/workers/queues.ts';
import { PgBossQueue } from '../../src/queue/pg-boss-queue.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { wrongChunks } from '../torture/chunk-totals.ts';

const QUEUE = deliverQueue('fake:email');
let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;
let queue: PgBossQueue;
/** Of the worker "lost", which took both chunks of a send and has one message of the first in flight. */
let chunksOfLost: OwnedChunks;
let watcher: LostWorkers;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  folder = freshFolder();
  core = await openCore([new FakeSender('email')], folder);
  const leads = Array.from({ length: 501 }, (_, at) => ({ email: `l${at}@example.com` }));
  await core.call('leads.import', { leads });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const send = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
  await core.call('sendBulkMessages', send);
  await makeAllRows(core.ledger, 1, async () => true);

  queue = new PgBossQueue(databaseUrlOf(folder)!, quiet);
  chunksOfLost = new OwnedChunks({
    ledger: core.ledger,
    queue,
    sender: 'fake:email',
    worker: 'lost',
    log: quiet,
    timing: DEFAULT_TIMING,
  });
  watcher = new LostWorkers({
    ledger: core.ledger,
    queue,
    worker: 'watcher',
    log: quiet,
    timing: DEFAULT_TIMING,
  });
  await plan(core.ledger, queue);
  await beat(core.ledger, 'lost');
  await chunksOfLost.fill();
  await core.ledger.writeConcurrently(async (tx) => {
    await tx.run("UPDATE deliveries SET status = 'sending', attempts = 1 WHERE position = 1");
    await tx.run('UPDATE chunks SET claimed_through = 1, in_flight = 1 WHERE number = 0');
  });
  // From here on it is watched.
  await watcher.look();
});

afterEach(async () => {
  vi.useRealTimers();
  await queue.close();
  await core.close();
  removeFolder(folder);
});

/** @param meanwhile before each look, of which there is one a second. */
async function watch(seconds: number, meanwhile: () => Promise<unknown> = async () => {}) {
  for (let second = 0; second < seconds; second++) {
    vi.advanceTimersByTime(1_000);
    await meanwhile();
    await watcher.look();
  }
}

const chunks = () =>
  core.ledger.all<{ holder: string | null; fence: number; in_flight: number; unknown: number }>(
    'SELECT holder, fence, in_flight, unknown FROM chunks ORDER BY number',
  );
const HELD = { holder: 'lost', fence: 1 };
const FREE = { holder: null, fence: 2 };
const mayDeliver = (fence: number) => chunksOfLost.mayDeliver({ send_seq: 1, number: 0, fence } as never);

describe('a worker', () => {
  it('whose beat stands still loses its chunks: what was in flight is in doubt, the rest waits for whoever has room', async () => {
    await watch(DEFAULT_TIMING.workerLostMs / 1_000 - 1);
    expect(await chunks()).toMatchObject([HELD, HELD]);
    await watch(2);
    expect(await chunks()).toEqual([
      { ...FREE, in_flight: 0, unknown: 1 },
      { ...FREE, in_flight: 0, unknown: 0 },
    ]);
    expect(await wrongChunks(core.ledger)).toEqual([]);
    // Without waiting until the queue misses it.
    const jobs = await queue.take(QUEUE, 2, []);
    expect(jobs.map(({ data }) => data.part).sort()).toEqual([0, 1]);
    expect(await core.ledger.all("SELECT name FROM leases WHERE name LIKE 'worker %'")).toEqual([]);
  });

  it('that beats is left alone, however long it holds a chunk', async () => {
    await watch(30, () => beat(core.ledger, 'lost'));
    expect(await chunks()).toMatchObject([HELD, HELD]);
  });

  it('that beats when it is about to be taken over is left alone', async () => {
    const find = queue.find.bind(queue);
    // The last thing before the transaction that takes over.
    queue.find = async (...asked) => {
      await beat(core.ledger, 'lost');
      return find(...asked);
    };
    await watch(DEFAULT_TIMING.workerLostMs / 1_000 + 1);
    expect(await chunks()).toMatchObject([HELD, HELD]);
  });

  it('is not missed for the time in which nobody could look, as while the database was away', async () => {
    vi.advanceTimersByTime(60_000);
    await watcher.look();
    expect(await chunks()).toMatchObject([HELD, HELD]);
  });

  it('lets nothing leave any more when it was stopped and goes on: it asks what is its own', async () => {
    expect(mayDeliver(1)).toBe(true);
    // Its jobs are still its own in the queue: whoever took over died before it could give them back.
    queue.handBack = async () => {};
    await watch(DEFAULT_TIMING.workerLostMs / 1_000 + 1);
    expect(mayDeliver(1)).toBe(false);
    const beatAt = performance.now();
    await beat(core.ledger, 'lost');
    await chunksOfLost.keep(beatAt);
    expect(mayDeliver(1)).toBe(false);
    expect(chunksOfLost.count).toBe(0);
  });
});

it('a job that went to somebody else since it was found is not handed back', async () => {
  const job = (await queue.find(QUEUE, { send: 1, part: 0 }))!;
  await queue.handBack(QUEUE, job);
  const [again] = await queue.take(QUEUE, 1, []);
  await queue.handBack(QUEUE, job);
  expect(await queue.keep(QUEUE, [again!])).toEqual(new Set([again!.id]));
});
