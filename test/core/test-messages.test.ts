import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const ME = 'me@shop.example';

let folder: string;
let email: FakeSender;
let core: Awaited<ReturnType<typeof openCore>>;
let test: Record<string, unknown>;
let send: Record<string, unknown>;

beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email');
  core = await openCore([email], folder);
  await core.call('leads.import', {
    leads: [
      { email: 'bo@example.com' },
      { email: 'ana@example.com', name: 'Ana Ruiz' },
      { email: ME, name: 'Me' },
    ],
  });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  send = { audience_id, channel: 'email', subject: 'Hi', message: 'Hello {{lead.name}}' };
  test = { ...send, to: [ME] };
});

afterEach(async () => {
  vi.useRealTimers();
  await core.close();
  removeFolder(folder);
});

it('a test reaches only the contact it names, with the values of a lead that has them, and no total counts it', async () => {
  const result = await core.call('sends.test', test);
  expect(result).toMatchObject({
    success: true,
    mode: 'live',
    sender: 'fake:email',
    messages: [{ to: ME, status: 'sent' }],
  });
  expect(email.accepted).toMatchObject([{ contact: ME, text: 'Hello Ana Ruiz' }]);
  expect(await core.call('sends.list')).toMatchObject({ sends: [] });
  core.dispatcher.start();
  // The contact of the test is a lead as well, and gets the message like everybody.
  const sent = await core.call('sendBulkMessages', { ...send, max_wait_seconds: 20 });
  expect(sent).toMatchObject({ success: true, total_sent: 3, total_in_audience: 3 });
  expect(email.accepted.map(({ contact }) => contact).sort()).toEqual(
    ['ana@example.com', 'bo@example.com', ME, ME].sort(),
  );
});

it('the values of another lead are used where it is named, and what it lacks is told', async () => {
  const { leads } = await core.call('leads.list');
  const { warnings, lead_id } = await core.call('sends.test', { ...test, lead_id: leads[0].id });
  expect(lead_id).toBe(leads[0].id);
  expect(warnings).toEqual(['This lead has nothing for lead.name.']);
});

it('the same call again, even at once, leaves once, and hears what the first came to', async () => {
  const calls = await Promise.all([core.call('sends.test', test), core.call('sends.test', test)]);
  const again = await core.call('sends.test', test);
  expect(email.tries).toBe(1);
  expect(calls.filter(({ messages }) => messages[0].repeated)).toHaveLength(1);
  expect(again).toMatchObject({ success: true, messages: [{ status: 'sent', repeated: true }] });
  await core.call('sends.test', { ...test, message: 'Hello again' });
  expect(email.tries).toBe(2);
});

it('what the provider refuses is told, suppresses nobody and pauses nothing', async () => {
  email.answer = () => ({
    type: 'permanent',
    code: 'smtp_550',
    message: 'The relay refused it.',
    suppress: 'bounced',
    said: 'no such user',
  });
  const result = await core.call('sends.test', test);
  expect(result).toMatchObject({
    success: false,
    code: 'test_failed',
    messages: [{ status: 'failed', code: 'smtp_550', provider_said: 'no such user' }],
  });
  expect(await core.call('suppressions.list')).toMatchObject({ suppressions: [] });
});

it.each([
  [{ to: ['not an address'] }, /"not an address" is no email address/],
  [{ to: [] }, /to is \[\]/],
  [{ message: 'Hi {{first_name}}' }, /first_name}} is no field/],
  [{ subject: '' }, /needs a subject/],
])('%j is refused, and nothing leaves', async (more, words) => {
  await expect(core.call('sends.test', { ...test, ...more })).rejects.toThrow(words);
  expect(email.tries).toBe(0);
});

it('a contact that said no gets no test either', async () => {
  await core.call('suppressions.add', { contact: ME, channel: 'email' });
  await expect(core.call('sends.test', test)).rejects.toThrow(/me@shop.example must not be written to/);
  expect(email.tries).toBe(0);
});

it('in the sandbox it lies in the outbox, marked in its subject', async () => {
  const result = await core.call('sends.test', { ...test, sender: 'sandbox' });
  expect(result).toMatchObject({ mode: 'sandbox', subject: '[Test] Hi', text: 'Hello Ana Ruiz' });
  expect(await core.call('outbox.list')).toMatchObject({
    total_count: 1,
    entries: [{ to: ME, subject: '[Test] Hi' }],
  });
});

it('sixty tests within an hour are enough, from whatever call; a dry run goes on', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  for (let at = 0; at < 60; at += 5) {
    const to = [1, 2, 3, 4, 5].map((more) => `me+${at + more}@shop.example`);
    await core.call('sends.test', { ...test, to });
  }
  await expect(core.call('sends.test', test)).rejects.toMatchObject({ code: 'busy' });
  expect(email.accepted).toHaveLength(60);
  expect(await core.call('sends.test', { ...test, sender: 'sandbox' })).toMatchObject({ success: true });
  vi.setSystemTime(Date.now() + 3_600_001);
  expect(await core.call('sends.test', test)).toMatchObject({ success: true });
});
