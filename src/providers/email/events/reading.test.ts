import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ProviderEvent } from '../../../core/events/event.ts';
import type { EventSource } from '../../../core/events/event-source.ts';
import { createBrevoEvents } from '../brevo/brevo-events.ts';
import { createMailgunEvents } from '../mailgun/mailgun-events.ts';
import { createPostmarkEvents } from '../postmark/postmark-events.ts';
import { createResendEvents } from '../resend/resend-events.ts';
import { createSendGridEvents } from '../sendgrid/sendgrid-events.ts';
import { readSes } from '../ses/read-ses.ts';

const SEND = '0123456789abcdef0123456789abcdef';
const ATTEMPT = `${SEND}.z.2`;
const TAG = `${SEND}_z_2`;
const AT = '2026-05-02T00:54:06.655Z';
const NOW = Date.now();
const GONE = 'smtp; 550 5.1.1 user unknown';
const FULL = '552 5.2.2 mailbox full';
const BLOCKED =
  '550 5.7.1 messages from [192.0.2.7] were not sent: part of their network is on our block list (S3150)';

const KEY = Buffer.alloc(24, 7);
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const resend = createResendEvents(`whsec_${KEY.toString('base64')}`);
const postmark = createPostmarkEvents('p');
const sendgrid = createSendGridEvents(
  EC.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
);
const mailgun = createMailgunEvents('k');
const brevo = createBrevoEvents('t');

async function from(source: EventSource, body: string, headers: Record<string, string>) {
  const received = await source.receive({ method: 'POST', url: '/', headers, rawBody: Buffer.from(body) });
  if ('refuse' in received) throw new Error(received.error);
  return received.events;
}
const seconds = () => String(Math.floor(Date.now() / 1_000));

type Give = (given: object) => Promise<readonly ProviderEvent[]>;
const BY: Readonly<Record<string, Give>> = {
  async ses(given) {
    return readSes(given, 'sns-1', NOW);
  },
  resend(given) {
    const body = JSON.stringify(given);
    const time = seconds();
    const own = createHmac('sha256', KEY).update(`id.${time}.${body}`).digest('base64');
    return from(resend, body, { 'svix-id': 'id', 'svix-timestamp': time, 'svix-signature': `v1,${own}` });
  },
  postmark: (given) =>
    from(postmark, JSON.stringify(given), {
      authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
    }),
  sendgrid(given) {
    const body = JSON.stringify(given);
    const time = seconds();
    const key = { key: EC.privateKey, dsaEncoding: 'der' as const };
    return from(sendgrid, body, {
      'x-twilio-email-event-webhook-timestamp': time,
      'x-twilio-email-event-webhook-signature': sign('sha256', Buffer.from(time + body), key).toString(
        'base64',
      ),
    });
  },
  mailgun(given) {
    const timestamp = seconds();
    const signature = createHmac('sha256', 'k').update(`${timestamp}token`).digest('hex');
    return from(
      mailgun,
      JSON.stringify({ signature: { timestamp, token: 'token', signature }, 'event-data': given }),
      {},
    );
  },
  brevo: (given) => from(brevo, JSON.stringify(given), { authorization: 'Bearer t' }),
};

const mail = {
  messageId: 'm1',
  destination: ['ann@example.org'],
  timestamp: AT,
  tags: { attempt_id: [TAG] },
};
const sesBounce = (bounceType: string, bounceSubType: string, diagnosticCode?: string, status?: string) => ({
  eventType: 'Bounce',
  mail,
  bounce: {
    bounceType,
    bounceSubType,
    timestamp: AT,
    bouncedRecipients: [{ emailAddress: 'ann@example.org', diagnosticCode, status }],
  },
});
const sesComplaint = (complaintFeedbackType?: string) => ({
  eventType: 'Complaint',
  mail,
  complaint: { complaintFeedbackType, complainedRecipients: [{ emailAddress: 'ann@example.org' }] },
});
const data = { email_id: 'm1', to: ['ann@example.org'], tags: { attempt_id: TAG } };
const ofResend = (type: string, more: object = {}) => ({ type, created_at: AT, data: { ...data, ...more } });
const resendBounce = (type: string, subType: string, diagnostic?: string) =>
  ofResend('email.bounced', {
    bounce: { type, subType, message: 'm', ...(diagnostic && { diagnosticCode: [diagnostic] }) },
  });
const ofPostmark = (RecordType: string, more: object = {}) => ({
  RecordType,
  ID: 42,
  MessageID: 'm1',
  Email: 'ann@example.org',
  Metadata: { attempt_id: ATTEMPT },
  BouncedAt: AT,
  ...more,
});
const ofSendGrid = (event: string, more: object = {}) => [
  {
    event,
    email: 'ann@example.org',
    timestamp: Date.parse('2026-05-02T00:54:06Z') / 1_000,
    sg_event_id: 'e1',
    sg_message_id: 'm1',
    attempt_id: ATTEMPT,
    ...more,
  },
];
const ofMailgun = (event: string, more: object = {}) => ({
  event,
  id: 'x',
  timestamp: Date.parse(AT) / 1_000,
  recipient: 'ann@example.org',
  message: { headers: { 'message-id': 'm1' } },
  'user-variables': { attempt_id: ATTEMPT },
  ...more,
});
const failed = (reason: string, code: number, message: string, severity = 'permanent') =>
  ofMailgun('failed', { severity, reason, 'delivery-status': { code, message } });
const ofBrevo = (event: string, more: object = {}) => ({
  event,
  email: 'ann@example.org',
  'message-id': 'm1',
  ts_epoch: Date.parse(AT),
  'X-Mailin-custom': ATTEMPT,
  ...more,
});

const hard = { type: 'bounced', code: 'bounce_hard', suppress: 'bounced' };
const soft = { type: 'bounced', code: 'bounce_soft' };
const message = { type: 'bounced', code: 'bounce_message', pauses: 'send_if_repeated' };
const sender = { type: 'bounced', code: 'bounce_sender', pauses: 'sender_if_repeated' };
const listed = (suppress?: string) => ({
  type: 'failed',
  code: 'provider_suppressed',
  ...(suppress && { suppress }),
});
const refused = { type: 'failed', code: 'provider_refused', pauses: 'send_if_repeated' };
const just = (type: string) => ({ type, code: null });
const unknown = (code: string) => ({ type: 'unknown', code });

describe('each event of each provider is read', () => {
  test.each<[string, object, object]>([
    ['ses', { eventType: 'Send', mail }, just('accepted')],
    ['ses', { eventType: 'Delivery', mail, delivery: { timestamp: AT } }, just('delivered')],
    ['ses', { notificationType: 'Delivery', mail, delivery: { timestamp: AT } }, just('delivered')],
    ['ses', { eventType: 'DeliveryDelay', mail, deliveryDelay: {} }, just('delayed')],
    ['ses', { eventType: 'Click', mail, click: {} }, just('clicked')],
    ['ses', sesBounce('Permanent', 'General', GONE), hard],
    ['ses', sesBounce('Permanent', 'NoEmail'), hard],
    ['ses', sesBounce('Permanent', 'General', `smtp; ${BLOCKED}`), sender],
    ['ses', sesBounce('Permanent', 'General', `smtp; ${FULL}`), soft],
    ['ses', sesBounce('Transient', 'MailboxFull', `smtp; ${FULL}`), soft],
    [
      'ses',
      sesBounce('Transient', 'General', 'smtp; 550 4.4.7 Message expired: unable to deliver in 840 minutes'),
      soft,
    ],
    ['ses', sesBounce('Transient', 'General', 'smtp; 550 5.4.4 Invalid domain', '5.4.4'), hard],
    ['ses', sesBounce('Transient', 'General'), soft],
    ['ses', sesBounce('Transient', 'MessageTooLarge'), message],
    ['ses', sesBounce('Undetermined', 'Undetermined'), soft],
    ['ses', sesBounce('Permanent', 'OnAccountSuppressionList'), listed('bounced')],
    ['ses', { eventType: 'Reject', mail, reject: { reason: 'Bad content' } }, refused],
    ['ses', sesComplaint('abuse'), just('complained')],
    ['ses', sesComplaint(), just('complained')],
    ['ses', sesComplaint('not-spam'), unknown('not-spam')],
    ['ses', sesComplaint('auth-failure'), unknown('auth-failure')],
    ['resend', ofResend('email.sent'), just('accepted')],
    ['resend', ofResend('email.delivered'), just('delivered')],
    ['resend', ofResend('email.delivery_delayed'), just('delayed')],
    ['resend', ofResend('email.clicked'), just('clicked')],
    ['resend', ofResend('email.complained'), just('complained')],
    ['resend', resendBounce('Permanent', 'General', GONE), hard],
    ['resend', resendBounce('Permanent', 'Suppressed'), listed('bounced')],
    ['resend', resendBounce('Transient', 'MailboxFull'), soft],
    ['resend', resendBounce('Transient', 'ContentRejected'), message],
    ['resend', resendBounce('Permanent', 'General', BLOCKED), sender],
    [
      'resend',
      ofResend('email.suppressed', { suppressed: { reason: 'previous_complaint' } }),
      listed('complained'),
    ],
    ['resend', ofResend('email.failed', { failed: { reason: 'quota' } }), refused],
    ['resend', ofResend('contact.created'), unknown('contact.created')],
    ['postmark', ofPostmark('Delivery', { DeliveredAt: AT }), just('delivered')],
    ['postmark', ofPostmark('Click'), just('clicked')],
    ['postmark', ofPostmark('SpamComplaint'), just('complained')],
    ['postmark', ofPostmark('Bounce', { Type: 'HardBounce', Details: GONE }), hard],
    ['postmark', ofPostmark('Bounce', { Type: 'SoftBounce', Details: FULL }), soft],
    ['postmark', ofPostmark('Bounce', { Type: 'Transient' }), just('delayed')],
    ['postmark', ofPostmark('Bounce', { Type: 'DnsError' }), just('delayed')],
    ['postmark', ofPostmark('Bounce', { Type: 'SpamNotification' }), message],
    ['postmark', ofPostmark('Bounce', { Type: 'Blocked', Details: BLOCKED }), sender],
    ['postmark', ofPostmark('Bounce', { Type: 'AutoResponder' }), unknown('AutoResponder')],
    ['postmark', ofPostmark('Bounce', { Type: 'toString' }), unknown('toString')],
    ['postmark', ofPostmark('Bounce', { Type: 'SpamComplaint' }), just('complained')],
    ['postmark', ofPostmark('Bounce', { Type: 'SMTPApiError' }), refused],
    [
      'postmark',
      ofPostmark('SubscriptionChange', { SuppressSending: true, SuppressionReason: 'ManualSuppression' }),
      just('unsubscribed'),
    ],
    [
      'postmark',
      ofPostmark('SubscriptionChange', { SuppressSending: true, SuppressionReason: 'HardBounce' }),
      hard,
    ],
    ['postmark', ofPostmark('SubscriptionChange', { SuppressSending: false }), unknown('resubscribed')],
    ['sendgrid', ofSendGrid('processed'), just('accepted')],
    ['sendgrid', ofSendGrid('delivered'), just('delivered')],
    ['sendgrid', ofSendGrid('deferred'), just('delayed')],
    ['sendgrid', ofSendGrid('click'), just('clicked')],
    ['sendgrid', ofSendGrid('spamreport'), just('complained')],
    ['sendgrid', ofSendGrid('group_unsubscribe'), just('unsubscribed')],
    ['sendgrid', ofSendGrid('group_resubscribe'), unknown('group_resubscribe')],
    [
      'sendgrid',
      ofSendGrid('bounce', {
        type: 'bounce',
        status: '5.1.1',
        reason: GONE,
        bounce_classification: 'Invalid Address',
      }),
      hard,
    ],
    [
      'sendgrid',
      ofSendGrid('bounce', { type: 'blocked', reason: BLOCKED, bounce_classification: 'Reputation' }),
      sender,
    ],
    [
      'sendgrid',
      ofSendGrid('bounce', { type: 'bounce', reason: FULL, bounce_classification: 'Mailbox Unavailable' }),
      soft,
    ],
    ['sendgrid', ofSendGrid('bounce', { type: 'blocked', bounce_classification: 'Content' }), message],
    ['sendgrid', ofSendGrid('dropped', { reason: 'Bounced Address' }), listed('bounced')],
    ['sendgrid', ofSendGrid('dropped', { reason: 'Unsubscribed Address' }), listed('unsubscribed')],
    ['sendgrid', ofSendGrid('dropped', { reason: 'Spam Content' }), refused],
    ['mailgun', ofMailgun('accepted'), just('accepted')],
    ['mailgun', ofMailgun('delivered'), just('delivered')],
    ['mailgun', ofMailgun('clicked'), just('clicked')],
    ['mailgun', ofMailgun('complained'), just('complained')],
    ['mailgun', ofMailgun('unsubscribed'), just('unsubscribed')],
    ['mailgun', failed('bounce', 550, '5.1.1 user unknown'), hard],
    ['mailgun', failed('bounce', 552, '5.2.2 mailbox full'), soft],
    ['mailgun', failed('espblock', 550, BLOCKED), sender],
    ['mailgun', failed('old', 602, 'Too old'), soft],
    ['mailgun', failed('generic', 450, '4.2.0 later', 'temporary'), just('delayed')],
    [
      'mailgun',
      failed('suppress-bounce', 605, 'Not delivering to previously bounced address'),
      listed('bounced'),
    ],
    ['mailgun', failed('suppress-complaint', 607, 'x'), listed('complained')],
    ['mailgun', ofMailgun('rejected', { reject: { reason: 'Sandbox' } }), refused],
    ['brevo', ofBrevo('request'), just('accepted')],
    ['brevo', ofBrevo('delivered'), just('delivered')],
    ['brevo', ofBrevo('deferred'), just('delayed')],
    ['brevo', ofBrevo('soft_bounce', { reason: FULL }), just('delayed')],
    ['brevo', ofBrevo('hard_bounce', { reason: ` RecipientError: ${GONE}` }), hard],
    ['brevo', ofBrevo('hard_bounce', { reason: BLOCKED }), sender],
    ['brevo', ofBrevo('invalid_email'), hard],
    ['brevo', ofBrevo('blocked'), listed()],
    ['brevo', ofBrevo('error', { reason: 'x' }), refused],
    ['brevo', ofBrevo('spam'), just('complained')],
    ['brevo', ofBrevo('unsubscribe'), just('unsubscribed')],
    ['brevo', ofBrevo('click'), just('clicked')],
  ])('%s: %j', async (name, given, expected) => {
    const [event, ...others] = await BY[name]!(given);
    expect(others).toEqual([]);
    const { suppress, pauses } = event!.detail ?? {};
    const got = {
      type: event!.type,
      code: event!.code,
      ...(suppress && { suppress }),
      ...(pauses && { pauses }),
    };
    expect(got).toEqual(expected);
    expect(event!.provider).toBe(`email-${name}`);
    expect(event!.key).toMatch(/^[\w-]{32}$/);
    if (event!.type === 'unknown') return;
    expect(event).toMatchObject({ attemptId: ATTEMPT, contact: null, detail: { messageId: 'm1' } });
    expect(Math.abs(event!.occurredAt - Date.parse(AT))).toBeLessThan(1_000);
    expect(JSON.stringify(event)).not.toContain('ann@');
  });

  test.each<[string, object]>([
    ['ses', { eventType: 'Open', mail }],
    ['resend', ofResend('email.opened')],
    ['postmark', ofPostmark('Open')],
    ['sendgrid', ofSendGrid('open')],
    ['mailgun', ofMailgun('opened')],
    ['brevo', ofBrevo('unique_proxy_open')],
  ])('that %s calls a message opened says nothing: machines open mail too', async (name, given) => {
    expect(await BY[name]!(given)).toEqual([]);
  });
});

describe('whom an event is about', () => {
  test.each<[string, object]>([
    ['ses', { ...sesBounce('Permanent', 'General', GONE), mail: { ...mail, tags: {} } }],
    ['resend', ofResend('email.complained', { tags: {} })],
    ['postmark', ofPostmark('SpamComplaint', { Metadata: {} })],
    ['sendgrid', ofSendGrid('spamreport', { attempt_id: 'x' })],
    ['mailgun', ofMailgun('complained', { 'user-variables': {} })],
    ['brevo', ofBrevo('spam', { 'X-Mailin-custom': null })],
  ])('%s: the address, where no attempt of ours came back', async (name, given) => {
    const [event] = await BY[name]!(JSON.parse(JSON.stringify(given).replaceAll('ann@e', 'Ann@E')));
    expect(event).toMatchObject({ attemptId: null, contact: 'ann@example.org' });
  });

  test('SES: the recipients that bounced, each alone, and nobody else', async () => {
    const events = await BY['ses']!({
      eventType: 'Bounce',
      mail: { messageId: 'm1', destination: ['a@example.org', 'b@example.org', 'c@example.org'] },
      bounce: {
        bounceType: 'Permanent',
        bounceSubType: 'General',
        bouncedRecipients: [{ emailAddress: 'b@example.org' }, { emailAddress: 'c@example.org' }, null],
      },
    });
    expect(events.map(({ contact }) => contact)).toEqual(['b@example.org', 'c@example.org', null]);
    expect(new Set(events.map(({ key }) => key)).size).toBe(3);
  });

  test('SES without tags: by the header that the message left with', async () => {
    const headers = [
      { name: 'Subject', value: 'x' },
      { name: 'X-Tidings-Attempt', value: ATTEMPT },
    ];
    const [event] = await BY['ses']!({ notificationType: 'Delivery', mail: { messageId: 'm1', headers } });
    expect(event!.attemptId).toBe(ATTEMPT);
  });
});

describe('many at once', () => {
  test.each<[string, readonly object[], string[]]>([
    ['sendgrid', ofSendGrid('delivered'), ['delivered', 'unknown', 'unknown', 'delivered']],
    ['brevo', [ofBrevo('delivered')], ['delivered', 'unknown', 'unknown', 'delivered']],
  ])('%s: one that cannot be read loses none of the others', async (name, [good], types) => {
    const other = { ...good, sg_event_id: 'e2', 'message-id': 'm2' };
    const events = await BY[name]!([good, null, { event: {} }, other] as unknown as object);
    expect(events.map(({ type }) => type)).toEqual(types);
    expect(new Set(events.map(({ key }) => key)).size).toBe(4);
  });

  test.each(Object.keys(BY))('%s: whatever comes, nothing is thrown', async (name) => {
    const deep = JSON.parse(`${'{"data":'.repeat(2_000)}1${'}'.repeat(2_000)}`);
    for (const odd of [null, 1, 'x', [], {}, [[]], deep, { event: 'failed' }, { type: 'email.bounced' }])
      expect((await BY[name]!(odd as object)).every(({ type }) => type !== 'complained')).toBe(true);
  });
});

test('the same event is known by the same key, and another one by another', async () => {
  const key = async (name: string, given: object) => (await BY[name]!(given))[0]!.key;
  expect(await key('brevo', ofBrevo('delivered'))).toBe(await key('brevo', ofBrevo('delivered')));
  expect(await key('brevo', ofBrevo('delivered'))).not.toBe(await key('brevo', ofBrevo('spam')));
  const bounce = (ID: number, Details: string) => ofPostmark('Bounce', { ID, Type: 'HardBounce', Details });
  expect(await key('postmark', bounce(1, 'a'))).toBe(await key('postmark', bounce(1, 'b')));
  expect(await key('postmark', bounce(1, 'a'))).not.toBe(await key('postmark', bounce(2, 'a')));
  expect(await key('sendgrid', ofSendGrid('delivered'))).toBe(await key('sendgrid', ofSendGrid('delivered')));
});
