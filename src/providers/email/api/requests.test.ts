import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { simpleParser } from 'mailparser';
import { afterEach, describe, expect, test } from 'vitest';
import {
  API_DIALECTS,
  API_FROM,
  API_NAMES,
  type ApiAnswer,
  type ApiName,
  type ApiRequest,
  type RunningEmailApi,
  startEmailApi,
} from '../../../../test/support/email-api-server.ts';
import type { Attempt, Recipient } from '../../../core/deliveries/sender.ts';
import { parseMergeText } from '../../../core/messages/parse-merge-text.ts';
import { DeliveryTokens } from '../delivery-token.ts';
import { NO_IDENTITY } from '../message/identity.ts';
import { UnsubscribeLinks } from '../unsubscribe/links.ts';
import { createApiSender } from './api-sender.ts';
import type { ErrorRow } from './classify.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const SEND = '0123456789abcdef0123456789abcdef';
const ATTEMPT: Attempt = { deliveryId: `${SEND}.z`, attemptId: `${SEND}.z.2`, mayLeave: () => true };
const TAG = `${SEND}_z_2`;
const LINKS = new UnsubscribeLinks(
  'https://tidings.example.com',
  new DeliveryTokens(randomBytes(32), 'unsubscribe'),
);
const URL = LINKS.of(ATTEMPT.attemptId);
const IDENTITY = {
  ...NO_IDENTITY,
  links: LINKS,
  siteName: 'Shop',
  replyTo: { name: 'Help, us', address: 'help@example.com', domain: 'example.com' },
};
const HEADERS = {
  'List-Unsubscribe': `<${URL}>`,
  'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  'List-Id': 'Shop <news.example.com>',
  'Feedback-ID': 'spring:a1:bulk:example-com',
  'Auto-Submitted': 'auto-generated',
  Precedence: 'bulk',
};
const hasHeaders = (given: { Name: string; Value: string }[]) =>
  isDeepStrictEqual(Object.fromEntries(given.map(({ Name, Value }) => [Name, Value])), HEADERS);
const TO: Recipient = {
  contact: 'Ann@Example.org',
  values: {
    lead: {
      name: '<Ann> {{ %recipient.x%',
      email: 'ann@example.org',
      phone: null,
      position: null,
      company: null,
      notes: null,
      metadata: {},
    },
    site: { name: 'Shop' },
  },
};

async function open(name: ApiName, script?: (request: ApiRequest) => ApiAnswer | undefined) {
  const server: RunningEmailApi = await startEmailApi(name, script);
  const options = {
    from: API_FROM,
    ratePerSecond: 5,
    apiUrl: server.url,
    timeoutMs: 500,
    askAgainMs: [5, 5],
    identity: IDENTITY,
  };
  const sender = createApiSender(API_DIALECTS[name].api(options), options);
  cleanUps.push(
    () => server.stop(),
    () => sender.close(),
  );
  const deliver = (to = TO, attempt = ATTEMPT, format: 'html' | 'text' = 'html') =>
    sender
      .prepare(
        {
          channel: 'email',
          format,
          body: parseMergeText(
            format === 'html'
              ? '<p>Hi {{lead.name}}</p><a href="{{unsubscribe_url}}">x</a>'
              : 'Hi & {{lead.name}}',
          ),
          subject: parseMergeText('For {{lead.name}} ✨'),
          fromName: 'Müller, "Best"',
        },
        { campaign: 'spring', audience_id: 'a1' },
      )
      .deliver(to, attempt);
  const sent = async () => {
    expect(await deliver()).toMatchObject({ type: 'accepted' });
    return server.accepted[0]!;
  };
  return { server, sender, deliver, sent };
}

describe('a message in the form of each provider', () => {
  const text = expect.stringMatching(/^Hi <Ann> \{\{ %recipient\.x%/);
  const html = expect.stringContaining(`<p>Hi &lt;Ann&gt; {{ %recipient.x%</p><a href="${URL}">x</a>`);
  const subject = 'For <Ann> {{ %recipient.x% ✨';
  const from = '"Müller, \\"Best\\"" <news@example.com>';

  test('Resend', async () => {
    const { sent } = await open('resend');
    const { body, headers } = await sent();
    expect(headers['idempotency-key']).toBe(ATTEMPT.attemptId);
    expect(JSON.parse(body)).toEqual({
      from,
      to: ['ann@example.org'],
      subject,
      text,
      html,
      reply_to: '"Help, us" <help@example.com>',
      headers: HEADERS,
      tags: [{ name: 'attempt_id', value: TAG }],
    });
  });

  test('Postmark: in its stream, without counting who reads or follows links', async () => {
    const { sent } = await open('postmark');
    expect(JSON.parse((await sent()).body)).toEqual({
      From: from,
      To: 'ann@example.org',
      Subject: subject,
      TextBody: text,
      HtmlBody: html,
      ReplyTo: '"Help, us" <help@example.com>',
      Headers: expect.toSatisfy(hasHeaders),
      Metadata: { attempt_id: ATTEMPT.attemptId },
      MessageStream: 'broadcast',
      TrackOpens: false,
      TrackLinks: 'None',
    });
  });

  test('SendGrid: the text first, and nothing tracked', async () => {
    const { sent } = await open('sendgrid');
    expect(JSON.parse((await sent()).body)).toEqual({
      personalizations: [{ to: [{ email: 'ann@example.org' }] }],
      from: { email: 'news@example.com', name: 'Müller, "Best"' },
      reply_to: { email: 'help@example.com', name: 'Help, us' },
      subject,
      content: [
        { type: 'text/plain', value: text },
        { type: 'text/html', value: html },
      ],
      headers: HEADERS,
      custom_args: { attempt_id: ATTEMPT.attemptId },
      tracking_settings: {
        click_tracking: { enable: false, enable_text: false },
        open_tracking: { enable: false },
        subscription_tracking: { enable: false },
        ganalytics: { enable: false },
      },
    });
  });

  test('Mailgun: nothing tracked, and what looks like its variables stays as it is', async () => {
    const { sent } = await open('mailgun');
    const request = await sent();
    expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded');
    const form = Object.fromEntries(new URLSearchParams(request.body));
    expect(form).toEqual({
      from,
      to: 'ann@example.org',
      subject: 'For <Ann> {{ %\u2060recipient.x% ✨',
      text: expect.stringMatching(/^Hi <Ann> \{\{ %\u2060recipient\.x%/),
      html: expect.stringContaining('%\u2060recipient.x%'),
      'h:Reply-To': '"Help, us" <help@example.com>',
      ...Object.fromEntries(Object.entries(HEADERS).map(([name, value]) => [`h:${name}`, value])),
      'v:attempt_id': ATTEMPT.attemptId,
      'o:tracking': 'no',
      'o:tracking-clicks': 'no',
      'o:tracking-opens': 'no',
    });
  });

  test('Brevo: a key of its own form, and what looks like its templates stays as it is', async () => {
    const { sent } = await open('brevo');
    expect(JSON.parse((await sent()).body)).toEqual({
      sender: { email: 'news@example.com', name: 'Müller, "Best"' },
      to: [{ email: 'ann@example.org' }],
      replyTo: { email: 'help@example.com', name: 'Help, us' },
      subject: 'For <Ann> {\u2060{ %recipient.x% ✨',
      textContent: expect.stringMatching(/^Hi <Ann> \{\u2060\{/),
      htmlContent: expect.stringContaining('{\u2060{ %recipient.x%'),
      headers: {
        ...HEADERS,
        'X-Mailin-custom': ATTEMPT.attemptId,
        idempotencyKey: expect.stringMatching(
          /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        ),
      },
    });
  });

  test('Brevo: plain text as HTML too, which it wants', async () => {
    const { deliver, server } = await open('brevo');
    await deliver(TO, ATTEMPT, 'text');
    const { htmlContent } = JSON.parse(server.accepted[0]!.body);
    expect(htmlContent).toContain('<div style="white-space:pre-wrap">Hi &amp; &lt;Ann&gt;');
  });

  test('SES: the whole message, signed, with the attempt as tag and header', async () => {
    const { sent } = await open('ses');
    const { body, headers } = await sent();
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/ses\/aws4_request, SignedHeaders=host;x-amz-date, Signature=[0-9a-f]{64}$/,
    );
    const { Content, ...rest } = JSON.parse(body);
    expect(rest).toEqual({
      Destination: { ToAddresses: ['ann@example.org'] },
      EmailTags: [{ Name: 'attempt_id', Value: TAG }],
    });
    const mail = await simpleParser(Buffer.from(Content.Raw.Data, 'base64'));
    expect(mail.headers.get('x-tidings-attempt')).toBe(ATTEMPT.attemptId);
    expect(mail.subject).toBe(subject);
    expect(mail.from?.value).toEqual([{ name: 'Müller, "Best"', address: 'news@example.com' }]);
    expect(mail.html).toContain('&lt;Ann&gt;');
    const lines = Buffer.from(Content.Raw.Data, 'base64').toString().split('\r\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(998);
  });

  test.each(API_NAMES)('%s gets no address that it would refuse or garble', async (name) => {
    const { deliver, server } = await open(name);
    expect(await deliver({ ...TO, contact: 'grüße@example.com' })).toMatchObject({
      type: 'skipped',
      code: 'smtputf8_unsupported',
    });
    expect(await deliver({ ...TO, contact: 'a@b@c' })).toMatchObject({ code: 'invalid_email' });
    expect(server.seen).toEqual([]);
  });

  test.each(API_NAMES)('%s is one sender for each domain, whatever the key', async (name) => {
    const { sender } = await open(name);
    const account = { ses: 'eu-west-1:', postmark: 'broadcast:', mailgun: 'mg.example.com:' };
    expect(sender.about.id).toBe(`${name}:${account[name as keyof typeof account] ?? ''}example.com`);
    expect(sender.about).toMatchObject({ provider: `email-${name}`, mode: 'live', windowSize: 16 });
  });
});

describe('a lost answer', () => {
  const lostOnce = () => {
    let asked = 0;
    return (): ApiAnswer | undefined => (++asked === 1 ? { resetAfter: true } : undefined);
  };

  test.each(['resend', 'brevo'] as const)(
    'of %s is asked for again, and the message sent once',
    async (name) => {
      const { deliver, server } = await open(name, lostOnce());
      expect(await deliver()).toEqual({
        type: 'accepted',
        providerMessageId: expect.stringContaining('message-1'),
      });
      expect([server.seen.length, server.accepted.length]).toEqual([2, 1]);
      expect(server.seen[1]!.body).toBe(server.seen[0]!.body);
    },
  );

  test.each(['ses', 'postmark', 'sendgrid', 'mailgun'] as const)(
    'of %s, which has no key for it, stays in doubt and is asked for no more',
    async (name) => {
      const { deliver, server } = await open(name, lostOnce());
      expect(await deliver()).toMatchObject({ type: 'uncertain' });
      expect(server.seen).toHaveLength(1);
    },
  );

  test.each<[string, ApiAnswer]>([
    [
      'too fast',
      {
        status: 429,
        headers: { 'content-type': 'application/json' },
        body: '{"name":"rate_limit_exceeded"}',
      },
    ],
    ['a refused key', { status: 401, body: '{"name":"restricted_api_key"}' }],
    ['a refused message', { status: 422, body: '{"name":"validation_error"}' }],
  ])('is not settled by a refusal of the second request (%s)', async (_, answer) => {
    let asked = 0;
    const { deliver, server } = await open('resend', () => (++asked === 1 ? { resetAfter: true } : answer));
    expect(await deliver()).toMatchObject({ type: 'uncertain' });
    expect(server.seen).toHaveLength(3);
  });

  test('is not asked for by a process that may not send any more, and is still in doubt', async () => {
    const { deliver, server } = await open('resend', lostOnce());
    let asked = 0;
    const attempt = { ...ATTEMPT, mayLeave: () => ++asked === 1 };
    expect(await deliver(TO, attempt)).toMatchObject({ type: 'uncertain' });
    expect(server.seen).toHaveLength(1);
  });
});

const json = (status: number, value: object, headers: Record<string, string> = {}): ApiAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});
const ses = (status: number, name: string, message: string) =>
  json(status, { message }, { 'x-amzn-errortype': `${name}:http://internal.amazon.com/` });
const resend = (status: number, name: string, message: string) =>
  json(status, { statusCode: status, name, message });
const postmark = (ErrorCode: number, Message: string, status = 422) => json(status, { ErrorCode, Message });
const sendgrid = (status: number, message: string, field: string | null = null) =>
  json(status, { errors: [{ message, field, help: null }] });
const brevo = (status: number, code: string, message: string) => json(status, { code, message });

describe('what a provider says', () => {
  const account = { type: 'account' };
  const fast = { type: 'throttled', scope: 'sender' };
  const breaker = { type: 'permanent', breaker: true };
  const lead = { type: 'permanent' };
  test.each<[ApiName, ApiAnswer, object, string]>([
    [
      'ses',
      ses(429, 'TooManyRequestsException', 'Maximum sending rate exceeded.'),
      fast,
      'ses_TooManyRequestsException',
    ],
    [
      'ses',
      ses(429, 'TooManyRequestsException', 'Daily message quota exceeded.'),
      account,
      'ses_TooManyRequestsException',
    ],
    ['ses', ses(400, 'MessageRejected', 'Email address is not verified.'), account, 'ses_MessageRejected'],
    ['ses', ses(400, 'MessageRejected', 'Transaction failed'), breaker, 'ses_MessageRejected'],
    ['ses', ses(400, 'SendingPausedException', 'Paused'), account, 'ses_SendingPausedException'],
    [
      'ses',
      json(403, { __type: 'com.amazon.coral#SignatureDoesNotMatch', message: 'x' }),
      account,
      'ses_SignatureDoesNotMatch',
    ],
    [
      'ses',
      ses(404, 'NotFoundException', 'Configuration set does not exist'),
      account,
      'ses_NotFoundException',
    ],
    ['ses', ses(500, 'InternalFailure', 'x'), { type: 'uncertain' }, 'ses_InternalFailure'],
    ['resend', resend(429, 'rate_limit_exceeded', 'Too many'), fast, 'resend_rate_limit_exceeded'],
    ['resend', resend(429, 'daily_quota_exceeded', 'x'), account, 'resend_daily_quota_exceeded'],
    ['resend', resend(401, 'validation_error', 'API key is invalid'), account, 'resend_validation_error'],
    [
      'resend',
      resend(403, 'validation_error', 'You can only send testing emails to your own'),
      account,
      'resend_validation_error',
    ],
    [
      'resend',
      resend(
        422,
        'validation_error',
        'Invalid `to` field. Please use our testing email address instead of domains like `example.com`.',
      ),
      lead,
      'resend_validation_error',
    ],
    [
      'resend',
      resend(422, 'validation_error', 'Invalid `subject` field.'),
      breaker,
      'resend_validation_error',
    ],
    ['resend', resend(500, 'application_error', 'x'), { type: 'uncertain' }, 'resend_application_error'],
    [
      'resend',
      resend(409, 'concurrent_idempotent_requests', 'x'),
      { type: 'uncertain' },
      'resend_concurrent_idempotent_requests',
    ],
    [
      'postmark',
      postmark(406, 'You tried to send to a recipient that has been marked as inactive.'),
      { type: 'permanent', suppress: 'bounced' },
      'postmark_406',
    ],
    ['postmark', postmark(300, "Error parsing 'To': Illegal email address"), lead, 'postmark_300'],
    ['postmark', postmark(300, "Invalid 'From' address: 'x'."), account, 'postmark_300'],
    [
      'postmark',
      postmark(300, 'Provide either email TextBody or HtmlBody or both.'),
      breaker,
      'postmark_300',
    ],
    ['postmark', postmark(405, 'Not allowed to send'), account, 'postmark_405'],
    ['postmark', postmark(429, 'Rate limit exceeded', 429), fast, 'postmark_429'],
    ['postmark', postmark(99999, 'x'), breaker, 'postmark_99999'],
    ['sendgrid', sendgrid(401, 'Maximum credits exceeded'), account, 'sendgrid_401'],
    [
      'sendgrid',
      sendgrid(403, 'The from address does not match a verified Sender Identity.', 'from'),
      account,
      'sendgrid_403',
    ],
    [
      'sendgrid',
      sendgrid(400, 'Does not contain a valid address.', 'personalizations.0.to.0.email'),
      lead,
      'sendgrid_400',
    ],
    ['sendgrid', sendgrid(400, 'The subject is required.', 'subject'), breaker, 'sendgrid_400'],
    ['sendgrid', sendgrid(413, 'Too large'), { type: 'stop_send' }, 'sendgrid_413'],
    ['sendgrid', sendgrid(500, 'x'), { type: 'uncertain' }, 'sendgrid_500'],
    ['mailgun', json(401, { message: 'Forbidden' }), account, 'mailgun_401'],
    [
      'mailgun',
      json(404, { message: 'Domain not found' }),
      { type: 'transient', scope: 'sender' },
      'mailgun_404',
    ],
    [
      'mailgun',
      json(400, { message: "'to' parameter is not a valid address. please check documentation" }),
      lead,
      'mailgun_400',
    ],
    ['mailgun', json(400, { message: "'from' parameter is not a valid address." }), account, 'mailgun_400'],
    [
      'mailgun',
      json(400, { message: 'Sandbox subdomains are for test purposes only.' }),
      account,
      'mailgun_400',
    ],
    [
      'mailgun',
      json(400, { message: 'Need at least one of text or html parameters' }),
      breaker,
      'mailgun_400',
    ],
    ['brevo', brevo(401, 'unauthorized', 'Key not found'), account, 'brevo_unauthorized'],
    ['brevo', brevo(402, 'not_enough_credits', 'x'), account, 'brevo_not_enough_credits'],
    ['brevo', brevo(400, 'invalid_parameter', 'email is not valid in to'), lead, 'brevo_invalid_parameter'],
    [
      'brevo',
      brevo(400, 'invalid_parameter', 'valid sender email required'),
      account,
      'brevo_invalid_parameter',
    ],
    ['brevo', brevo(400, 'missing_parameter', 'subject is missing'), breaker, 'brevo_missing_parameter'],
    ['brevo', brevo(400, 'duplicate_request', 'x'), { type: 'uncertain' }, 'brevo_duplicate_request'],
  ])('%s: %j', async (name, answer, outcome, code) => {
    const { deliver } = await open(name, () => answer);
    const told = await deliver();
    expect(told).toMatchObject({ ...outcome, code });
    if (outcome === lead) expect(told).not.toHaveProperty('breaker');
  });

  test.each<[ApiName, Record<string, string>]>([
    ['resend', { 'ratelimit-reset': '7' }],
    ['brevo', { 'x-sib-ratelimit-reset': '7' }],
    ['sendgrid', { 'x-ratelimit-reset': String(Math.floor(Date.now() / 1_000) + 3_000) }],
    ['mailgun', { 'retry-after': '7' }],
  ])('%s says how long to wait in a header', async (name, headers) => {
    const { deliver } = await open(name, () => ({ status: 429, headers, body: '{}' }));
    const told = (await deliver()) as { retryAfterMs?: number };
    if (name === 'sendgrid') expect(told.retryAfterMs).toBeGreaterThan(2_000_000);
    else expect(told.retryAfterMs).toBe(7_000);
  });

  test.each(API_NAMES)('of %s no row hides another one', (name) => {
    const { rows } = API_DIALECTS[name].api({ from: API_FROM, ratePerSecond: null });
    const hides = (before: ErrorRow, row: ErrorRow) =>
      before.words === undefined &&
      before.status === undefined &&
      row.codes.every((code) => before.codes.includes(code));
    rows.forEach((row, at) => {
      expect(rows.slice(0, at).filter((before) => hides(before, row))).toEqual([]);
    });
  });
});

test.each<[ApiName, string]>([
  ['ses', 'SES_API_URL'],
  ['resend', 'RESEND_API_URL'],
  ['postmark', 'POSTMARK_API_URL'],
  ['sendgrid', 'SENDGRID_API_URL'],
  ['mailgun', 'MAILGUN_API_URL'],
  ['brevo', 'BREVO_API_URL'],
])('%s goes nowhere in clear text but on this machine', (name, variable) => {
  const options = { from: API_FROM, ratePerSecond: null, apiUrl: 'http://api.example.com' };
  expect(() => API_DIALECTS[name].api(options)).toThrow(new RegExp(`${variable}.*clear text`));
});
