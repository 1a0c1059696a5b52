import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import type { ProviderEvent } from '../../src/core/events/event.ts';
import { freshFolder, hurried, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { providerEvent } from '../support/provider-event.ts';

type Core = Awaited<ReturnType<typeof openCore>>;

let folder: string;
let whatsapp: FakeSender;
let core: Core;
const opened: Core[] = [];

async function open(sender = whatsapp): Promise<Core> {
  const one = await openCore([sender], folder, undefined, undefined, { timing: hurried(5) });
  opened.push(one);
  return one;
}

beforeEach(async () => {
  folder = freshFolder();
  whatsapp = new FakeSender('whatsapp');
  core = await open();
  core.dispatcher.start();
});

afterEach(async () => {
  for (const one of opened.splice(0)) {
    await one.dispatcher.stop(0);
    await one.close();
  }
  removeFolder(folder);
});

const phone = (at: number) => `+5255123${String(at).padStart(5, '0')}`;

async function audienceOf(count: number, of = core): Promise<string> {
  const leads = Array.from({ length: count }, (_, at) => ({ name: `Lead ${at + 1}`, phone: phone(at + 1) }));
  await of.call('leads.import', { leads });
  return (await of.call('audience.create', { name: 'All' })).audience_id;
}

const send = (audience_id: string, more: object = {}) =>
  core.call('sendBulkMessages', { audience_id, channel: 'whatsapp', message: 'Hi {{lead.name}}', ...more });

/** Tells it, and waits until it has had its effect. */
async function tell(events: readonly ProviderEvent[], of = core): Promise<void> {
  await of.webhooks.take(events);
  await vi.waitFor(async () => expect(await anyUnfolded(of.ledger)).toBe(false), 20_000);
}

const T = Date.parse('2026-05-01T10:00:00Z');
let keys = 0;
function about(attemptId: string, type: ProviderEvent['type'], more: Partial<ProviderEvent> = {}) {
  return providerEvent({ key: `k${keys++}`, type, attemptId, ...more });
}
const attemptOf = (at: number) => whatsapp.accepted.find(({ contact }) => contact === phone(at))!.attemptId;

async function totals(send_id: string) {
  const send = await core.call('sends.get', { send_id });
  expect(send.total_sent + send.total_failed + send.total_skipped + send.total_remaining).toBe(
    send.total_in_audience,
  );
  return send;
}

const statuses = async (send_id: string) => {
  const { deliveries } = await core.call('sends.deliveries', { send_id });
  return deliveries.map(
    ({ send_status, error_code }: { send_status: string; error_code: string | null }) =>
      error_code ?? send_status,
  );
};

it('what is told later is counted beside the five totals, which stay as they are', async () => {
  const { send_id, total_delivered } = await send(await audienceOf(4));
  expect(total_delivered).toBe(undefined);
  await tell([
    about(attemptOf(1), 'delivered'),
    about(attemptOf(2), 'delivered'),
    about(attemptOf(2), 'read'),
    // `read` may come without `delivered`: it was delivered all the same.
    about(attemptOf(3), 'read'),
  ]);
  expect(await totals(send_id)).toMatchObject({
    total_sent: 4,
    total_delivered: 3,
    total_read: 2,
    total_bounced: 0,
  });
});

it('whatever order they come in and however often, they leave the same', async () => {
  const { send_id } = await send(await audienceOf(1));
  const one = attemptOf(1);
  const said = [
    about(one, 'accepted', { occurredAt: T }),
    about(one, 'delivered', { occurredAt: T + 1_000 }),
    about(one, 'delivered', { occurredAt: T + 5_000 }),
    about(one, 'read', { occurredAt: T + 2_000 }),
  ];
  const stamps = () => core.ledger.get('SELECT accepted_at, delivered_at, read_at FROM receipts');
  for (const at of [3, 2, 0, 1, 1, 2]) {
    await tell([said[at]!]);
    await tell([...said].reverse());
  }
  expect(await stamps()).toEqual({ accepted_at: T, delivered_at: T + 1_000, read_at: T + 2_000 });
  expect(await totals(send_id)).toMatchObject({ total_delivered: 1, total_read: 1 });
});

it('no row of a delivery is written for what was delivered or read', async () => {
  const { send_id } = await send(await audienceOf(3));
  const rows = () => core.ledger.all('SELECT * FROM deliveries ORDER BY position');
  // Who holds a chunk lets go of it a moment after its end.
  const chunks = async () =>
    (await core.ledger.all<object>('SELECT * FROM chunks')).map((one) => ({ ...one, holder: null }));
  const before = [await rows(), await chunks()];
  await tell([1, 2, 3].flatMap((at) => [about(attemptOf(at), 'delivered'), about(attemptOf(at), 'read')]));
  expect([await rows(), await chunks()]).toEqual(before);
  expect(await totals(send_id)).toMatchObject({ total_read: 3 });
});

it('what did not arrive after all is failed, with the reason; the sum holds, and nothing is sent again', async () => {
  const audience = await audienceOf(3);
  const { send_id } = await send(audience);
  await tell([
    about(attemptOf(2), 'delivered'),
    about(attemptOf(1), 'failed', {
      code: 'whatsapp_131026',
      detail: { because: 'Not on WhatsApp.', said: 'Undeliverable' },
    }),
  ]);
  expect(await totals(send_id)).toMatchObject({
    state: 'completed',
    total_sent: 2,
    total_failed: 1,
    total_unknown: 0,
    total_bounced: 1,
    top_errors: [
      { code: 'whatsapp_131026', message: 'Not on WhatsApp.', provider_said: 'Undeliverable', count: 1 },
    ],
  });
  await send(audience);
  expect(whatsapp.accepted).toHaveLength(3);
});

it('an unknown outcome is settled by what the provider tells: sent, or failed', async () => {
  whatsapp.answer = ({ attemptId }) => {
    doubted.push(attemptId);
    return { type: 'uncertain', code: 'ECONNRESET', message: 'The line broke.' };
  };
  const doubted: string[] = [];
  const { send_id } = await send(await audienceOf(3));
  expect(await totals(send_id)).toMatchObject({ state: 'completed', total_failed: 3, total_unknown: 3 });
  const of = (at: number) => doubted.find((id) => id.split('.')[1] === at.toString(36))!;
  await tell([
    about(of(1), 'delivered', { detail: { messageId: 'wamid.1' } }),
    about(of(2), 'failed', { code: 'whatsapp_131026' }),
  ]);
  expect(await totals(send_id)).toMatchObject({
    state: 'completed',
    total_sent: 1,
    total_failed: 2,
    total_unknown: 1,
  });
  expect(await statuses(send_id)).toEqual(['sent', 'whatsapp_131026', 'outcome_unknown']);
  expect((await core.call('sends.deliveries', { send_id })).deliveries[0].provider_message_id).toBe(
    'wamid.1',
  );
});

it.each([
  ['accepted', 'sent', { type: 'accepted', providerMessageId: 'x' }],
  ['accepted', 'sent', { type: 'uncertain', code: 'ECONNRESET', message: 'The line broke.' }],
  ['failed', 'whatsapp_131026', { type: 'accepted', providerMessageId: 'x' }],
  ['failed', 'whatsapp_131026', { type: 'uncertain', code: 'ECONNRESET', message: 'The line broke.' }],
] as const)(
  '"%s" that comes before the answer to its own attempt leaves %s, whatever the answer',
  async (type, status, outcome) => {
    whatsapp.answer = async ({ attemptId }) => {
      const code = type === 'failed' ? 'whatsapp_131026' : null;
      await tell([about(attemptId, type, { code }), about(attemptId, 'delivered')]);
      return outcome;
    };
    const { send_id } = await send(await audienceOf(2));
    expect(await statuses(send_id)).toEqual([status, status]);
    expect(await totals(send_id)).toMatchObject({ state: 'completed', total_unknown: 0, total_delivered: 2 });
  },
);

it('what was told before its process died is not unknown when another one takes over', async () => {
  const asked: string[] = [];
  const { prepare } = whatsapp;
  whatsapp.prepare = (message) => ({
    ...prepare.call(whatsapp, message),
    deliver(_, { attemptId, mayLeave }) {
      mayLeave();
      asked.push(attemptId);
      return new Promise(() => {});
    },
  });
  const { send_id } = await send(await audienceOf(4), { max_wait_seconds: 0 });
  await vi.waitFor(() => expect(asked).toHaveLength(4), 20_000);
  const of = (at: number) => asked.find((id) => id.split('.')[1] === at.toString(36))!;
  await tell([about(of(1), 'delivered'), about(of(2), 'accepted'), about(of(3), 'read')]);
  // As after a kill -9: nobody waits for the answers.
  await core.dispatcher.stop(0);
  const next = await open(new FakeSender('whatsapp'));
  next.dispatcher.start();
  core = next;
  await vi.waitFor(async () => expect((await totals(send_id)).state).toBe('completed'), 20_000);
  expect(await statuses(send_id)).toEqual(['sent', 'sent', 'sent', 'outcome_unknown']);
  await tell([about(of(4), 'delivered')], next);
  expect(await totals(send_id)).toMatchObject({ total_sent: 4, total_failed: 0, total_unknown: 0 });
});

it('an attempt that is not the last one says nothing of the one that is', async () => {
  const asked: string[] = [];
  whatsapp.answer = ({ attemptId }) => {
    asked.push(attemptId);
    return { type: 'uncertain', code: 'ECONNRESET', message: 'The line broke.' };
  };
  const audience = await audienceOf(1);
  const { send_id } = await send(audience);
  await send(audience, { retry: 'unknown' });
  expect(asked).toHaveLength(2);
  await tell([about(asked[0]!, 'delivered')]);
  expect(await totals(send_id)).toMatchObject({ total_unknown: 1, total_delivered: 1 });
  await tell([about(asked[1]!, 'delivered')]);
  expect(await totals(send_id)).toMatchObject({ total_unknown: 0, total_sent: 1, total_delivered: 1 });
});

it('who was put back to pending and turns out to have it is not sent to again', async () => {
  const asked: string[] = [];
  whatsapp.answer = ({ attemptId }) => {
    asked.push(attemptId);
    return { type: 'uncertain', code: 'ECONNRESET', message: 'The line broke.' };
  };
  const audience = await audienceOf(2);
  const { send_id } = await send(audience);
  await core.dispatcher.stop();
  await send(audience, { retry: 'unknown', max_wait_seconds: 0 });
  const first = asked.find((id) => id.endsWith('.1.1'))!;
  await tell([about(first, 'delivered')]);
  expect(await totals(send_id)).toMatchObject({ total_sent: 1, total_remaining: 1 });
});

it('one that cannot be read has no effect and keeps no other from having one', async () => {
  const { send_id } = await send(await audienceOf(2));
  await core.webhooks.take([about(attemptOf(1), 'failed', { key: 'broken' })]);
  await core.ledger.write((tx) => tx.run("UPDATE events SET detail = '{' WHERE event_key = 'broken'"));
  await tell([about(attemptOf(1), 'delivered'), about(attemptOf(2), 'delivered')]);
  expect(await totals(send_id)).toMatchObject({ total_delivered: 2 });
});

it('what one process took in and did not come to, another one does', async () => {
  const { send_id } = await send(await audienceOf(1));
  const attempt = attemptOf(1);
  const other = await open(new FakeSender('whatsapp'));
  await core.close();
  opened.splice(opened.indexOf(core), 1);
  const { insertEvents } = await import('../../src/core/events/event.store.ts');
  await other.ledger.write((tx) => insertEvents(tx, [about(attempt, 'read')], Date.now()));
  core = other;
  await vi.waitFor(async () => expect(await totals(send_id)).toMatchObject({ total_read: 1 }), 20_000);
});

it('ten requests with the same thousand events at once leave each of them once', async () => {
  const { send_id } = await send(await audienceOf(50));
  const events = Array.from({ length: 50 }, (_, at) =>
    ['accepted', 'delivered', 'read'].map((type) => about(attemptOf(at + 1), type as ProviderEvent['type'])),
  ).flat();
  await Promise.all(Array.from({ length: 10 }, () => core.webhooks.take(events)));
  await tell([]);
  expect((await core.ledger.get<{ n: number }>('SELECT count(*) AS n FROM events'))?.n).toBe(150);
  expect(await totals(send_id)).toMatchObject({ total_delivered: 50, total_read: 50 });
});

it('a failure that is about the account pauses the sends of that sender, and one about the message that send', async () => {
  const audience = await audienceOf(30);
  whatsapp.answer = ({ attemptId }) => (attemptId.includes('.1.') ? undefined : new Promise(() => {}));
  const { send_id } = await send(audience, { max_wait_seconds: 0 });
  await vi.waitFor(() => expect(whatsapp.accepted).toHaveLength(1), 20_000);
  const now = Date.now();
  const because = { because: 'The template is paused.', said: 'Template paused', pauses: 'send' as const };
  await tell([about(attemptOf(1), 'failed', { code: 'whatsapp_132015', occurredAt: now, detail: because })]);
  expect(await totals(send_id)).toMatchObject({
    state: 'paused',
    paused_reason: 'The template is paused.',
    provider_said: 'Template paused',
  });
});

it('what was told days late pauses nothing', async () => {
  whatsapp.answer = ({ attemptId }) => (attemptId.includes('.1.') ? undefined : new Promise(() => {}));
  const { send_id } = await send(await audienceOf(3), { max_wait_seconds: 0 });
  await vi.waitFor(() => expect(whatsapp.accepted).toHaveLength(1), 20_000);
  await tell([
    about(attemptOf(1), 'failed', {
      code: 'whatsapp_131031',
      occurredAt: Date.now() - 3 * 24 * 60 * 60_000,
      detail: { pauses: 'sender' },
    }),
  ]);
  expect(await totals(send_id)).toMatchObject({ state: 'running', total_failed: 1 });
});

it('twenty failures with the same code pause the send: the message is wrong, not the leads', async () => {
  whatsapp = new FakeSender('whatsapp', 64);
  await core.close();
  opened.length = 0;
  core = await open();
  core.dispatcher.start();
  whatsapp.answer = (_, tries) => (tries <= 25 ? undefined : new Promise(() => {}));
  const { send_id } = await send(await audienceOf(40), { max_wait_seconds: 0 });
  await vi.waitFor(() => expect(whatsapp.accepted).toHaveLength(25), 20_000);
  const fail = ({ attemptId }: { attemptId: string }) =>
    about(attemptId, 'failed', {
      code: 'whatsapp_132012',
      occurredAt: Date.now(),
      detail: { pauses: 'send_if_repeated' },
    });
  await tell(whatsapp.accepted.slice(0, 19).map(fail));
  expect((await totals(send_id)).state).toBe('running');
  await tell(whatsapp.accepted.slice(19, 20).map(fail));
  expect(await totals(send_id)).toMatchObject({ state: 'paused', total_failed: 20 });
});
