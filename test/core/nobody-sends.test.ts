import { expect, it } from 'vitest';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

it('a send that no process moves says so, and no time that is left; one that is sent does not', async () => {
  const folder = freshFolder();
  const email = new FakeSender('email');
  let core = await openCore([email, new FakeSender('whatsapp')], folder);
  await core.call('leads.import', { leads: [{ email: 'ann@example.com' }, { email: 'ben@example.com' }] });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const send = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
  const left = await core.call('sendBulkMessages', send);
  expect(left).toMatchObject({
    state: 'running',
    next_step: expect.stringContaining('Nothing sends at the moment'),
  });
  const get = () => core.call('sends.get', { send_id: left.send_id });
  expect(await get()).toMatchObject({ is_moving: false, seconds_left: null, next_step: left.next_step });

  let go: () => void = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  email.answer = () => gone.then(() => undefined);
  core.dispatcher.start();
  await expect.poll(get, { timeout: 10_000 }).toMatchObject({
    is_moving: true,
    next_step: expect.stringContaining('continues on its own'),
  });
  go();
  await expect.poll(get, { timeout: 10_000 }).toMatchObject({ state: 'completed', is_moving: false });
  await core.close();
  core = await openCore([email, new FakeSender('whatsapp')], folder);
  expect(await get()).toMatchObject({ is_moving: false });
  await core.close();
  removeFolder(folder);
});
