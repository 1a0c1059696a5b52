import { simpleParser } from 'mailparser';
import { createApiSender } from '../src/providers/email/api/api-sender.ts';
import { createSmtpSender } from '../src/providers/email/smtp/smtp-sender.ts';
import { createSandboxSender, type Outbox } from '../src/providers/sandbox/sandbox-sender.ts';
import { createCloudSender } from '../src/providers/whatsapp/cloud/cloud-sender.ts';
import { createTwilioSender } from '../src/providers/whatsapp/twilio/twilio-sender.ts';
import { type Answer, type CloudApiOptions, startCloudApi } from './support/cloud-api-server.ts';
import {
  API_DIALECTS,
  API_FROM,
  API_NAMES,
  API_SECRET,
  type ApiAnswer,
  type ApiDialect,
  startEmailApi,
} from './support/email-api-server.ts';
import { type HostileRelayOptions, startHostileRelay } from './support/hostile-relay.ts';
import { type Arrived, type Staged, testSender } from './support/sender-suite.ts';
import { type SmtpServerOptions, startSmtpServer } from './support/smtp-server.ts';
import { startTwilio, type TwilioAnswer, type TwilioServerOptions } from './support/twilio-server.ts';

const EMAIL = 'ann@example.org';
const PHONE = '+16505551234';
const SECRET = 's3cret-of-the-test';
const NO_CONNECTION = { absent: 'it has no connection' };
const nothing = async () => {};
const never = new Promise<never>(() => {});

async function sandbox(record?: Outbox['record']): Promise<Staged> {
  const entries: Arrived[] = [];
  const keep: Outbox['record'] = ({ parts }, make) => {
    const { to, subject, values, attemptId } = make();
    const text = parts.map((part) => (typeof part === 'string' ? part : values[part])).join('');
    entries.push({ to, subject, text, id: attemptId });
  };
  const sender = createSandboxSender('email', { record: record ?? keep });
  return { sender, arrived: async () => entries, begun: () => entries.length, stop: nothing };
}

testSender('sandbox', {
  contact: EMAIL,
  secrets: [SECRET],
  carries: 'attemptId',
  accepts: () => sandbox(),
  refusesConnections: NO_CONNECTION,
  cutsAfterBody: NO_CONNECTION,
  tooFast: { absent: 'it has no rate' },
  refusesLogin: { absent: 'it has no login' },
  neverAnswers: NO_CONNECTION,
  garbled: {
    'an outbox that rejects': () => sandbox(() => Promise.reject(new Error(`${SECRET} ${EMAIL}`))),
    'an outbox that throws': () =>
      sandbox(() => {
        throw new Error(`${SECRET} ${EMAIL}`);
      }),
  },
});

const mailTo = (url: string) =>
  createSmtpSender({
    url: url.replace('://', `://ann:${SECRET}@`),
    from: 'Tidings <news@example.com>',
    ratePerSecond: null,
    connections: 2,
    timeouts: { silenceMs: 1_000, greetingMs: 1_000, connectMs: 2_000 },
  });

async function smtp(options: SmtpServerOptions = {}): Promise<Staged> {
  let begun = 0;
  const server = await startSmtpServer({
    auth: { user: 'ann', pass: SECRET },
    ...options,
    onMessage: (raw, client) => {
      begun += 1;
      return options.onMessage?.(raw, client) ?? null;
    },
  });
  const arrived = () =>
    Promise.all(
      server.messages.map(async ({ to, raw }) => {
        const mail = await simpleParser(raw);
        const id = /^<(.+)@example\.com>$/.exec(mail.messageId ?? '')?.[1] ?? '';
        return { to: to.join(), subject: mail.subject ?? null, text: mail.text?.trimEnd() ?? '', id };
      }),
    );
  return { sender: mailTo(server.url), arrived, begun: () => begun, stop: () => server.stop() };
}

/** Says to the final dot, or to any other step, what is no good answer. */
async function relay(
  says: HostileRelayOptions['says'],
  offers = ['AUTH PLAIN', 'PIPELINING'],
): Promise<Staged> {
  let begun = 0;
  const server = await startHostileRelay({
    offers,
    says: (asked) => {
      if (asked.step === 'dot') begun += 1;
      return says(asked);
    },
  });
  return {
    sender: mailTo(server.url),
    arrived: async () => [],
    begun: () => begun,
    stop: () => server.stop(),
  };
}
const told = `${SECRET} for ${EMAIL}`;

testSender('email-smtp', {
  contact: EMAIL,
  secrets: [SECRET, Buffer.from(`\0ann\0${SECRET}`).toString('base64')],
  // A Message-ID is the same for every attempt, so that a second copy can be told as one.
  carries: 'deliveryId',
  accepts: () => smtp(),
  refusesConnections: async () => ({
    sender: mailTo('smtp://127.0.0.1:1'),
    arrived: async () => [],
    begun: () => 0,
    stop: nothing,
  }),
  cutsAfterBody: () => relay(({ step }) => (step === 'dot' ? 'hang up' : undefined)),
  tooFast: [
    { says: '421 to RCPT', stage: () => smtp({ onRcpt: () => `421 4.7.0 Slow, ${told}` }) },
    { says: '450 4.7.28 to RCPT', stage: () => smtp({ onRcpt: () => `450 4.7.28 Rate, ${told}` }) },
    { says: '421 4.7.28 to the dot', stage: () => smtp({ onMessage: () => `421 4.7.28 Rate, ${told}` }) },
  ],
  refusesLogin: () =>
    relay(({ step, line }) => (step === 'AUTH' ? `535 5.7.8 No: ${line} ${told}\r\n` : undefined)),
  neverAnswers: () => smtp({ onMessage: () => never }),
  garbled: {
    'no SMTP in the greeting': () =>
      relay(({ step }) => (step === 'greeting' ? `\0?! ${told}\r\n` : undefined)),
    'no SMTP to RCPT': () => relay(({ step }) => (step === 'RCPT' ? `?! ${told}\r\n` : undefined)),
    'no SMTP to the dot': () => relay(({ step }) => (step === 'dot' ? `?! ${told}\r\n` : undefined)),
    'a code that does not exist': () => relay(({ step }) => (step === 'dot' ? `999 ${told}\r\n` : undefined)),
    'a line without an end': () => relay(({ step }) => (step === 'dot' ? 'x'.repeat(300_000) : undefined)),
    'a refusal that repeats all it knows': () =>
      relay(({ step, line }) => (step === 'RCPT' ? `550 5.1.1 ${line} ${told}\r\n` : undefined)),
  },
});

const textsTo = (apiUrl: string, timeoutMs = 500) =>
  createCloudSender({
    phoneNumberId: '106540352242922',
    accessToken: SECRET,
    apiUrl,
    apiVersion: 'v26.0',
    ratePerSecond: 80,
    timeoutMs,
  });

async function cloud(options: CloudApiOptions = {}, timeoutMs?: number): Promise<Staged> {
  const server = await startCloudApi({ token: SECRET, ...options });
  const arrived = async () =>
    server.accepted.map(({ to, body, callbackData }) => ({
      to,
      subject: null,
      text: body,
      id: callbackData,
    }));
  return {
    sender: textsTo(server.url, timeoutMs),
    arrived,
    begun: () => server.requests,
    stop: () => server.stop(),
  };
}
const answering = (answer: Answer) => () => cloud({ script: () => answer });
const repeated = `${SECRET} for ${PHONE}`;

testSender('whatsapp-cloud', {
  contact: PHONE,
  secrets: [SECRET],
  carries: 'attemptId',
  accepts: () => cloud(),
  refusesConnections: async () => ({
    sender: textsTo('http://127.0.0.1:1'),
    arrived: async () => [],
    begun: () => 0,
    stop: nothing,
  }),
  cutsAfterBody: answering({ resetAfter: true }),
  tooFast: [
    {
      says: 'HTTP 429',
      stage: answering({ raw: { status: 429, headers: { 'retry-after': '3' }, body: repeated } }),
      waitMs: 3_000,
    },
    { says: 'Graph error 130429', stage: answering({ graphError: { code: 130429, message: repeated } }) },
  ],
  refusesLogin: answering({ graphError: { code: 190, status: 401, message: repeated, details: repeated } }),
  neverAnswers: () => cloud({ script: () => ({ hang: true }) }, 20_000),
  garbled: {
    'a 200 without an id': answering({ noId: true }),
    'a 200 that is no JSON': answering({ raw: { status: 200, body: `{${repeated}` } }),
    'a 502 of a gateway': answering({ raw: { status: 502, body: `<h1>${repeated}</h1>` } }),
    'an answer that ends too soon': answering({
      raw: { status: 200, headers: { 'content-length': '900' }, body: '{' },
    }),
    'an answer without an end': answering({ raw: { status: 200, body: 'x'.repeat(300_000) } }),
    'an unknown code that repeats all it knows': answering({
      graphError: { code: 987654, message: repeated, details: repeated },
    }),
  },
});

const ACCOUNT_SID = `AC${'0'.repeat(31)}1`;
const twilioTo = (apiUrl: string, timeoutMs = 500) =>
  createTwilioSender({
    accountSid: ACCOUNT_SID,
    authToken: SECRET,
    from: '+15550001111',
    messagingServiceSid: null,
    apiUrl,
    ratePerSecond: 80,
    statusUrl: 'https://tidings.example.com/webhooks/twilio',
    timeoutMs,
  });

async function twilio(script?: TwilioServerOptions['script'], timeoutMs?: number): Promise<Staged> {
  const server = await startTwilio({
    accountSid: ACCOUNT_SID,
    authToken: SECRET,
    ...(script && { script }),
  });
  return {
    sender: twilioTo(server.url, timeoutMs),
    arrived: async () =>
      server.accepted.map(({ form }) => ({
        to: form.get('To')!.replace('whatsapp:', ''),
        subject: null,
        text: form.get('Body')!,
        id: new URL(form.get('StatusCallback')!).searchParams.get('attempt')!,
      })),
    begun: () => server.requests,
    stop: () => server.stop(),
  };
}
const twilioSays = (answer: TwilioAnswer) => () => twilio(() => answer);

testSender('whatsapp-twilio', {
  contact: PHONE,
  secrets: [SECRET],
  carries: 'attemptId',
  accepts: () => twilio(),
  refusesConnections: async () => ({
    sender: twilioTo('http://127.0.0.1:1'),
    arrived: async () => [],
    begun: () => 0,
    stop: nothing,
  }),
  cutsAfterBody: twilioSays({ resetAfter: true }),
  tooFast: [
    {
      says: 'HTTP 429',
      stage: twilioSays({ raw: { status: 429, headers: { 'retry-after': '3' }, body: repeated } }),
      waitMs: 3_000,
    },
    { says: 'error 20429', stage: twilioSays({ error: { code: 20429, status: 429, message: repeated } }) },
    { says: 'error 63018', stage: twilioSays({ error: { code: 63018, message: repeated } }) },
  ],
  refusesLogin: twilioSays({ error: { code: 20003, status: 401, message: repeated } }),
  neverAnswers: () => twilio(() => ({ hang: true }), 20_000),
  garbled: {
    'a 201 without a SID': twilioSays({ raw: { status: 201, body: '{"status":"queued"}' } }),
    'a 201 that is no JSON': twilioSays({ raw: { status: 201, body: `{${repeated}` } }),
    'a 502 of a gateway': twilioSays({ raw: { status: 502, body: `<h1>${repeated}</h1>` } }),
    'an answer that ends too soon': twilioSays({
      raw: { status: 201, headers: { 'content-length': '900' }, body: '{' },
    }),
    'an answer without an end': twilioSays({ raw: { status: 201, body: 'x'.repeat(300_000) } }),
    'an unknown code that repeats all it knows': twilioSays({ error: { code: 99999, message: repeated } }),
  },
});

for (const name of API_NAMES) {
  const dialect: ApiDialect = API_DIALECTS[name];
  const mailBy = (apiUrl: string, timeoutMs = 500) => {
    const options = { from: API_FROM, ratePerSecond: null, apiUrl, timeoutMs, askAgainMs: [10, 20] };
    return createApiSender(dialect.api(options), options);
  };
  const api = async (answer?: ApiAnswer, timeoutMs?: number): Promise<Staged> => {
    const server = await startEmailApi(name, () => answer);
    return {
      sender: mailBy(server.url, timeoutMs),
      arrived: () => Promise.all(server.accepted.map((request) => dialect.read(request))),
      begun: () => server.begun,
      stop: () => server.stop(),
    };
  };
  const apiSays = (answer: ApiAnswer) => () => api(answer);
  const refused = (status: number) => dialect.refused(status, told);
  testSender(`email-${name}`, {
    contact: EMAIL,
    secrets: [API_SECRET, Buffer.from(`api:${API_SECRET}`).toString('base64')],
    carries: 'attemptId',
    accepts: () => api(),
    refusesConnections: async () => ({
      sender: mailBy('http://127.0.0.1:1'),
      arrived: async () => [],
      begun: () => 0,
      stop: nothing,
    }),
    cutsAfterBody: apiSays({ resetAfter: true }),
    tooFast: [
      {
        says: 'HTTP 429 in its own form',
        stage: apiSays({ ...refused(429), headers: { ...refused(429).headers, 'retry-after': '3' } }),
        waitMs: 3_000,
      },
      {
        says: 'HTTP 429 of something on the way',
        stage: apiSays({ status: 429, headers: { 'retry-after': '3' }, body: told }),
        waitMs: 3_000,
      },
    ],
    refusesLogin: apiSays(refused(401)),
    neverAnswers: () => api({ hang: true }, 20_000),
    garbled: {
      'a 200 without an id': apiSays({ status: 200, body: '{}' }),
      'a 200 that is no JSON': apiSays({ status: 200, body: `{${told}` }),
      'a 502 of a gateway': apiSays({ status: 502, body: `<h1>${told}</h1>` }),
      'an answer that ends too soon': apiSays({
        status: 200,
        headers: { 'content-length': '900' },
        body: '{',
      }),
      'an answer without an end': apiSays({ status: 200, body: 'x'.repeat(300_000) }),
      'an unknown refusal that repeats all it knows': apiSays(refused(422)),
    },
  });
}
