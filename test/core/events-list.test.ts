import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import { pruneEvents } from '../../src/core/events/prune-events.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { providerEvent } from '../support/provider-event.ts';

type Core = Awaited<ReturnType<typeof openCore>>;

const folder = freshFolder();
const whatsapp = new FakeSender('whatsapp');
let core: Core;
let sendId: string;
const phone = (at: number) => `+52551230000${at}`;

beforeAll(async () => {
  core = await openCore([whatsapp], folder);
  core.dispatcher.start();
  const leads = [1, 2, 3].map((at) => ({ name: `Lead ${at}`, phone: phone(at) }));
  await core.call('leads.import', { leads });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const sent = await core.call('sendBulkMessages', { audience_id, channel: 'whatsapp', message: 'Hi' });
  sendId = sent.send_id;
  const attempts = whatsapp.accepted.map(({ attemptId }) => attemptId);
  await tell([
    ...attempts.map((attemptId, at) => providerEvent({ key: `d${at}`, attemptId })),
    providerEvent({
      key: 'f',
      type: 'failed',
      attemptId: attempts[2]!,
      code: 'whatsapp_131026',
      detail: { because: 'Not on WhatsApp.', said: 'Undeliverable', messageId: 'wamid.x' },
    }),
    providerEvent({
      key: 'r',
      type: 'replied',
      contact: phone(1),
      occurredAt: Date.now(),
      detail: { text: 'How much?', window: 'opens' },
    }),
    providerEvent({ key: 'other', type: 'account_changed', code: 'account_update', detail: { raw: {} } }),
  ]);
});

afterAll(async () => {
  await core.close();
  removeFolder(folder);
});

async function tell(events: Parameters<Core['webhooks']['take']>[0]) {
  await core.webhooks.take(events);
  await vi.waitFor(async () => expect(await anyUnfolded(core.ledger)).toBe(false), 20_000);
}

const list = async (filter: object = {}) => (await core.call('events.list', filter)).events;
const types = async (filter: object) => (await list(filter)).map(({ type }: { type: string }) => type);

it('are listed newest first, with whom and which send they are about', async () => {
  const [newest, reply, failed] = await list();
  expect(newest).toMatchObject({ type: 'account_changed', send_id: null, lead_id: null, contact: null });
  expect(reply).toMatchObject({ type: 'replied', contact: phone(1), text: 'How much?', send_id: sendId });
  expect(failed).toMatchObject({
    code: 'whatsapp_131026',
    reason: 'Not on WhatsApp.',
    provider_said: 'Undeliverable',
  });
  expect(JSON.stringify(await list())).not.toContain('wamid');
});

it('are found by send, lead, contact, type and time', async () => {
  expect(await types({ send_id: sendId })).toEqual([
    'replied',
    'failed',
    'delivered',
    'delivered',
    'delivered',
  ]);
  const { leads } = await core.call('leads.list', { search: 'Lead 3' });
  expect(await types({ lead_id: leads[0].id })).toEqual(['failed', 'delivered']);
  expect(await types({ contact: '55 1230 0001' })).toEqual(['replied', 'delivered']);
  expect(await types({ contact: phone(1), type: 'replied' })).toEqual(['replied']);
  expect(await types({ contact: phone(1), send_id: sendId, type: 'failed' })).toEqual([]);
  const later = new Date(Date.now() + 60_000).toISOString();
  expect([await types({ since: later }), (await types({ until: later })).length]).toEqual([[], 6]);
});

it('are paged: every event once, whatever the filter', async () => {
  for (const filter of [{}, { send_id: sendId }, { contact: phone(1) }, { type: 'delivered' }]) {
    const seen: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await core.call('events.list', { ...filter, limit: 1, ...(cursor && { cursor }) });
      seen.push(...page.events.map(({ event_id }: { event_id: string }) => event_id));
      if (page.next_cursor === null) break;
      cursor = page.next_cursor;
    }
    expect(seen).toEqual((await list(filter)).map(({ event_id }: { event_id: string }) => event_id));
  }
});

it('of a type that is rare are looked for some thousands at a time, and none is missed', async () => {
  const many = Array.from({ length: 25_000 }, (_, at) => providerEvent({ key: `m${at}`, type: 'unknown' }));
  for (let at = 0; at < many.length; at += 5_000) await core.webhooks.take(many.slice(at, at + 5_000));
  const first = await core.call('events.list', { type: 'replied' });
  expect(first).toMatchObject({ events: [] });
  const second = await core.call('events.list', { type: 'replied', cursor: first.next_cursor });
  expect(second).toMatchObject({ events: [{ text: 'How much?' }], next_cursor: null });
});

it('are the history of a lead', async () => {
  const { events } = await core.call('leads.get', { lead_id: phone(1) });
  expect(events.map(({ type }: { type: string }) => type)).toEqual(['replied', 'delivered']);
});

it('of a send or lead that is not there are refused', async () => {
  const nobody = '0199a1c2-1111-7000-8000-00000000ffff';
  await expect(core.call('events.list', { send_id: nobody })).rejects.toThrow('There is no send');
  await expect(core.call('events.list', { lead_id: nobody })).rejects.toThrow('There is no lead');
  await expect(core.call('events.list', { since: 'yesterday' })).rejects.toThrow('since');
});

it('are removed when they are old enough and have had their effect; what they came to stays', async () => {
  await vi.waitFor(async () => expect(await anyUnfolded(core.ledger)).toBe(false), 30_000);
  const before = await core.call('sends.get', { send_id: sendId });
  await pruneEvents(core.ledger, 90, Date.now());
  expect((await list({ send_id: sendId })).length).toBe(5);
  await pruneEvents(core.ledger, 90, Date.now() + 91 * 24 * 60 * 60_000);
  expect(await list()).toEqual([]);
  expect(await core.call('sends.get', { send_id: sendId })).toEqual(before);
  // What comes from here on has its effect as ever.
  await tell([providerEvent({ key: 'late', type: 'read', attemptId: whatsapp.accepted[0]!.attemptId })]);
  expect(await core.call('sends.get', { send_id: sendId })).toMatchObject({ total_read: 1 });
});
