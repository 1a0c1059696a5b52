import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { noteConversations } from '../../src/core/conversations/conversation.store.ts';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import { FreshChoices } from '../../src/core/events/fresh-choices.ts';
import { createCloudSender } from '../../src/providers/whatsapp/cloud/cloud-sender.ts';
import { CloudAccount } from '../support/cloud-account.ts';
import { type RunningCloudApi, startCloudApi } from '../support/cloud-api-server.ts';
import { openCore, removeFolder } from '../support/core.ts';
import { eventsOf, messages, NUMBER, preferences, seconds } from '../support/whatsapp-webhook.ts';

/* Who wants no marketing, or gets none for a day, and who is written to all the same. */

const SENDER = `whatsapp:${NUMBER}`;
const [ANN, BO, CY] = ['+525512345601', '+525512345602', '+525512345603'] as const;
const HOUR_MS = 60 * 60_000;
const OFFER = 'We have a special offer for you this week.';
const ORDER = 'Your order has left our store today.';

let account: CloudAccount;
let server: RunningCloudApi;
let core: Awaited<ReturnType<typeof openCore>>;
let audience_id: string;

beforeEach(async () => {
  account = new CloudAccount();
  account.firstStatus = 'APPROVED';
  server = await startCloudApi({ account });
  const sender = createCloudSender({
    phoneNumberId: NUMBER,
    accessToken: 'token-of-the-test',
    apiUrl: server.url,
    ratePerSecond: null,
    businessAccountId: '1001',
  });
  core = await openCore([sender]);
  core.dispatcher.start();
  await core.call('leads.import', { leads: [ANN, BO, CY].map((phone) => ({ phone })) });
  ({ audience_id } = await core.call('audience.create', { name: 'All' }));
});

afterEach(async () => {
  await core.close();
  await server.stop();
  removeFolder(core.folder);
});

const send = (campaign: string, more: object = {}) =>
  core.call('sendBulkMessages', {
    ...{ audience_id, channel: 'whatsapp', message: OFFER, campaign, max_wait_seconds: 10 },
    ...{ language: 'en', allow_repeat: true, ...more },
  });
/** Several leave at once: in no order. */
const reached = () =>
  server.accepted
    .splice(0)
    .map(({ to }) => to)
    .toSorted();

async function hear(...changes: object[]): Promise<void> {
  await core.webhooks.take(await eventsOf(...changes));
  await vi.waitFor(async () => expect(await anyUnfolded(core.ledger)).toBe(false), 20_000);
}

const wantsNoMarketing = (phone: string, value = 'stop', at = Date.now()) => {
  const timestamp = Math.floor(at / 1_000);
  const one = { wa_id: phone.slice(1), category: 'marketing_messages', value, timestamp };
  return preferences({ user_preferences: [one] });
};

const utility = { category: 'utility', message: ORDER };

it('who stopped marketing in WhatsApp gets what is utility, and no marketing', async () => {
  await hear(wantsNoMarketing(ANN));
  await core.call('suppressions.add', { channel: 'whatsapp', contact: BO, reason: 'opted_out' });
  for (const [more, whom] of [
    [utility, [ANN, CY]],
    [{}, [CY]],
  ] as const) {
    const dry = await send(`to ${whom}`, { ...more, dry_run: true });
    expect(dry).toMatchObject({ would_send: whom.length, skips: { opted_out: 3 - whom.length } });
    const totals = { total_sent: whom.length, total_skipped: 3 - whom.length, state: 'completed' };
    expect(await send(`to ${whom}`, more)).toMatchObject(totals);
    expect(reached()).toEqual(whom);
  }
});

it('what is called utility and WhatsApp takes for marketing does not reach them', async () => {
  account.firstStatus = 'PENDING';
  await hear(wantsNoMarketing(ANN));
  const first = await send('one', { ...utility, max_wait_seconds: 1 });
  expect(first).toMatchObject({ total_remaining: 3, total_skipped: 0 });
  // Approved as another category than was asked for, after the rows were made.
  Object.assign(account.templates[0]!, { status: 'APPROVED', category: 'MARKETING' });
  await core.call('templates.sync');
  await vi.waitFor(async () => {
    const { send_id } = first;
    expect(await core.call('sends.get', { send_id })).toMatchObject({ total_sent: 2, total_skipped: 1 });
  }, 20_000);
  expect(reached()).toEqual([BO, CY]);
});

it('a text in an open window without a category is marketing', async () => {
  account.inbound(ANN);
  const change = { sender: SENDER, contact: ANN, last_inbound_at: Date.now() };
  await core.ledger.write((tx) => noteConversations(tx, [change]));
  await hear(wantsNoMarketing(ANN));
  await send('one');
  expect(reached()).toEqual([BO, CY]);
  await send('two', utility);
  expect(reached()).toEqual([ANN, BO, CY]);
});

it('retry: "skipped" of a send that is utility puts back who stopped marketing only', async () => {
  await core.call('suppressions.add', { channel: 'whatsapp', contact: ANN, reason: 'opted_out' });
  await send('one', utility);
  await core.call('suppressions.remove', { channel: 'whatsapp', contact: ANN }, { caller: { door: 'cli' } });
  await hear(wantsNoMarketing(ANN));
  await send('one', { ...utility, retry: 'skipped' });
  expect(reached()).toEqual([ANN, BO, CY]);
});

it('in the last instant the same holds, here and of what other processes hear', async () => {
  const here = new FreshChoices();
  const elsewhere = new FreshChoices();
  await elsewhere.look(core.ledger);
  here.note([{ contact: ANN, isOut: true, isMarketing: true }]);
  await hear(wantsNoMarketing(ANN), stop(BO));
  await sleep(120);
  await elsewhere.look(core.ledger);
  for (const one of [here, elsewhere]) expect([one.has(ANN), one.has(ANN, true)]).toEqual([true, false]);
  expect([elsewhere.has(BO), elsewhere.has(BO, true)]).toEqual([true, true]);
  here.note([{ contact: ANN, isOut: false }]);
  expect(here.has(ANN)).toBe(true);
});

const stop = (phone: string) =>
  messages({
    messages: [
      {
        ...{ id: 'wamid.stop', from: phone.slice(1), timestamp: seconds(Date.now()) },
        ...{ type: 'text', text: { body: 'STOP' } },
      },
    ],
  });

it('for whom marketing is held back (131049) none leaves for a day, in whichever send; all else does', async () => {
  account.heldBack.add(ANN);
  const first = await send('one');
  expect(first).toMatchObject({ total_sent: 2, total_failed: 1 });
  account.heldBack.clear();
  reached();

  const dry = await send('two', { dry_run: true });
  expect(dry).toMatchObject({ would_send: 2, skips: { too_soon: 1 } });
  expect(await send('two')).toMatchObject({ total_sent: 2, total_skipped: 1 });
  expect(await send('one', { retry: 'failed' })).toMatchObject({ total_failed: 1 });
  await send('two', { retry: 'skipped' });
  expect(reached()).toEqual([BO, CY]);

  await send('three', utility);
  expect(reached()).toEqual([ANN, BO, CY]);

  const yesterday = Date.now() - 24 * HOUR_MS - 1;
  await core.ledger.write((tx) => tx.run('UPDATE conversations SET held_back_at = ?', yesterday));
  await send('one', { retry: 'failed' });
  await send('two', { retry: 'skipped' });
  expect(reached()).toEqual([ANN, ANN]);
});

it('the same where a webhook says it later; a text in an open window goes all the same', async () => {
  await send('one');
  const { callbackData } = server.accepted.find(({ to }) => to === ANN)!;
  const failed = { status: 'failed', errors: [{ code: 131049, title: 'Not delivered' }] };
  const status = { id: 'wamid.1', timestamp: seconds(Date.now()), biz_opaque_callback_data: callbackData };
  await hear(messages({ statuses: [{ ...status, ...failed }] }));
  reached();
  await send('two');
  expect(reached()).toEqual([BO, CY]);
  account.inbound(ANN);
  const change = { sender: SENDER, contact: ANN, last_inbound_at: Date.now() };
  await core.ledger.write((tx) => noteConversations(tx, [change]));
  await send('three');
  expect(reached()).toEqual([ANN, BO, CY]);
});
