import {
  createHmac,
  createPublicKey,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { EventSource, RawRequest } from '../../../core/events/event-source.ts';
import { createBrevoEvents } from '../brevo/brevo-events.ts';
import { createMailgunEvents } from '../mailgun/mailgun-events.ts';
import { createPostmarkEvents } from '../postmark/postmark-events.ts';
import { createResendEvents, isStandardSigned } from '../resend/resend-events.ts';
import { createSendGridEvents, isSignedBySendGrid } from '../sendgrid/sendgrid-events.ts';
import { createSesEvents } from '../ses/ses-events.ts';
import { isSnsUrl } from '../ses/sns.ts';

const now = () => Math.floor(Date.now() / 1_000);
const request = (body: string, headers: Record<string, string> = {}, method = 'POST'): RawRequest => ({
  method,
  url: '/webhooks/email/x',
  headers,
  rawBody: Buffer.from(body),
});
const heard = async (source: EventSource, given: RawRequest) => {
  const received = await source.receive(given);
  return 'refuse' in received ? received.refuse : received.events.length;
};

describe('every webhook without its secret', () => {
  test.each([
    [createSesEvents([]), 'SES_SNS_TOPIC_ARNS'],
    [createResendEvents(null), 'RESEND_WEBHOOK_SECRET'],
    [createPostmarkEvents(null), 'POSTMARK_WEBHOOK_PASSWORD'],
    [createSendGridEvents(null), 'SENDGRID_WEBHOOK_PUBLIC_KEY'],
    [createMailgunEvents(null), 'MAILGUN_WEBHOOK_SIGNING_KEY'],
    [createBrevoEvents(null), 'BREVO_WEBHOOK_TOKEN'],
  ])('is closed, and names the variable: $path', async (source, variable) => {
    const received = await source.receive(request('{}', { authorization: 'Bearer ' }));
    expect(received).toMatchObject({ refuse: 'forbidden', fix: expect.stringContaining(variable) });
  });
});

describe('Resend, by Standard Webhooks', () => {
  test.each([
    [
      'of the specification of Standard Webhooks',
      'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      '1614265330',
      '{"test": 2432232314}',
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    ],
    [
      'of the documentation of Svix',
      'plJ3nmyCDGBKInavdOK15jsl',
      'msg_loFOjxBNrRLzqYUf',
      '1731705121',
      '{"event_type":"ping","data":{"success":true}}',
      'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
    ],
  ])('takes the published example %s, and no other body', (_, secret, id, timestamp, body, signature) => {
    const key = Buffer.from(secret, 'base64');
    const headers = { 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': signature };
    const at = Number(timestamp) * 1_000;
    expect(isStandardSigned(request(body, headers), key, at)).toBe(true);
    expect(isStandardSigned(request(`${body} `, headers), key, at)).toBe(false);
    expect(isStandardSigned(request(body, headers), key, at + 301_000)).toBe(false);
    expect(isStandardSigned(request(body, headers), key, at - 301_000)).toBe(false);
    expect(isStandardSigned(request(body, { ...headers, 'svix-id': 'x' }), key, at)).toBe(false);
    const many = { ...headers, 'svix-signature': `v1,AAAA v2,x ${signature}` };
    expect(isStandardSigned(request(body, many), key, at)).toBe(true);
    const plain = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
    expect(isStandardSigned(request(body, plain), key, at)).toBe(true);
  });

  test('takes nothing without a signature, and nothing old', async () => {
    const source = createResendEvents(`whsec_${Buffer.alloc(24, 7).toString('base64')}`);
    const signed = (at: number) => {
      const own = createHmac('sha256', Buffer.alloc(24, 7)).update(`id.${at}.{}`).digest('base64');
      return request('{}', { 'svix-id': 'id', 'svix-timestamp': String(at), 'svix-signature': `v1,${own}` });
    };
    expect(await heard(source, signed(now()))).toBe(1);
    expect(await heard(source, signed(now() - 400))).toBe('unauthorized');
    expect(await heard(source, request('{}'))).toBe('unauthorized');
    expect(await heard(source, { ...signed(now()), method: 'GET' })).toBe('unauthorized');
  });

  test.each(['whsec_', 'secret', 'whsec_!!!'])('%s, which could be guessed, stops the start', (secret) => {
    expect(() => createResendEvents(secret)).toThrow('RESEND_WEBHOOK_SECRET');
  });
});

describe('SendGrid, by ECDSA', () => {
  /** From the tests of its own libraries (eventwebhook). */
  const KEY =
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==';
  const SIGNATURE =
    'MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=';
  const TIMESTAMP = '1600112502';
  const BODY =
    '[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n';
  const headers = {
    'x-twilio-email-event-webhook-signature': SIGNATURE,
    'x-twilio-email-event-webhook-timestamp': TIMESTAMP,
  };
  const key = createPublicKey({ key: Buffer.from(KEY, 'base64'), format: 'der', type: 'spki' });
  const at = Number(TIMESTAMP) * 1_000;

  test('takes the published example, and no other body, time or key', () => {
    expect(isSignedBySendGrid(request(BODY, headers), key, at)).toBe(true);
    expect(isSignedBySendGrid(request(BODY.trim(), headers), key, at)).toBe(false);
    const later = { ...headers, 'x-twilio-email-event-webhook-timestamp': '1600112503' };
    expect(isSignedBySendGrid(request(BODY, later), key, at)).toBe(false);
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
    expect(isSignedBySendGrid(request(BODY, headers), other, at)).toBe(false);
    const empty = { ...headers, 'x-twilio-email-event-webhook-signature': 'AAAA' };
    expect(isSignedBySendGrid(request(BODY, empty), key, at)).toBe(false);
    expect(isSignedBySendGrid(request(BODY), key, at)).toBe(false);
  });

  test('takes nothing that is older than it goes on telling', async () => {
    expect(isSignedBySendGrid(request(BODY, headers), key, at + 26 * 3_600_000)).toBe(false);
    expect(await heard(createSendGridEvents(KEY), request(BODY, headers))).toBe('unauthorized');
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const source = createSendGridEvents(
      own.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    );
    const time = String(now());
    const signature = sign('sha256', Buffer.from(`${time}${BODY}`), {
      key: own.privateKey,
      dsaEncoding: 'der',
    }).toString('base64');
    const fresh = {
      'x-twilio-email-event-webhook-signature': signature,
      'x-twilio-email-event-webhook-timestamp': time,
    };
    expect(await heard(source, request(BODY, fresh))).toBe(1);
  });

  test('a key that is none stops the start', () => {
    expect(() => createSendGridEvents('MFkw')).toThrow('SENDGRID_WEBHOOK_PUBLIC_KEY');
  });
});

describe('Mailgun, by HMAC of timestamp and token', () => {
  const source = createMailgunEvents('key-of-the-account');
  const body = (timestamp: number, token = 't'.repeat(50), signature?: string) =>
    JSON.stringify({
      signature: {
        timestamp: String(timestamp),
        token,
        signature:
          signature ??
          createHmac('sha256', 'key-of-the-account').update(`${timestamp}${token}`).digest('hex'),
      },
      'event-data': { event: 'delivered' },
    });

  test.each([
    ['a good one', body(now()), 1],
    ['one that was tried again for hours', body(now() - 8 * 3_600), 1],
    ['an old one', body(now() - 10 * 3_600), 'unauthorized'],
    ['one from the future', body(now() + 600), 'unauthorized'],
    ['one of another key', body(now(), 'x', '0'.repeat(64)), 'unauthorized'],
    ['one without a signature', '{"event-data":{"event":"delivered"}}', 'unauthorized'],
    ['no JSON', 'signature', 'unauthorized'],
  ])('%s', async (_, given, expected) => {
    expect(await heard(source, request(given))).toBe(expected);
  });

  test('a token that comes again, with whatever event, is the same event', async () => {
    const first = await source.receive(request(body(now(), 'same')));
    const forged = body(now(), 'same').replace('"delivered"', '"complained"');
    const second = await source.receive(request(forged));
    const keys = [first, second].map((one) => ('events' in one ? one.events[0]!.key : null));
    expect(keys[0]).toBe(keys[1]);
  });
});

describe('Postmark, by a password', () => {
  const source = createPostmarkEvents('pass:word');
  const basic = (login: string) => ({
    authorization: `Basic ${Buffer.from(login).toString('base64')}`,
  });
  test.each([
    ['any user', basic('any:pass:word'), 1],
    ['no user', basic(':pass:word'), 1],
    ['another password', basic('any:password'), 'unauthorized'],
    ['no password', basic('pass'), 'unauthorized'],
    ['nothing', {}, 'unauthorized'],
    ['a bearer', { authorization: 'Bearer pass:word' }, 'unauthorized'],
  ])('%s', async (_, headers, expected) => {
    expect(await heard(source, request('{"RecordType":"Delivery"}', headers))).toBe(expected);
  });
});

describe('Brevo, by a token', () => {
  const source = createBrevoEvents('token');
  test.each([
    [{ authorization: 'Bearer token' }, 1],
    [{ authorization: 'bearer token' }, 1],
    [{ authorization: 'Bearer tokens' }, 'unauthorized'],
    [{ authorization: 'Bearer ' }, 'unauthorized'],
    [{}, 'unauthorized'],
  ])('%j', async (headers, expected) => {
    expect(await heard(source, request('{"event":"delivered"}', headers))).toBe(expected);
  });
});

describe('SES, by SNS', () => {
  const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:tidings';
  const CERT = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-x.pem';
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();

  /** As the developer guide of SNS has it, from its table of keys. */
  function signed(given: Record<string, string>, version = '2', key: KeyObject = privateKey): string {
    const names =
      given['Type'] === 'Notification'
        ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
        : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
    const text = names.flatMap((name) => (name in given ? [`${name}\n${given[name]}\n`] : [])).join('');
    const signer = createSign(version === '1' ? 'RSA-SHA1' : 'RSA-SHA256').update(text);
    const Signature = signer.sign(key, 'base64');
    return JSON.stringify({ SigningCertURL: CERT, SignatureVersion: version, Signature, ...given });
  }
  const notification = (more: Record<string, string> = {}) => ({
    Type: 'Notification',
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: TOPIC,
    Subject: 'Amazon SES Email Event Notification',
    Message: '{"eventType":"Delivery","mail":{"messageId":"m1"},"delivery":{}}\n',
    Timestamp: '2026-05-02T00:54:06.655Z',
    ...more,
  });
  const confirmation = (SubscribeURL: string) => ({
    Type: 'SubscriptionConfirmation',
    MessageId: '165545c9-2a5c-472c-8df2-7ff2be2b3b1b',
    Token: '2336412f37',
    TopicArn: TOPIC,
    Message: 'You have chosen to subscribe to the topic.',
    SubscribeURL,
    Timestamp: '2026-04-26T20:45:04.751Z',
  });
  const door = () => {
    const fetched: string[] = [];
    const source = createSesEvents([TOPIC], async (url) => {
      fetched.push(url);
      return pem;
    });
    return { source, fetched, hear: (body: string) => heard(source, request(body)) };
  };

  test.each(['1', '2'])(
    'takes signatures of version %s, and fetches the certificate once',
    async (version) => {
      const { hear, fetched } = door();
      expect(await hear(signed(notification(), version))).toBe(1);
      expect(await hear(signed(notification({ MessageId: 'other' }), version))).toBe(1);
      expect(fetched).toEqual([CERT]);
    },
  );

  test('without a subject too', async () => {
    const { Subject: _, ...rest } = notification();
    expect(await door().hear(signed(rest))).toBe(1);
  });

  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const changed = (body: string, change: object) => JSON.stringify({ ...JSON.parse(body), ...change });
  test.each([
    ['another key', signed(notification(), '2', other)],
    ['a changed message', changed(signed(notification()), { Message: '{}' })],
    ['another version', changed(signed(notification(), '1'), { SignatureVersion: '2' })],
    ['an unknown version', changed(signed(notification()), { SignatureVersion: '3' })],
    ['no signature', changed(signed(notification()), { Signature: null })],
    ['another type', changed(signed(notification()), { Type: 'toString' })],
    ['no JSON', 'Notification'],
  ])('%s is not heard', async (_, body) => {
    expect(await door().hear(body)).toBe('unauthorized');
  });

  test('a topic of somebody else, which Amazon signs as well, is not heard, and nothing fetched for it', async () => {
    const { hear, fetched } = door();
    const theirs = { ...notification(), TopicArn: 'arn:aws:sns:eu-west-1:999999999999:tidings' };
    expect(await hear(signed(theirs))).toBe('unauthorized');
    expect(fetched).toEqual([]);
  });

  test.each([
    'https://sns.eu-west-1.amazonaws.com.evil.example/x.pem',
    'https://evil.example/sns.eu-west-1.amazonaws.com/x.pem',
    'https://sns.eu-west-1.amazonaws.com@evil.example/x.pem',
    'https://sns.eu-west-1.amazonaws.com:8443/x.pem',
    'http://sns.eu-west-1.amazonaws.com/x.pem',
    'https://sns.eu-west-1.amazonaws.com/x.txt',
    'https://bucket.s3.amazonaws.com/x.pem',
    'https://sns.eu-west-1.amazonaws.com/x.pem?y=.pem'.replace('.pem?', '.crt?'),
  ])('a certificate at %s is not fetched', async (url) => {
    const { hear, fetched } = door();
    expect(await hear(changed(signed(notification()), { SigningCertURL: url }))).toBe('unauthorized');
    expect(fetched).toEqual([]);
  });

  test('Amazon in China is Amazon', () => {
    expect(isSnsUrl('https://sns.cn-north-1.amazonaws.com.cn/x.pem', /\.pem$/)).toBe(true);
  });

  test('a subscription is confirmed by itself, when it is genuine and of our topic', async () => {
    const url = `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=2336412f37`;
    const { hear, fetched } = door();
    expect(await hear(signed(confirmation(url)))).toBe(0);
    expect(fetched).toEqual([CERT, url]);
    const elsewhere = door();
    expect(await elsewhere.hear(signed(confirmation('https://evil.example/')))).toBe('unauthorized');
    expect(elsewhere.fetched).toEqual([CERT]);
    const forged = door();
    expect(await forged.hear(signed(confirmation(url), '2', other))).toBe('unauthorized');
    expect(forged.fetched).toEqual([CERT]);
  });

  test('a certificate that cannot be had is no verdict: SNS is to come again', async () => {
    const source = createSesEvents([TOPIC], () => Promise.reject(new Error('no network')));
    await expect(source.receive(request(signed(notification())))).rejects.toThrow();
  });

  test('what it says of the topic itself says nothing of a message', async () => {
    const Message = 'Successfully validated SNS topic for Amazon SES event publishing.';
    expect(await door().hear(signed(notification({ Message })))).toBe(0);
  });
});
