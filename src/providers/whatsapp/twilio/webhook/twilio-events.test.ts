import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { twilioSignature } from '../../../../../test/support/twilio-webhook.ts';
import type { ProviderEvent } from '../../../../core/events/event.ts';
import type { Received } from '../../../../core/events/event-source.ts';
import { createTwilioEvents } from './twilio-events.ts';

const TOKEN = '12345';
const ACCOUNT = `AC${'0'.repeat(31)}1`;
const HOOK = 'https://hooks.example.test';
const STATUS_URL = '/twilio/status?attempt=a1';
const DELIVERED = {
  AccountSid: ACCOUNT,
  From: 'whatsapp:+15555550199',
  MessageSid: 'SM00000000000000000000000000000001',
  MessageStatus: 'delivered',
  To: 'whatsapp:+15555550100',
};
const SENDER = 'twilio:+15555550199';

async function receive(
  form: Record<string, string>,
  {
    url = STATUS_URL,
    headers,
    publicUrl = HOOK,
  }: { url?: string; headers?: Record<string, string>; publicUrl?: string | null } = {},
): Promise<Received> {
  const source = createTwilioEvents({ accountSid: ACCOUNT, authToken: TOKEN, senderId: SENDER, publicUrl });
  return source.receive({
    method: 'POST',
    url,
    headers: headers ?? { 'x-twilio-signature': twilioSignature(HOOK + url, form, TOKEN) },
    rawBody: Buffer.from(new URLSearchParams(form).toString()),
  });
}

async function eventsOf(form: Record<string, string>, url?: string): Promise<readonly ProviderEvent[]> {
  const received = await receive(form, url === undefined ? {} : { url });
  if ('refuse' in received) throw new Error(received.error);
  return received.events;
}

const inbound = (more: Record<string, string>) =>
  eventsOf(
    { MessageSid: 'SM2', From: 'whatsapp:+16505551234', WaId: '16505551234', ...more },
    '/webhooks/twilio',
  );

describe('the signature of Twilio', () => {
  it('is that of the address with its query and of every name and value, sorted', async () => {
    const headers = { 'x-twilio-signature': 'L6XKHG4AgJZZQEVKo65M1ykiU6A=' };
    expect(await receive(DELIVERED, { headers })).toMatchObject({ events: [{ type: 'delivered' }] });
  });

  it.each([
    ['of one field more', { ...DELIVERED, Extra: 'x' }, {}],
    ['of another attempt', DELIVERED, { url: '/twilio/status?attempt=a2' }],
    ['of another host', DELIVERED, { publicUrl: 'https://other.example.test' }],
    ['that is not there', DELIVERED, { headers: {} }],
    ['that is short', DELIVERED, { headers: { 'x-twilio-signature': 'L6XK' } }],
  ])('%s is refused', async (_, form, more) => {
    const headers = { 'x-twilio-signature': 'L6XKHG4AgJZZQEVKo65M1ykiU6A=' };
    expect(await receive(form, { headers, ...more })).toMatchObject({ refuse: 'unauthorized' });
  });

  it.each([`${HOOK}:443`, HOOK])('is taken with the standard port and without: %s', async (base) => {
    const headers = { 'x-twilio-signature': twilioSignature(base + STATUS_URL, DELIVERED, TOKEN) };
    expect(await receive(DELIVERED, { headers })).toHaveProperty('events');
    expect(await receive(DELIVERED, { headers, publicUrl: `${HOOK}:443/` })).toHaveProperty('events');
  });

  it('of a body that is no form is that of the address, which has the hash of the body', async () => {
    const rawBody = Buffer.from('{"a":1}');
    const hash = createHash('sha256').update(rawBody).digest('hex');
    const url = `/webhooks/twilio?bodySHA256=${hash}`;
    const signature = createHmac('sha1', TOKEN)
      .update(HOOK + url)
      .digest('base64');
    const source = createTwilioEvents({
      accountSid: ACCOUNT,
      authToken: TOKEN,
      senderId: SENDER,
      publicUrl: HOOK,
    });
    const request = { method: 'POST', url, headers: { 'x-twilio-signature': signature }, rawBody };
    expect(await source.receive(request)).toMatchObject({ events: [{ type: 'unknown' }] });
    expect(await source.receive({ ...request, rawBody: Buffer.from('{"a":2}') })).toMatchObject({
      refuse: 'unauthorized',
    });
  });

  it('by another rule, which Twilio announces, is refused with the way out', async () => {
    const headers = {
      'x-twilio-signature': 'abc',
      'x-twilio-webhooks-signature-settings': 'key=k1,algorithm=HMAC_SHA256',
    };
    expect(await receive(DELIVERED, { headers })).toMatchObject({
      refuse: 'unauthorized',
      error: expect.stringContaining('HMAC-SHA256'),
      fix: expect.stringContaining('Twilio Console'),
    });
  });

  it('cannot be told without PUBLIC_URL: the webhook is closed', async () => {
    expect(await receive(DELIVERED, { publicUrl: null })).toMatchObject({
      refuse: 'forbidden',
      fix: expect.stringContaining('PUBLIC_URL'),
    });
  });
});

describe('a status callback', () => {
  it.each([
    ['queued', 'accepted'],
    ['sent', 'accepted'],
    ['delivered', 'delivered'],
    ['read', 'read'],
    ['failed', 'failed'],
    ['undelivered', 'failed'],
    ['canceled', 'failed'],
    ['paused_by_nobody', 'unknown'],
  ])('%s is %s, of the attempt in its query', async (MessageStatus, type) => {
    const [event] = await eventsOf({ ...DELIVERED, MessageStatus });
    expect(event).toMatchObject({ provider: 'whatsapp-twilio', type, sender: SENDER });
    if (type !== 'unknown')
      expect(event).toMatchObject({
        attemptId: 'a1',
        contact: null,
        detail: { messageId: DELIVERED.MessageSid },
      });
  });

  it('is the same each time it comes, and another for each status', async () => {
    const key = async (form: Record<string, string>) => (await eventsOf(form))[0]!.key;
    expect(await key(DELIVERED)).toBe(await key({ ...DELIVERED, ErrorCode: '' }));
    expect(await key(DELIVERED)).not.toBe(await key({ ...DELIVERED, MessageStatus: 'read' }));
  });

  it('says why in our words, and in those of Twilio without addresses', async () => {
    const [event] = await eventsOf({
      ...DELIVERED,
      MessageStatus: 'undelivered',
      ErrorCode: '63016',
      ErrorMessage: 'outside the window for +16505551234',
    });
    expect(event).toMatchObject({
      code: 'twilio_63016',
      detail: {
        window: 'closes',
        said: 'outside the window for <number>',
        because: expect.stringMatching(/24 hours/),
      },
    });
  });

  it('of somebody who has said STOP to Twilio opts them out', async () => {
    const events = await eventsOf({ ...DELIVERED, MessageStatus: 'failed', ErrorCode: '21610' });
    expect(events).toMatchObject([
      { type: 'failed', code: 'twilio_21610' },
      { type: 'opted_out', code: 'all', attemptId: 'a1' },
    ]);
  });

  it('of a template that is paused pauses the send', async () => {
    const [event] = await eventsOf({ ...DELIVERED, MessageStatus: 'failed', ErrorCode: '63041' });
    expect(event).toMatchObject({ detail: { pauses: 'send' } });
  });
});

describe('what a contact writes', () => {
  it('is a reply, opens the window, and is answered with nothing', async () => {
    const form = { MessageSid: 'SM2', From: 'whatsapp:+16505551234', WaId: '16505551234', Body: 'Thanks!' };
    const received = await receive(form, { url: '/webhooks/twilio' });
    expect(received).toMatchObject({
      events: [
        {
          type: 'replied',
          contact: '+16505551234',
          code: 'text',
          detail: { text: 'Thanks!', window: 'opens' },
        },
      ],
      reply: { contentType: 'text/xml', body: '<Response></Response>' },
    });
  });

  it.each([
    [{ Body: ' stop. ' }, 'opted_out'],
    [{ Body: 'Cancel my order' }, 'replied'],
    [{ Body: 'no', OptOutType: 'STOP' }, 'opted_out'],
    [{ Body: 'x', OptOutType: 'START' }, 'opted_in'],
    [{ Body: 'Stop promotions', ButtonText: 'No more', ButtonPayload: 'tidings:optout' }, 'opted_out'],
    [{ Body: 'start' }, 'opted_in'],
    [{ Body: 'stop', MessageType: 'reaction' }, 'replied'],
  ])('%j is %s', async (more, type) => {
    expect(await inbound(more)).toMatchObject([{ type }]);
  });

  it('is answered in its language by us, unless Twilio answers it by Advanced Opt-Out', async () => {
    const [ours] = await inbound({ Body: 'Baja' });
    expect(ours!.detail).toMatchObject({ farewell: 'es' });
    for (const more of [{ OptOutType: 'STOP' }, { OptOutType: 'HELP' }]) {
      const [theirs] = await inbound({ Body: 'STOP', ...more });
      expect(theirs!.detail).not.toHaveProperty('farewell');
    }
  });

  it('a reaction opens no window', async () => {
    const [event] = await inbound({ Body: '👍', MessageType: 'reaction' });
    expect(event!.detail).not.toHaveProperty('window');
  });

  it('and has no number is known by an id', async () => {
    const form = {
      MessageSid: 'SM3',
      From: 'whatsapp:US.13491208655302741918',
      ExternalUserId: 'US.13491208655302741918',
      Body: 'STOP',
    };
    expect(await eventsOf(form, '/webhooks/twilio')).toMatchObject([
      { type: 'opted_out', contact: 'US.13491208655302741918', userId: 'US.13491208655302741918' },
    ]);
  });

  it('of nobody, or of nothing, is kept as unknown without its words', async () => {
    const events = [
      ...(await eventsOf({ MessageSid: 'SM3', Body: 'secret words' }, '/webhooks/twilio')),
      ...(await eventsOf({ Something: 'secret words' }, '/webhooks/twilio')),
    ];
    expect(events).toMatchObject([{ type: 'unknown' }, { type: 'unknown' }]);
    expect(JSON.stringify(events)).not.toContain('secret words');
  });
});
