import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findConversation } from '../../src/core/conversations/conversation.store.ts';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import { OPT_OUT_PAYLOAD } from '../../src/providers/whatsapp/opt-out-words.ts';
import { freshFolder, hurried, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { eventsOf, messages, NUMBER, preferences, seconds } from '../support/whatsapp-webhook.ts';

type Core = Awaited<ReturnType<typeof openCore>>;
const SENDER = `whatsapp:${NUMBER}`;
const ANN = '+5215512345678'.replace('+521', '+52');
const ANN_ID = ANN.slice(1);

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
  whatsapp = new FakeSender('whatsapp', 16, null, SENDER);
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

async function hear(...changes: object[]): Promise<void> {
  await core.webhooks.take(await eventsOf(...changes));
  await vi.waitFor(async () => expect(await anyUnfolded(core.ledger)).toBe(false), 20_000);
}

let ids = 0;
const now = Date.now();
const wrote = (body: string, more: object = {}, from: string | null = ANN_ID, at = now) =>
  messages({
    contacts: [from === null ? {} : { wa_id: from }],
    messages: [
      {
        id: `wamid.in.${ids++}`,
        ...(from !== null && { from }),
        timestamp: seconds(at),
        type: 'text',
        text: { body },
        ...more,
      },
    ],
  });

async function suppressed(): Promise<string[]> {
  const { suppressions } = await core.call('suppressions.list');
  return suppressions.map(
    (one: Record<string, string>) => `${one['channel']} ${one['contact']} ${one['reason']}`,
  );
}

async function sendTo(phones: readonly string[], more: object = {}) {
  await core.call('leads.import', { leads: phones.map((phone, at) => ({ name: `Lead ${at}`, phone })) });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  return core.call('sendBulkMessages', { audience_id, channel: 'whatsapp', message: 'Hi', ...more });
}

describe('the window', () => {
  const lastInbound = async () => (await findConversation(core.ledger, SENDER, ANN))?.last_inbound_at ?? null;

  it('opens by the time that the provider gives, and never goes back', async () => {
    await hear(wrote('hello', {}, ANN_ID, now - 60_000));
    await hear(wrote('an hour ago, and late', {}, ANN_ID, now - 3_600_000));
    expect(await lastInbound()).toBe(Math.floor((now - 60_000) / 1_000) * 1_000);
  });

  it('is not opened by faces, what WhatsApp does not show, echoes, statuses, or a time to come', async () => {
    await hear(
      wrote('', { type: 'reaction', reaction: { message_id: 'wamid.1', emoji: '👍' }, text: undefined }),
      wrote('', { type: 'unsupported', errors: [{ code: 131051 }], text: undefined }),
      {
        field: 'smb_message_echoes',
        value: { message_echoes: [{ from: NUMBER, to: ANN_ID, id: 'wamid.e' }] },
      },
      messages({
        statuses: [{ id: 'wamid.s', status: 'read', timestamp: seconds(now), recipient_id: ANN_ID }],
      }),
      wrote('from tomorrow', {}, ANN_ID, now + 24 * 3_600_000),
    );
    expect(await lastInbound()).toBe(null);
  });

  it('is opened by a call, a button, and a picture', async () => {
    const at = now - 5_000;
    const call = {
      id: 'call.1',
      from: ANN_ID,
      event: 'connect',
      direction: 'USER_INITIATED',
      timestamp: seconds(at),
    };
    await hear({ field: 'calls', value: { metadata: { phone_number_id: NUMBER }, calls: [call] } });
    expect(await lastInbound()).toBe(Math.floor(at / 1_000) * 1_000);
    await hear(
      wrote('', { type: 'image', image: { id: '1', caption: 'look' }, text: undefined }, ANN_ID, now),
    );
    expect(await lastInbound()).toBe(Math.floor(now / 1_000) * 1_000);
  });

  it('is closed again by the provider’s own word (131047)', async () => {
    await hear(wrote('hello', {}, ANN_ID, now - 60_000));
    await sendTo([ANN]);
    const { attemptId } = whatsapp.accepted[0]!;
    const errors = [{ code: 131047, title: 'Re-engagement message' }];
    const status = { id: 'wamid.1', status: 'failed', timestamp: seconds(now), errors };
    await hear(messages({ statuses: [{ ...status, biz_opaque_callback_data: attemptId }] }));
    const row = await findConversation(core.ledger, SENDER, ANN);
    expect(row?.refused_at).toBeGreaterThan(row!.last_inbound_at!);
  });
});

describe('a reply', () => {
  it('is kept with its text, and counts at the message that it answers', async () => {
    const { send_id } = await sendTo([ANN]);
    await hear(wrote('How much is it?', {}, ANN_ID, Date.now()));
    await hear(wrote('And again?', {}, ANN_ID, Date.now()));
    expect(await core.call('sends.get', { send_id })).toMatchObject({
      total_replied: 1,
      total_unsubscribed: 0,
    });
    const { send_seq, detail } = (await core.ledger.get<{ send_seq: number; detail: string }>(
      "SELECT send_seq, detail FROM events WHERE type = 'replied' ORDER BY seq LIMIT 1",
    ))!;
    expect(send_seq).not.toBe(null);
    expect(JSON.parse(detail)).toMatchObject({ text: 'How much is it?' });
  });

  it('to a message that it quotes counts at that one', async () => {
    const first = await sendTo([ANN]);
    const { audience_id } = first;
    const second = await core.call('sendBulkMessages', {
      audience_id,
      channel: 'whatsapp',
      message: 'Two',
      campaign: 'two',
    });
    const quoted = `fake-${whatsapp.accepted[0]!.attemptId}`;
    await hear(wrote('yes please', { context: { id: quoted } }, ANN_ID, Date.now()));
    expect((await core.call('sends.get', { send_id: first.send_id })).total_replied).toBe(1);
    // To an offer it is an answer as any other.
    await hear(wrote('YES', {}, ANN_ID, Date.now() + 1_000));
    expect((await core.call('sends.get', { send_id: second.send_id })).total_replied).toBe(1);
  });
});

describe('who says no', () => {
  it.each([
    ['a word', wrote(' Stop. '), 'whatsapp'],
    ['a word of another language', wrote('No más'), 'whatsapp'],
    [
      'our button',
      wrote('', { type: 'button', button: { payload: OPT_OUT_PAYLOAD, text: 'Leave me alone' } }),
      'whatsapp',
    ],
    [
      'a button with such a word',
      wrote('', { type: 'button', button: { payload: 'x', text: 'Stop promotions' } }),
      'whatsapp',
    ],
    [
      'our button in a message of its own',
      wrote('', {
        type: 'interactive',
        interactive: { type: 'button_reply', button_reply: { id: OPT_OUT_PAYLOAD, title: 'No' } },
      }),
      'whatsapp',
    ],
    [
      'what they chose in WhatsApp',
      preferences({
        user_preferences: [
          {
            wa_id: ANN_ID,
            category: 'marketing_messages',
            value: 'stop',
            timestamp: Math.floor(now / 1_000),
          },
        ],
      }),
      'whatsapp:marketing',
    ],
  ])('by %s is not written to again', async (_, said, scope) => {
    await hear(said);
    expect(await suppressed()).toEqual([`${scope} ${ANN} opted_out`]);
    expect(await sendTo([ANN, '+525587654321'])).toMatchObject({ total_sent: 1, total_skipped: 1 });
    const reached = whatsapp.accepted.filter(({ text }) => text === 'Hi');
    expect(reached.map(({ contact }) => contact)).toEqual(['+525587654321']);
  });

  it('by 131050 is left out of marketing over WhatsApp', async () => {
    const { send_id } = await sendTo([ANN]);
    const errors = [{ code: 131050, title: 'User has stopped marketing messages' }];
    const { attemptId } = whatsapp.accepted[0]!;
    const status = { id: 'wamid.1', status: 'failed', timestamp: seconds(now), errors };
    await hear(messages({ statuses: [{ ...status, biz_opaque_callback_data: attemptId }] }));
    expect(await suppressed()).toEqual([`whatsapp:marketing ${ANN} opted_out`]);
    expect(await core.call('sends.get', { send_id })).toMatchObject({
      total_failed: 1,
      total_unsubscribed: 1,
    });
  });

  it('is not anybody who asks to cancel an order', async () => {
    await hear(wrote('cancel my order'), wrote('I want to end the contract'));
    expect(await suppressed()).toEqual([]);
  });

  it('and comes back by START is free of what they wrote, and of nothing else', async () => {
    await core.call('suppressions.add', {
      channel: 'whatsapp',
      contact: '+525587654321',
      reason: 'opted_out',
    });
    await hear(wrote('stop'), wrote('START', {}, ANN_ID, now + 2_000));
    await hear(wrote('start', {}, '525587654321', now + 2_000));
    expect(await suppressed()).toEqual(['whatsapp +525587654321 opted_out']);
    const stop = { wa_id: ANN_ID, category: 'marketing_messages', value: 'stop', timestamp: seconds(now) };
    await hear(preferences({ user_preferences: [stop] }));
    await hear(wrote('start', {}, ANN_ID, now + 4_000));
    expect(await suppressed()).toContain(`whatsapp:marketing ${ANN} opted_out`);
    await hear(
      preferences({ user_preferences: [{ ...stop, value: 'resume', timestamp: seconds(now + 6_000) }] }),
    );
    expect(await suppressed()).toEqual(['whatsapp +525587654321 opted_out']);
  });

  it('"yes" takes back the stop right before it, and no older one', async () => {
    await hear(wrote('stop', {}, ANN_ID, now - 10_000_000));
    await hear(wrote('yes', {}, ANN_ID, now));
    expect(await suppressed()).toEqual([`whatsapp ${ANN} opted_out`]);
    await hear(wrote('stop', {}, '525587654321', now - 60_000), wrote('yes', {}, '525587654321', now));
    expect(await suppressed()).toEqual([`whatsapp ${ANN} opted_out`]);
  });

  it.each([
    ['stop', 'start', []],
    ['start', 'stop', [`whatsapp ${ANN} opted_out`]],
  ])('"%s" and then "%s" leave the latter, in whatever order they come in', async (first, then, left) => {
    const said = [wrote(first, {}, ANN_ID, now), wrote(then, {}, ANN_ID, now + 5_000)];
    await hear(said[1]!);
    await hear(said[0]!);
    await hear(said[1]!, said[0]!);
    expect(await suppressed()).toEqual(left);
  });

  it.each([
    ['Brazil', '+5511987654321', '551187654321', 'PARAR'],
    ['Argentina', '+5491123456789', '541123456789', 'baja'],
    ['Mexico', '+5215512345678', '525512345678', 'baja'],
    ['Mexico, the other way round', '+525512345678', '5215512345678', 'baja'],
  ])('from %s is the same contact, whichever way the number is written', async (_, phone, waId, word) => {
    await hear(wrote(word, {}, waId));
    expect(await sendTo([phone, '+551133334444'])).toMatchObject({ total_sent: 1, total_skipped: 1 });
  });
});

describe('a contact that is known by an id alone', () => {
  const byId = (body: string, id: string) =>
    messages({
      contacts: [{ profile: { username: 'ann' }, user_id: id }],
      messages: [
        { id: `wamid.in.${ids++}`, from_user_id: id, timestamp: seconds(now), type: 'text', text: { body } },
      ],
    });

  it('opts out, also when its number is learned later', async () => {
    await hear(byId('STOP', 'MX.77'));
    expect(await suppressed()).toEqual(['whatsapp MX.77 opted_out']);
    await hear(
      messages({ contacts: [{ wa_id: ANN_ID, user_id: 'MX.77' }], messages: [] }),
      wrote('hi', { from_user_id: 'MX.77' }),
    );
    expect(await suppressed()).toEqual([`whatsapp ${ANN} opted_out`, 'whatsapp MX.77 opted_out']);
    expect(await sendTo([ANN])).toMatchObject({ total_skipped: 1 });
  });

  it('is the number that a message of ours went to, as its status told', async () => {
    await sendTo([ANN]);
    const { attemptId } = whatsapp.accepted[0]!;
    const status = {
      id: 'wamid.1',
      status: 'delivered',
      timestamp: seconds(now),
      recipient_user_id: 'MX.77',
    };
    await hear(messages({ statuses: [{ ...status, biz_opaque_callback_data: attemptId }] }));
    await hear(byId('STOP', 'MX.77'));
    expect(await suppressed()).toContain(`whatsapp ${ANN} opted_out`);
  });

  it('stays opted out with another id, and with another number', async () => {
    await hear(wrote('stop', { from_user_id: 'MX.77' }));
    const system = (value: object, from: object) =>
      messages({
        messages: [
          { id: `wamid.in.${ids++}`, timestamp: seconds(now), type: 'system', system: value, ...from },
        ],
      });
    await hear(system({ type: 'user_changed_number', wa_id: '525587654321' }, { from: ANN_ID }));
    await hear(system({ type: 'user_changed_user_id', user_id: 'MX.88', previous_user_id: 'MX.77' }, {}));
    expect(await suppressed()).toEqual(
      [ANN, '+525587654321', 'MX.77', 'MX.88'].map((one) => `whatsapp ${one} opted_out`).toSorted(),
    );
  });
});

describe('who says no while a message to them waits to be handed over', () => {
  /** Claims, and asks whether it may leave when it is told to. */
  function slowSender() {
    const let_: (() => void)[] = [];
    const left: string[] = [];
    const sender = new FakeSender('whatsapp', 4, null, SENDER);
    const { prepare } = sender;
    sender.prepare = (message) => ({
      ...prepare.call(sender, message),
      async deliver({ contact }, { mayLeave }) {
        await new Promise<void>((resolve) => let_.push(resolve));
        if (!mayLeave())
          return { type: 'transient', scope: 'recipient', code: 'process_stalled', message: 'Nothing left.' };
        // Not that they are told that they were heard.
        if (message.body.source === 'Hi') left.push(contact);
        return { type: 'accepted', providerMessageId: 'x' };
      },
    });
    return { sender, left, waiting: let_ };
  }

  it.each(['this', 'another'])('is not reached, heard by %s process', async (which) => {
    const { sender, left, waiting } = slowSender();
    const other = core;
    await other.close();
    opened.length = 0;
    core = await open(sender);
    core.dispatcher.start();
    const { send_id } = await sendTo([ANN, '+525587654321'], { max_wait_seconds: 0 });
    await vi.waitFor(() => expect(waiting).toHaveLength(2), 20_000);
    if (which === 'this') await hear(wrote('STOP'));
    else {
      const elsewhere = await open(new FakeSender('email'));
      await elsewhere.webhooks.take(await eventsOf(wrote('STOP')));
      await vi.waitFor(async () => expect(await anyUnfolded(core.ledger)).toBe(false), 20_000);
      // No later than the next look: one for all messages, every tenth of a second.
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    for (const go of waiting) go();
    await vi.waitFor(
      async () => expect((await core.call('sends.get', { send_id })).state).toBe('completed'),
      20_000,
    );
    expect(left).toEqual(['+525587654321']);
    expect(await core.call('sends.get', { send_id })).toMatchObject({ total_sent: 1, total_skipped: 1 });
  });
});

describe('a person who was erased', () => {
  it('is nowhere in what providers said, before and after', async () => {
    await sendTo([ANN]);
    const { attemptId } = whatsapp.accepted[0]!;
    const status = {
      id: `wamid.${Buffer.from(ANN_ID).toString('base64')}`,
      recipient_id: ANN_ID,
      recipient_user_id: 'MX.77',
      biz_opaque_callback_data: attemptId,
      timestamp: seconds(now),
    };
    const all = () => [
      messages({ statuses: [{ ...status, status: 'delivered' }] }),
      wrote('my name is Ann Carrot', { from_user_id: 'MX.77' }),
      wrote('stop', { from_user_id: 'MX.77' }),
    ];
    await hear(...all());
    const { events, conversations } = await core.call('person.export', { contact: ANN });
    expect(events).toHaveLength(3);
    expect(conversations).toMatchObject([{ contact: ANN, user_id: 'MX.77' }]);
    await core.call('person.erase', { contact: ANN });
    const told = async () => {
      const tables = ['events', 'receipts', 'conversations', 'suppressions', 'suppression_history'];
      return JSON.stringify(
        await Promise.all(tables.map((table) => core.ledger.all(`SELECT * FROM ${table}`))),
      );
    };
    const traces = /5512345678|MX\.77|Carrot|NTI1NTEyMzQ1Njc4/;
    expect(await told()).not.toMatch(traces);
    await hear(messages({ statuses: [{ ...status, status: 'read' }] }), ...all());
    expect(await told()).not.toMatch(traces);
    // Nor are they written to again, should they come back by another import.
    expect(await suppressed()).toEqual(expect.arrayContaining(['whatsapp erased opted_out']));
  });
});
