import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Attempt, Outcome, Sender } from '../../src/core/deliveries/sender.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let folder: string;
beforeEach(() => {
  folder = freshFolder();
});
afterEach(() => removeFolder(folder));

/** A sender that asks whether a message may leave, or not, and then does what it should not. */
function brokenSender(deliver: (attempt: Attempt) => Promise<Outcome>): Sender {
  return {
    about: {
      id: 'broken',
      channel: 'email',
      provider: 'broken',
      mode: 'live',
      ratePerSecond: null,
      windowSize: 4,
    },
    prepare: () => ({
      deliver: (_, attempt) => deliver(attempt),
      preview: ({ contact }) => ({ from: null, to: contact, subject: null, text: '' }),
    }),
    close: async () => {},
  };
}

async function sendBy(sender: Sender, leads: number) {
  const core = await openCore([sender, new FakeSender('whatsapp')], folder);
  await core.call('leads.import', {
    leads: Array.from({ length: leads }, (_, at) => ({ email: `l${at}@example.com` })),
  });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  core.dispatcher.start();
  const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 1 };
  const result = await core.call('sendBulkMessages', message);
  return { core, result };
}

it('a sender that throws before a message may leave leaves nobody in doubt', async () => {
  const { core, result } = await sendBy(
    brokenSender(() => {
      throw new Error('Broken.');
    }),
    3,
  );
  expect(result).toMatchObject({ total_unknown: 0, total_failed: 0, total_remaining: 3 });
  await core.close();
});

it('a sender that throws once a message may have left leaves it unknown', async () => {
  const { core, result } = await sendBy(
    brokenSender(async ({ mayLeave }) => {
      mayLeave();
      throw new Error('Broken.');
    }),
    3,
  );
  expect(result).toMatchObject({ total_unknown: 3, total_failed: 3, total_remaining: 0 });
  await core.close();
});

it('a stop that is not awaited puts back what was not told yet that it may leave, and it cannot leave any more', async () => {
  const attempts: Attempt[] = [];
  const { core } = await sendBy(
    brokenSender((attempt) => {
      attempts.push(attempt);
      if (attempts.length === 1) attempt.mayLeave();
      return new Promise(() => {});
    }),
    4,
  );
  expect(attempts.length).toBe(4);
  expect(await core.dispatcher.stop(100)).toMatchObject({ inDoubt: 1 });
  const statuses = await core.ledger.all<{ status: string }>(
    "SELECT status FROM deliveries WHERE status = 'pending'",
  );
  expect(statuses.length).toBe(3);
  expect(attempts.map(({ mayLeave }) => mayLeave())).toEqual([false, false, false, false]);
  await core.close();
});
