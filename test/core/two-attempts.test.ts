import { afterEach, beforeEach, expect, it } from 'vitest';
import { READY_COLUMNS, type ReadyChunk } from '../../src/core/deliveries/ready-chunk.ts';
import { recoverChunk } from '../../src/core/deliveries/recover.ts';
import { Pacer } from '../../src/core/dispatch/pace/pacer.ts';
import { SenderLoop } from '../../src/core/dispatch/sender-loop.ts';
import { DEFAULT_TIMING } from '../../src/core/dispatch/timing.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const KEY = { send_seq: 1, number: 0 };
let folder: string;
let sender: FakeSender;
let core: Awaited<ReturnType<typeof openCore>>;
let loop: SenderLoop;

/** A loop that may send all there is. */
beforeEach(async () => {
  folder = freshFolder();
  sender = new FakeSender('email');
  core = await openCore([sender], folder);
  loop = new SenderLoop({
    ledger: core.ledger,
    assignment: {
      makesRows: true,
      mayDeliver: () => true,
      hasWork: async () => true,
      lockChunks: (tx) =>
        tx.all<ReadyChunk>(
          `SELECT ${READY_COLUMNS} FROM sends s JOIN chunks c ON c.send_seq = s.seq FOR UPDATE OF c`,
        ),
      nothingLeft() {},
    },
    pace: new Pacer(null, performance.now()),
    sender,
    siteName: null,
    log: quiet,
    timing: DEFAULT_TIMING,
  });
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

it('the late answer of an attempt that was called unknown does not hide the later one that is in flight', async () => {
  const answers = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  sender.answer = (_, tries) => answers[tries - 1]!.promise;
  await core.call('leads.create', { email: 'ana@example.com' });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const send = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
  await core.call('sendBulkMessages', send);
  const running = loop.run();
  await expect.poll(() => sender.tries).toBe(1);
  await core.ledger.writeConcurrently(async (tx) => {
    const [chunk] = await tx.all<ReadyChunk>('SELECT * FROM chunks FOR UPDATE');
    await recoverChunk(tx, chunk!, 'It fell silent.');
  });
  await core.call('sendBulkMessages', { ...send, retry: 'unknown' });
  await expect.poll(() => sender.tries).toBe(2);
  answers[0]!.resolve(undefined);
  await expect.poll(() => loop.inFlight).toBe(1);
  // Closed when it is written down.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(loop.isOpen(KEY)).toBe(true);
  answers[1]!.resolve(undefined);
  await expect.poll(() => loop.isOpen(KEY)).toBe(false);
  loop.stop();
  await running;
});
