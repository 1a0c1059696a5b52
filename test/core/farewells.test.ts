import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { listFarewells, oweFarewell, takeFarewell } from '../../src/core/conversations/farewell.store.ts';
import { Farewells } from '../../src/core/dispatch/farewells.ts';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import { placeHold } from '../../src/core/holds/hold.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { eventsOf, messages, NUMBER, preferences, seconds } from '../support/whatsapp-webhook.ts';

type Core = Awaited<ReturnType<typeof openCore>>;
const SENDER = `whatsapp:${NUMBER}`;
const ANN = '+525512345678';
const DAY_MS = 24 * 60 * 60_000;
const now = Date.now();

let folder: string;
let whatsapp: FakeSender;
let core: Core;

beforeEach(async () => {
  folder = freshFolder();
  whatsapp = new FakeSender('whatsapp', 16, null, SENDER);
  core = await openCore([whatsapp], folder);
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

async function hear(...changes: object[]): Promise<void> {
  await core.webhooks.take(await eventsOf(...changes));
  await vi.waitFor(async () => expect(await anyUnfolded(core.ledger)).toBe(false), 20_000);
}

let ids = 0;
const wrote = (body: string, { from = ANN, at = now } = {}) =>
  messages({
    contacts: [{ wa_id: from.slice(1) }],
    messages: [
      { id: `wamid.in.${ids++}`, from: from.slice(1), timestamp: seconds(at), type: 'text', text: { body } },
    ],
  });

const teller = (language: string | null = null, maySend = () => true) =>
  new Farewells({ ledger: core.ledger, sender: whatsapp, language, log: quiet, maySend });
const told = () => whatsapp.accepted.map(({ contact, text }) => `${contact} ${text}`);
const ENGLISH = `${ANN} You will get no more messages from us. To get them again, write START.`;

it('who writes STOP is told once that they were heard, by whoever sends, and no total counts it', async () => {
  core.dispatcher.start();
  await core.call('leads.import', { leads: [{ name: 'Ann', phone: ANN }] });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const { send_id } = await core.call('sendBulkMessages', {
    ...{ audience_id, channel: 'whatsapp', message: 'Hi' },
  });
  await hear(wrote('STOP', { at: Date.now() }), wrote('stop', { at: Date.now() }));
  await vi.waitFor(() => expect(told()).toEqual([`${ANN} Hi`, ENGLISH]), 20_000);
  const totals = { total_sent: 1, total_failed: 0, total_remaining: 0, total_in_audience: 1 };
  expect(await core.call('sends.get', { send_id })).toMatchObject({ ...totals, total_unsubscribed: 1 });
  // What the provider says of it is about no delivery.
  const { attemptId } = whatsapp.accepted[1]!;
  const status = { id: 'wamid.f', status: 'delivered', timestamp: seconds(now) };
  await hear(messages({ statuses: [{ ...status, biz_opaque_callback_data: attemptId }] }));
  expect(await core.call('sends.get', { send_id })).toMatchObject({ ...totals, total_delivered: 0 });
});

it.each([
  ['Baja', ANN, null, 'No recibirás más'],
  ['PARAR', '+525512345678', null, 'No recibirás más'],
  ['PARAR', '+5511987654321', null, 'Você não receberá'],
  ['Arrêter', '+33612345678', null, 'Vous ne recevrez plus'],
  ['STOP', '+33612345678', 'fr_FR', 'Vous ne recevrez plus'],
  ['STOP', ANN, 'sw', 'You will get no more'],
  ['unsubscribe', ANN, 'es', 'You will get no more'],
  ['إلغاء', '+971501234567', null, 'لن تصلك'],
])('"%s" from %s is answered in the language of the word, else of %s', async (word, from, language, text) => {
  await hear(wrote(word, { from }));
  await teller(language).look();
  expect(told()).toEqual([expect.stringContaining(`${from} ${text}`)]);
});

it('who says it again within a day is not told again; a day later they are', async () => {
  await hear(wrote('STOP'));
  await teller().look();
  await hear(wrote('START', { at: now + 1_000 }), wrote('STOP', { at: now + 2_000 }));
  await teller().look();
  expect(told()).toEqual([ENGLISH]);
  await core.ledger.write((tx) => tx.run('UPDATE conversations SET farewell_at = ?', now - DAY_MS - 1));
  await hear(wrote('STOP', { at: now + 3_000 }));
  await teller().look();
  expect(told()).toEqual([ENGLISH, ENGLISH]);
});

it('the same STOP ten times at once, and two processes that send, make one', async () => {
  const stop = await eventsOf(wrote('STOP'));
  await Promise.all(Array.from({ length: 10 }, () => core.webhooks.take(stop)));
  await vi.waitFor(async () => expect(await anyUnfolded(core.ledger)).toBe(false), 20_000);
  await Promise.all([teller().look(), teller().look(), teller().look()]);
  expect(told()).toEqual([ENGLISH]);
});

it('what was taken and not handed over, since its process died, is never sent', async () => {
  await hear(wrote('STOP'));
  await core.ledger.write((tx) => takeFarewell(tx, SENDER, ANN, Date.now()));
  await teller().look();
  await hear(wrote('STOP', { at: now + 1_000 }));
  await teller().look();
  expect(told()).toEqual([]);
});

it('what waits for a process that may send is not lost', async () => {
  await hear(wrote('STOP'));
  await teller(null, () => false).look();
  expect(told()).toEqual([]);
  await core.ledger.write((tx) => placeHold(tx, ''));
  await teller().look();
  expect(told()).toEqual([]);
  await core.ledger.write((tx) => tx.run("DELETE FROM marks WHERE name = 'hold'"));
  await teller().look();
  expect(told()).toEqual([ENGLISH]);
});

it('what certainly did not leave is sent later; what may have left is not', async () => {
  const failed = { code: 'x', message: 'No.' };
  whatsapp.answer = (_, tries) =>
    tries === 1 ? { type: 'throttled', scope: 'sender', ...failed } : { type: 'uncertain', ...failed };
  await hear(wrote('STOP'));
  expect(await teller().look()).toBe(false);
  expect(await teller().look()).toBe(true);
  await teller().look();
  expect([whatsapp.tries, told()]).toEqual([2, []]);
});

it('nobody is told who takes it back before, or whose window is closed', async () => {
  await hear(wrote('STOP'), wrote('START', { at: now + 1_000 }));
  await hear(wrote('STOP', { from: '+525587654321', at: now - DAY_MS }));
  // Told while the window was open, and looked at when it is not any more.
  await hear(wrote('STOP', { from: '+525587654322' }));
  const sql = 'UPDATE conversations SET last_inbound_at = ? WHERE contact = ?';
  await core.ledger.write((tx) => tx.run(sql, now - DAY_MS, '+525587654322'));
  await teller().look();
  expect(told()).toEqual([]);
  expect(await listFarewells(core.ledger, SENDER, 10)).toEqual([]);
});

it('nobody is told who left at WhatsApp itself, which tells them', async () => {
  const at = Math.floor(now / 1_000);
  const stop = { wa_id: ANN.slice(1), category: 'marketing_messages', value: 'stop', timestamp: at };
  await hear(wrote('hello'), preferences({ user_preferences: [stop] }));
  await teller().look();
  expect(told()).toEqual([]);
});

it('who had said no in another way is not told that START brings messages back', async () => {
  await core.call('suppressions.add', { channel: 'whatsapp', contact: ANN, reason: 'opted_out' });
  await hear(wrote('STOP'));
  await teller().look();
  expect(told()).toEqual([`${ANN} You will get no more messages from us.`]);
});

it('erasing a person takes what was to be told along', async () => {
  await hear(wrote('STOP'));
  await core.call('person.erase', { contact: ANN });
  await core.ledger.write((tx) => oweFarewell(tx, SENDER, ANN, 'en', now));
  await teller().look();
  expect(told()).toEqual([]);
});
