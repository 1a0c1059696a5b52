import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type Answer,
  type CloudApiOptions,
  type RunningCloudApi,
  startCloudApi,
} from '../../../../test/support/cloud-api-server.ts';
import { startSmtpServer } from '../../../../test/support/smtp-server.ts';
import {
  type Attempt,
  type Outcome,
  type Recipient,
  type Sender,
  STALLED,
} from '../../../core/deliveries/sender.ts';
import { parseMergeText } from '../../../core/messages/parse-merge-text.ts';
import { checkWhatsApp, createCloudSender, type WhatsAppOptions } from './cloud-sender.ts';

const TOKEN = 'test-token';
const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serve(options: CloudApiOptions = {}): Promise<RunningCloudApi> {
  const server = await startCloudApi({ token: TOKEN, ...options });
  cleanUps.push(() => server.stop());
  return server;
}

function settings(apiUrl: string, options: Partial<WhatsAppOptions> = {}): WhatsAppOptions {
  return {
    phoneNumberId: '106540352242922',
    accessToken: TOKEN,
    apiUrl,
    apiVersion: 'v26.0',
    ratePerSecond: 80,
    timeoutMs: 500,
    ...options,
  };
}

function open(apiUrl: string, options: Partial<WhatsAppOptions> = {}): Sender {
  const sender = createCloudSender(settings(apiUrl, options));
  cleanUps.push(() => sender.close());
  return sender;
}

const TO: Recipient = {
  contact: '+16505551234',
  values: {
    lead: {
      name: 'Ann Lee',
      email: null,
      phone: '+16505551234',
      position: null,
      company: null,
      notes: null,
      metadata: { plan: 'pro' },
    },
    site: { name: 'Tidings' },
  },
};
const ATTEMPT: Attempt = { deliveryId: '0f0f.1', attemptId: '0f0f.1.2-abc', mayLeave: () => true };

function text(sender: Sender, body = 'Hi {{lead.first_name}}') {
  return sender.prepare({ channel: 'whatsapp', body: parseMergeText(body) });
}

async function outcomeOf(answer: Answer): Promise<{ outcome: Outcome; server: RunningCloudApi }> {
  const server = await serve({ script: () => answer });
  return { outcome: await text(open(server.url)).deliver(TO, ATTEMPT), server };
}

/** What an outcome tells a person must not tell them whom, nor with which token. */
function expectDiscreet(outcome: Outcome) {
  const told = JSON.stringify(outcome);
  expect(told).not.toContain(TOKEN);
  expect(told).not.toMatch(/\d{7}/);
}

describe('a text message', () => {
  test('goes out in exactly the shape of the Cloud API, with the attempt as callback data', async () => {
    const server = await serve();
    const outcome = await text(
      open(server.url),
      'Hi {{lead.first_name}}, <{{lead.metadata.plan}}> ✨',
    ).deliver(TO, ATTEMPT);
    expect(outcome).toEqual({ type: 'accepted', providerMessageId: server.accepted[0]!.id });
    expect(server.seen[0]!.json).toEqual({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: '+16505551234',
      type: 'text',
      text: { preview_url: false, body: 'Hi Ann, <pro> ✨' },
      biz_opaque_callback_data: '0f0f.1.2-abc',
    });
    expect(server.seen[0]!.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      accept: 'application/json',
    });
  });

  test('is previewed as it would arrive, without a sender name of our own', () => {
    expect(text(open('http://127.0.0.1:1')).preview(TO)).toEqual({
      from: null,
      to: '+16505551234',
      subject: null,
      text: 'Hi Ann',
    });
  });

  test('over 4,096 characters is refused before anything is sent, with both numbers', () => {
    const sender = open('http://127.0.0.1:1');
    expect(() => text(sender, 'x'.repeat(4_100))).toThrow(/4100 characters.*at most 4096/);
    expect(() => text(sender, '🎉'.repeat(4_096))).not.toThrow();
  });

  test('that grows over 4,096 characters for one lead fails for that lead only, unsent', async () => {
    const server = await serve();
    const message = text(open(server.url), `{{lead.name}}${'x'.repeat(4_090)}`);
    expect(await message.deliver(TO, ATTEMPT)).toMatchObject({ type: 'permanent', code: 'message_too_long' });
    expect(server.requests).toBe(0);
  });

  test('with nothing left after its merge fields fails for that lead only, unsent', async () => {
    const server = await serve();
    const message = text(open(server.url), ' {{lead.company}}\n');
    expect(await message.deliver(TO, ATTEMPT)).toMatchObject({ type: 'permanent', code: 'message_empty' });
    expect(server.requests).toBe(0);
  });

  test('skips a contact that is no international number', async () => {
    const message = text(open('http://127.0.0.1:1'));
    expect(await message.deliver({ ...TO, contact: '06505551234' }, ATTEMPT)).toMatchObject({
      type: 'skipped',
      code: 'invalid_phone',
    });
  });
});

describe('certainly not sent', () => {
  const NOT_SENT = { type: 'transient', scope: 'sender' };

  test('when the connection is refused', async () => {
    const outcome = await text(open('http://127.0.0.1:1')).deliver(TO, ATTEMPT);
    expect(outcome).toMatchObject({ ...NOT_SENT, code: 'ECONNREFUSED' });
    expectDiscreet(outcome);
  });

  test('when the name does not resolve', async () => {
    const outcome = await text(open('https://cloud-api.invalid')).deliver(TO, ATTEMPT);
    expect(outcome).toMatchObject({ ...NOT_SENT, code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) });
  });

  test('when the certificate is not trusted', async () => {
    const server = await startSmtpServer({ tls: 'implicit' });
    cleanUps.push(() => server.stop());
    const outcome = await text(open(`https://127.0.0.1:${server.port}`)).deliver(TO, ATTEMPT);
    expect(outcome).toMatchObject({ ...NOT_SENT, message: expect.stringContaining('certificate') });
  });

  test('when the TLS handshake breaks or never ends', async () => {
    for (const isSilent of [true, false]) {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        if (!isSilent) socket.once('data', () => socket.destroy());
      });
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      cleanUps.push(async () => void server.close());
      const { port } = server.address() as { port: number };
      const outcome = await text(open(`https://127.0.0.1:${port}`)).deliver(TO, ATTEMPT);
      expect(outcome).toMatchObject(NOT_SENT);
    }
  });

  test('when it may not leave any more by the time its connection stands', async () => {
    const server = await serve();
    const sender = open(server.url);
    let asked = 0;
    const held = await text(sender).deliver(TO, { ...ATTEMPT, mayLeave: () => ++asked === 0 });
    expect(held).toBe(STALLED);
    expect(asked).toBe(1);
    expect(await text(sender).deliver(TO, ATTEMPT)).toMatchObject({ type: 'accepted' });
    expect(server.requests).toBe(1);
  });

  test('when a Graph error says so, with its own class', async () => {
    const { outcome, server } = await outcomeOf({
      graphError: { code: 131026, details: 'Message to +16505551234 undeliverable' },
    });
    expect(outcome).toMatchObject({ type: 'permanent', code: 'whatsapp_131026' });
    expect(server.accepted).toEqual([]);
    expectDiscreet(outcome);
  });

  test('when a 5xx carries a Graph error', async () => {
    const { outcome } = await outcomeOf({ graphError: { code: 131016, status: 503 } });
    expect(outcome).toMatchObject({ ...NOT_SENT, code: 'whatsapp_131016' });
  });

  test('when the token is wrong, and the token is not told', async () => {
    const server = await serve({ token: 'another' });
    const outcome = await text(open(server.url)).deliver(TO, ATTEMPT);
    expect(outcome).toMatchObject({ type: 'account', code: 'whatsapp_190' });
    expectDiscreet(outcome);
  });

  test('when a proxy refuses with HTML and 403: the sender stops for a person', async () => {
    const { outcome } = await outcomeOf({
      raw: { status: 403, headers: { 'content-type': 'text/html' }, body: '<h1>Blocked</h1>' },
    });
    expect(outcome).toMatchObject({ type: 'account', code: 'whatsapp_http_403' });
  });

  test('when HTTP 429 asks for a pause, and Retry-After says how long', async () => {
    const { outcome } = await outcomeOf({ raw: { status: 429, headers: { 'retry-after': '3' }, body: '' } });
    expect(outcome).toMatchObject({ type: 'throttled', scope: 'sender', retryAfterMs: 3_000 });
  });

  test('when the number sends faster than its rate', async () => {
    const server = await serve({ tokenBucketPerSecond: 1 });
    const message = text(open(server.url));
    expect(await message.deliver(TO, ATTEMPT)).toMatchObject({ type: 'accepted' });
    expect(await message.deliver(TO, ATTEMPT)).toMatchObject({ type: 'throttled', code: 'whatsapp_130429' });
  });
});

describe('an unknown outcome, never sent twice', () => {
  const html = (status: number) => ({
    raw: { status, headers: { 'content-type': 'text/html' }, body: '<h1>Bad Gateway</h1>' },
  });
  const huge = { raw: { status: 200, body: 'x'.repeat(300_000) } };
  test.each<[string, Answer, boolean]>([
    ['the server hangs up before it took the message', { resetBefore: true }, false],
    ['the server hangs up after it took the message', { resetAfter: true }, true],
    ['no answer comes', { hang: true }, false],
    ['the answer drips in too slowly', { dribble: true }, true],
    ['a 200 has no message id', { noId: true }, true],
    ['a gateway answers 502 with HTML', html(502), false],
    ['a 500 has no body at all', { raw: { status: 500, body: '' } }, false],
    ['the answer is larger than any answer of the API', huge, false],
    [
      'the answer is not HTTP to its end',
      { raw: { status: 200, headers: { 'content-length': '900' }, body: '{' } },
      false,
    ],
  ])('when %s', async (_when, answer, isTaken) => {
    const { outcome, server } = await outcomeOf(answer);
    expect(outcome).toMatchObject({ type: 'uncertain', code: expect.stringMatching(/^\w+$/) });
    expect(server.accepted).toHaveLength(isTaken ? 1 : 0);
    expect(server.requests).toBe(1);
    expectDiscreet(outcome);
  });

  test('of one message does not touch the others on the way', async () => {
    const server = await serve({
      latencyMs: 20,
      script: ({ count }) => (count % 3 === 0 ? { resetAfter: true } : undefined),
    });
    const message = text(open(server.url));
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, index) => message.deliver(TO, { ...ATTEMPT, attemptId: `a.${index}` })),
    );
    expect(outcomes.filter(({ type }) => type === 'accepted')).toHaveLength(40);
    expect(outcomes.filter(({ type }) => type === 'uncertain')).toHaveLength(20);
    expect(new Set(server.accepted.map(({ callbackData }) => callbackData)).size).toBe(60);
    expect(server.requests).toBe(60);
  });
});

describe('the sender', () => {
  test('is named by the number id and keeps a second of messages in flight', () => {
    expect(open('http://127.0.0.1:1').about).toEqual({
      id: 'whatsapp:106540352242922',
      channel: 'whatsapp',
      provider: 'whatsapp-cloud',
      mode: 'live',
      ratePerSecond: 80,
      windowSize: 80,
    });
    const sizes = [1, 16.5, 1_000, null].map(
      (ratePerSecond) => open('http://127.0.0.1:1', { ratePerSecond }).about.windowSize,
    );
    expect(sizes).toEqual([16, 17, 256, 256]);
  });

  test('lets what is in flight finish before it closes', async () => {
    const server = await serve({ latencyMs: 200 });
    const sender = createCloudSender(settings(server.url));
    const delivery = text(sender).deliver(TO, ATTEMPT);
    await sender.close();
    expect(await delivery).toMatchObject({ type: 'accepted' });
  });

  test('gives up what is in flight when it may not wait longer: its outcome is unknown', async () => {
    const server = await serve({ script: () => ({ hang: true }) });
    const sender = createCloudSender(settings(server.url, { timeoutMs: 20_000 }));
    const delivery = text(sender).deliver(TO, ATTEMPT);
    await expect.poll(() => server.requests).toBe(1);
    await sender.close(50);
    expect(await delivery).toMatchObject({ type: 'uncertain' });
  });

  test.each<[Partial<WhatsAppOptions>, RegExp]>([
    [{ phoneNumberId: '+1 555' }, /WHATSAPP_PHONE_NUMBER_ID/],
    [{ apiUrl: 'http://graph.example.com' }, /WHATSAPP_API_URL is "http:.*clear text/],
    [{ apiUrl: 'http://127.evil.example' }, /clear text/],
    [{ accessToken: 'two\nlines' }, /WHATSAPP_ACCESS_TOKEN/],
    [{ accessToken: '' }, /WHATSAPP_ACCESS_TOKEN/],
    [{ apiVersion: '26' }, /WHATSAPP_API_VERSION/],
    [{ apiUrl: 'graph.facebook.com' }, /WHATSAPP_API_URL/],
  ])('is not opened with a setting that cannot work, and names it: %j', (options, message) => {
    expect(() => createCloudSender(settings('http://127.0.0.1:1', options))).toThrow(message);
  });
});

describe('the check of the connection', () => {
  test('tells the number and its quality when all is well', async () => {
    const { url } = await serve();
    const said = '+1 555-010-0000, Example Shop, quality green';
    const detail = 'the token may use the number';
    expect(await checkWhatsApp(settings(url))).toEqual({ ok: true, detail, said });
  });

  test('tells a wrong token, a wrong address, a server that is not there and a setting that cannot work', async () => {
    const { url } = await serve({ token: 'another' });
    expect(await checkWhatsApp(settings(url))).toMatchObject({ ok: false, code: 'whatsapp_190' });
    const right = await serve();
    expect(await checkWhatsApp(settings(`${right.url}/elsewhere`))).toMatchObject({
      ok: false,
      code: 'whatsapp_2500',
    });
    expect(await checkWhatsApp(settings('http://127.0.0.1:1'))).toMatchObject({ code: 'ECONNREFUSED' });
    expect(await checkWhatsApp(settings('nowhere'))).toMatchObject({ ok: false, code: 'configuration' });
  });
});
