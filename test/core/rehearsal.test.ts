import { afterEach, beforeEach, expect, it } from 'vitest';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

let folder: string;
let email: FakeSender;
let core: Awaited<ReturnType<typeof openCore>>;
let message: Record<string, unknown>;

beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email');
  core = await openCore([email], folder);
  await core.call('leads.import', { leads: [{ email: 'ana@example.com' }, { email: 'bo@example.com' }] });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hello', max_wait_seconds: 20 };
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

it('a rehearsal on a live system goes into the outbox, reaches nobody, and does not count as sent', async () => {
  core.dispatcher.start();
  const rehearsal = await core.call('sendBulkMessages', { ...message, sender: 'sandbox' });
  expect(rehearsal).toMatchObject({ mode: 'sandbox', sender: 'sandbox:email', total_sent: 2 });
  expect(rehearsal.next[0].arguments).toMatchObject({ sender: 'sandbox' });
  expect(email.tries).toBe(0);
  expect(await core.call('outbox.list', { send_id: rehearsal.send_id })).toMatchObject({ total_count: 2 });

  const live = await core.call('sendBulkMessages', message);
  expect(live).toMatchObject({ mode: 'live', sender: 'fake:email', total_sent: 2, state: 'completed' });
  expect(live.send_id).not.toBe(rehearsal.send_id);
  expect(email.accepted).toHaveLength(2);
  expect(await core.call('outbox.list')).toMatchObject({ total_count: 2 });
});

it('the configured sender can be named, and is the same as none', async () => {
  core.dispatcher.start();
  const named = await core.call('sendBulkMessages', { ...message, sender: 'fake:email' });
  expect(named).toMatchObject({ mode: 'live', total_sent: 2 });
  expect((await core.call('sendBulkMessages', message)).send_id).toBe(named.send_id);
});

it.each([
  ['sandbx', /sender is "sandbx", which is not a sender of email; did you mean sandbox\?/],
  ['sandbox:whatsapp', /is not a sender of email/],
])('a sender that is not there (%s) is refused before anything is stored', async (sender, words) => {
  const call = core.call('sendBulkMessages', { ...message, sender });
  await expect(call).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringMatching(words),
    fix: expect.stringContaining('fake:email, sandbox'),
  });
  expect((await core.call('sends.list')).sends).toEqual([]);
});
