import { expect, it } from 'vitest';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeChannel } from '../support/fake-channel.ts';

it('a chunk whose job is gone, as after a restore of the ledger alone, is taken up again', async () => {
  const folder = freshFolder();
  const channel = new FakeChannel('email');
  let core = await openCore([channel], folder);
  await core.call('leads.import', {
    leads: Array.from({ length: 50 }, (_, at) => ({ email: `l${at}@example.com` })),
  });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const send = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
  await core.call('sendBulkMessages', send);
  await core.ledger.writeBeside((tx) => tx.run("UPDATE chunks SET holder = 'a worker of long ago'"));
  await core.close();

  core = await openCore([channel], folder);
  core.dispatcher.start();
  const result = await core.call('sendBulkMessages', { ...send, max_wait_seconds: 10 });
  expect(result).toMatchObject({ state: 'completed', total_sent: 50 });
  await core.close();
  removeFolder(folder);
});
