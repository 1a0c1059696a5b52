import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findSend, moveSend } from '../../src/core/sends/send.store.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

/** Under TIDINGS_CONFIRM=token. */

let folder: string;
let email: FakeSender;
let core: Awaited<ReturnType<typeof openCore>>;
let send: Record<string, unknown>;

const open = () => openCore([email], folder, undefined, undefined, { confirm: 'token' });

beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email');
  core = await open();
  const leads = ['ana', 'bo', 'cy'].map((name) => ({ name, email: `${name}@example.com` }));
  await core.call('leads.import', { leads });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  send = {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: 'Hello {{lead.name}}',
    max_wait_seconds: 20,
  };
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

const call = (more: object = {}) => core.call('sendBulkMessages', { ...send, ...more });
const tokenFor = async (more: object = {}) => (await call({ ...more, dry_run: true })).confirm as string;
const confirmed = async (more: object = {}) => call({ ...more, confirm: await tokenFor(more) });
const resume = (send_id: string, more: object = {}) => core.call('sends.resume', { send_id, ...more });
const REFUSED = { success: false, code: 'unconfirmed' };
const HOUR = () => new Date(Date.now() + 3_600_000).toISOString();

/** Nobody was claimed yet: what is sent is only sent when the dispatcher starts. */
async function scheduled(): Promise<string> {
  return (await confirmed({ schedule_at: HOUR() })).send_id;
}

describe('where a token is needed, nothing live leaves without one', () => {
  it.each([
    ['a call', {}],
    ['a number of people', { expected_recipients: 3 }],
    ['a time', { schedule_at: '2099' }],
    ['allow_repeat', { allow_repeat: true }],
    ['the sender by its id', { sender: 'fake:email' }],
  ])('by %s', async (_, more) => {
    core.dispatcher.start();
    const given = 'schedule_at' in more ? { schedule_at: HOUR() } : more;
    const refused = await call(given);
    expect(refused).toMatchObject({ ...REFUSED, total_remaining: 3, total_in_audience: 3 });
    expect(refused.next).toMatchObject([{ operation: 'sendBulkMessages', arguments: { dry_run: true } }]);
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
    expect(email.tries).toBe(0);
    expect(await confirmed(given)).toMatchObject({ success: true });
  });

  it.each([
    ['a time that is now', { schedule_at: 'now' }],
    ['another time', { schedule_at: '2099' }],
    ['another text', { message: 'Bye {{lead.name}}' }],
    ['another subject', { subject: 'Bye' }],
    ['a preheader', { message: '<p>Hello {{lead.name}}</p>', preheader: 'Today' }],
    ['retry', { retry: 'skipped' }],
  ])('by %s for a send that waits for its time', async (_, more) => {
    const id = await scheduled();
    const before = await core.call('sends.get', { send_id: id });
    const given = 'schedule_at' in more && more.schedule_at !== 'now' ? { schedule_at: HOUR() } : more;
    core.dispatcher.start();
    expect(await call(given)).toMatchObject({ ...REFUSED, send_id: id, state: 'scheduled' });
    expect(await core.call('sends.get', { send_id: id })).toEqual(before);
    expect(await confirmed(given)).toMatchObject({ success: true, send_id: id });
  });

  it('by putting failed leads back', async () => {
    core.dispatcher.start();
    email.answer = ({ contact }) =>
      contact.startsWith('bo') ? { type: 'permanent', code: 'refused', message: 'No.' } : undefined;
    expect(await confirmed()).toMatchObject({ total_sent: 2, total_failed: 1 });
    email.answer = () => undefined;
    expect(await call({ retry: 'failed' })).toMatchObject({ ...REFUSED, total_failed: 1 });
    expect(email.accepted).toHaveLength(2);
    expect(await confirmed({ retry: 'failed' })).toMatchObject({ success: true, total_sent: 3 });
  });

  it.each(['pause', 'cancel'])(
    'by resuming what was stopped by %s, which needs no token itself',
    async (verb) => {
      const id = await scheduled();
      await core.call(`sends.${verb}`, { send_id: id });
      for (const more of [{}, { schedule_at: 'now' }, { allow_repeat: true }])
        await expect(resume(id, more)).rejects.toMatchObject({ code: 'unconfirmed' });
      await expect(resume(id, { confirm: 'nonsense' })).rejects.toMatchObject({ code: 'changed' });
      const now = { schedule_at: 'now' };
      const { confirm, would_send, samples } = await resume(id, { ...now, dry_run: true });
      expect(would_send).toBe(3);
      expect(samples[0].text).toMatch(/^Hello /);
      await expect(resume(id, { confirm })).rejects.toMatchObject({ code: 'changed' });
      expect(email.tries).toBe(0);
      expect(await resume(id, { ...now, confirm })).toMatchObject({ success: true, state: 'running' });
      // Its answer was lost; and once it is stopped again, the token has been used.
      expect(await resume(id, { ...now, confirm })).toMatchObject({ state: 'running' });
      await core.call(`sends.${verb}`, { send_id: id });
      await expect(resume(id, { ...now, confirm })).rejects.toMatchObject({ code: 'unconfirmed' });
      expect(email.tries).toBe(0);
      core.dispatcher.start();
      const again = await resume(id, { ...now, dry_run: true });
      await resume(id, { ...now, confirm: again.confirm });
      expect(await call()).toMatchObject({ success: true, total_sent: 3 });
    },
  );

  it('by a call for a send that waits for somebody to mend something', async () => {
    core.dispatcher.start();
    email.answer = () => ({ type: 'account', code: 'auth', message: 'Wrong password.' });
    const { confirm, ...stopped } = await call({ dry_run: true });
    expect(stopped.success).toBe(true);
    const paused = await call({ confirm });
    expect(paused).toMatchObject({ success: false, state: 'paused' });
    email.answer = () => undefined;
    // Neither by the token that was used, which is good for one send.
    for (const more of [{}, { confirm }])
      expect(await call(more)).toMatchObject({ ...REFUSED, state: 'paused' });
    await expect(resume(paused.send_id, { confirm })).rejects.toMatchObject({ code: 'unconfirmed' });
    expect(email.accepted).toHaveLength(0);
    expect(await confirmed()).toMatchObject({ success: true, total_sent: 3 });
  });

  it('by an audience that has grown, or another one', async () => {
    const confirm = await tokenFor();
    await core.call('leads.import', { leads: [{ name: 'di', email: 'di@example.com' }] });
    const { audience_id } = await core.call('audience.create', { name: 'More' });
    expect(await call({ audience_id, confirm })).toMatchObject({
      success: false,
      code: 'changed',
      would_send: 4,
    });
    expect(await core.call('sends.list')).toMatchObject({ sends: [] });
  });
});

it('a confirmed send is watched, and its lost answer asked for again, without another token', async () => {
  const confirm = await tokenFor();
  const first = await call({ confirm, max_wait_seconds: 0 });
  expect(first).toMatchObject({ success: true, state: 'running', total_remaining: 3 });
  core.dispatcher.start();
  expect(await call({ confirm })).toMatchObject({ success: true, send_id: first.send_id, total_sent: 3 });
  expect(await call()).toMatchObject({ success: true, send_id: first.send_id, total_sent: 3 });
  expect(email.accepted).toHaveLength(3);
});

it('a token that was used is known after a restart', async () => {
  const confirm = await tokenFor();
  await call({ confirm, max_wait_seconds: 0 });
  await core.close();
  core = await open();
  expect(await call({ confirm, campaign: 'other' })).toMatchObject({ success: false, code: 'changed' });
});

it('of two calls at once with two tokens, one makes the send and the other changes nothing', async () => {
  const [one, other] = [{ message: 'One' }, { message: 'Other' }];
  const tokens = [await tokenFor(one), await tokenFor(other)];
  const results = await Promise.all([
    call({ ...one, confirm: tokens[0], max_wait_seconds: 0 }),
    call({ ...other, confirm: tokens[1], max_wait_seconds: 0 }),
  ]);
  expect(results.map(({ success }) => success).sort()).toEqual([false, true]);
});

it('a send that is paused while a call watches it stays paused', async () => {
  const { send_id } = await confirmed({ max_wait_seconds: 0 });
  const { seq } = (await findSend(core.ledger, send_id))!;
  let wasPaused = false;
  const write = core.ledger.write.bind(core.ledger);
  core.ledger.write = async (work) => {
    const result = await write(work);
    if (!wasPaused)
      await write((tx) => moveSend(tx, seq, 'pause', { code: 'auth', message: 'Wrong password.' }));
    wasPaused = true;
    return result;
  };
  expect(await call({ max_wait_seconds: 0 })).toMatchObject({ success: false, send_id, state: 'paused' });
});

it('the sandbox needs none', async () => {
  core.dispatcher.start();
  expect(await call({ sender: 'sandbox' })).toMatchObject({ success: true, mode: 'sandbox', total_sent: 3 });
});
