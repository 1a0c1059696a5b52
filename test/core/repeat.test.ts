import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSandboxSender } from '../../src/providers/sandbox/sandbox-sender.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

type Core = Awaited<ReturnType<typeof openCore>>;

let folder: string;
let email: FakeSender;
let core: Core;
beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email');
  core = await openCore([email, new FakeSender('whatsapp')], folder);
  core.dispatcher.start();
});
afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

async function importLeads(from: number, to: number, origin: string) {
  const leads = Array.from({ length: to - from + 1 }, (_, at) => ({
    name: `L${from + at}`,
    email: `l${from + at}@example.com`,
    origin,
  }));
  for (let at = 0; at < leads.length; at += 1000)
    await core.call('leads.import', { leads: leads.slice(at, at + 1000) });
}
const audience = async (more: object = {}) =>
  (await core.call('audience.create', { name: 'Any', ...more })).audience_id as string;
const send = (audience_id: string, more: object = {}) =>
  core.call('sendBulkMessages', {
    audience_id,
    channel: 'email',
    subject: 'Offer',
    message: 'Hi {{lead.name}}',
    ...more,
  });

it('the same text to a re-made audience is answered with the earlier send, and sent only when that is allowed', async () => {
  await importLeads(1, 10, 'a');
  const first = await send(await audience());
  const again = await audience();
  const repeat = await send(again);
  expect(repeat).toMatchObject({
    success: false,
    code: 'repeat',
    audience_id: again,
    send_id: first.send_id,
    total_sent: 0,
    total_remaining: 10,
    total_in_audience: 10,
  });
  expect(repeat.next_step).toContain('allow_repeat: true');
  expect(email.accepted.length).toBe(10);
  expect((await core.call('sends.list')).sends.length).toBe(1);
  expect(await send(again, { allow_repeat: true })).toMatchObject({ success: true, total_sent: 10 });
  // Attached to, like any other send.
  expect(await send(again)).toMatchObject({ success: true, total_sent: 10 });
  expect(email.accepted.length).toBe(20);
});

it.each<[string, object]>([
  ['another campaign', { campaign: 'second' }],
  ['a later time', { campaign: 'second', schedule_at: '+1h' }],
  ['other white space and case', { campaign: 'second', message: 'HI   {{lead.name}} \n' }],
])('%s makes no other message of it', async (_, more) => {
  await importLeads(1, 5, 'a');
  const all = await audience();
  await send(all);
  const input = { ...more } as { schedule_at?: string };
  if (input.schedule_at) input.schedule_at = new Date(Date.now() + 3_600_000).toISOString();
  expect(await send(all, input)).toMatchObject({ code: 'repeat' });
});

it('another text, or half of the people, is no repeat; a little more than half is one, also from two sends', async () => {
  await importLeads(1, 4, 'a');
  await importLeads(5, 8, 'b');
  await importLeads(9, 16, 'c');
  await send(await audience({ origin: 'a' }));
  await send(await audience({ origin: 'b' }));
  const all = await audience();
  expect(await send(all, { campaign: 'x', message: 'Something else' })).toMatchObject({ success: true });
  // Eight of sixteen.
  const half = await send(all, {
    max_wait_seconds: 0,
    schedule_at: new Date(Date.now() + 60_000).toISOString(),
  });
  expect(half).toMatchObject({ success: true, state: 'scheduled' });
  await core.call('sends.cancel', { send_id: half.send_id });
  await core.call('leads.delete', {
    lead_id: (await core.call('leads.list', { origin: 'c' })).leads[0].id,
  });
  expect(await send(await audience())).toMatchObject({ code: 'repeat' });
});

it('a text that was changed back to what they got is a repeat, and so is one that is resumed after them', async () => {
  await importLeads(1, 6, 'a');
  const later = await audience();
  const at = new Date(Date.now() + 3_600_000).toISOString();
  const waiting = await send(later, { schedule_at: at, message: 'First' });
  const other = await send(await audience(), { message: 'Second' });
  expect(other).toMatchObject({ success: true });
  const changed = await send(later, { message: 'Second' });
  expect(changed).toMatchObject({ code: 'repeat', send_id: other.send_id });
  await core.call('sends.pause', { send_id: waiting.send_id });
  await send(await audience(), { message: 'First', allow_repeat: true });
  await expect(core.call('sends.resume', { send_id: waiting.send_id })).rejects.toMatchObject({
    code: 'repeat',
  });
  const resumed = await core.call('sends.resume', { send_id: waiting.send_id, allow_repeat: true });
  expect(resumed).toMatchObject({ state: 'scheduled' });
});

it('a campaign that waits for its time counts: the same text to the same audience under another name is refused', async () => {
  await importLeads(1, 3, 'a');
  const all = await audience();
  const at = new Date(Date.now() + 3_600_000).toISOString();
  const waiting = await send(all, { schedule_at: at });
  expect(await send(all, { campaign: 'b' })).toMatchObject({ code: 'repeat', send_id: waiting.send_id });
});

it('a day later it is no repeat, and what the sandbox recorded never is one', async () => {
  await importLeads(1, 3, 'a');
  await send(await audience());
  await core.ledger.write((tx) => tx.run('UPDATE deliveries SET sent_at = sent_at - 86400001'));
  expect(await send(await audience())).toMatchObject({ success: true, total_sent: 3 });
  await core.close();
  const sandbox = createSandboxSender('email', { record: async () => {} });
  core = await openCore([sandbox, new FakeSender('whatsapp')], folder);
  core.dispatcher.start();
  expect(await send(await audience())).toMatchObject({ success: true, mode: 'sandbox' });
  expect(await send(await audience())).toMatchObject({ success: true, mode: 'sandbox' });
});

it('a large audience is judged by a part of it, taken from all over', async () => {
  await importLeads(1, 1_500, 'a');
  await importLeads(1_501, 2_600, 'b');
  await send(await audience({ origin: 'a' }));
  expect(await send(await audience())).toMatchObject({ code: 'repeat' });
  expect(await send(await audience({ origin: 'b' }))).toMatchObject({ success: true, total_sent: 1_100 });
});

it('a campaign is known without regard to case, and keeps the spelling that it was given first', async () => {
  await importLeads(1, 3, 'a');
  const all = await audience();
  const first = await send(all, { campaign: 'Spring Sale' });
  const second = await send(all, { campaign: 'spring  SALE' });
  expect(second).toMatchObject({
    success: true,
    send_id: first.send_id,
    campaign: 'Spring Sale',
    total_sent: 3,
  });
  expect(email.accepted.length).toBe(3);
});
