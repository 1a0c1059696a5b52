import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Outcome } from '../../src/core/deliveries/sender.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const UNREACHABLE: Outcome = {
  type: 'transient',
  scope: 'sender',
  code: 'ECONNREFUSED',
  message: 'The relay cannot be reached.',
};

it('what kept a send waiting in a process that is gone is not said any more when another one sends', async () => {
  const folder = freshFolder();
  const channel = new FakeSender('email', 4);
  channel.answer = () => UNREACHABLE;
  let core = await openCore([channel], folder);
  core.dispatcher.start();
  await core.call('leads.import', {
    leads: Array.from({ length: 400 }, (_, at) => ({ email: `l${at}@example.com` })),
  });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const send = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
  const { send_id } = await core.call('sendBulkMessages', send);
  const waitingFor = async () => (await core.call('sends.get', { send_id })).waiting_for;
  const reason = 'The relay cannot be reached.';
  await expect
    .poll(waitingFor, { timeout: 5_000 })
    .toEqual([{ what: 'provider', leads: 400, since: expect.stringMatching(/^20\d\d-.*Z$/), reason }]);
  await core.close();

  channel.answer = () => sleep(20, undefined);
  core = await openCore([channel], folder);
  core.dispatcher.start();
  await expect.poll(() => channel.accepted.length, { timeout: 10_000 }).toBeGreaterThan(50);
  expect(await core.call('sends.get', { send_id })).toMatchObject({ state: 'running', waiting_for: [] });
  await core.close();
  removeFolder(folder);
}, 30_000);
