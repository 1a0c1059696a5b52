import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:net';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { simpleParser } from 'mailparser';
import { afterEach, describe, expect, test } from 'vitest';
import { startHostileRelay } from '../../../../test/support/hostile-relay.ts';
import {
  type RunningSmtpServer,
  type SmtpServerOptions,
  startSmtpServer,
  TEST_CERTIFICATE,
} from '../../../../test/support/smtp-server.ts';
import type { Outcome, Recipient } from '../../../core/deliveries/sender.ts';
import { parseMergeText } from '../../../core/messages/parse-merge-text.ts';
import { checkConnection, createSmtpSender, type SmtpSenderOptions } from './smtp-sender.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serve(options: SmtpServerOptions = {}): Promise<RunningSmtpServer> {
  const server = await startSmtpServer(options);
  cleanUps.push(() => server.stop());
  return server;
}

function open(url: string, options: Partial<SmtpSenderOptions> = {}) {
  const sender = createSmtpSender({
    url,
    from: 'Tidings <news@example.com>',
    ratePerSecond: null,
    connections: 2,
    timeouts: { silenceMs: 1_000, greetingMs: 1_000, connectMs: 2_000 },
    ...options,
  });
  cleanUps.push(() => sender.close());
  return sender;
}

const TO: Recipient = {
  contact: 'ann@example.org',
  values: {
    lead: {
      name: 'Ann Lee',
      email: 'ann@example.org',
      phone: null,
      position: null,
      company: null,
      notes: null,
      metadata: {},
    },
    site: { name: null },
  },
};

function letter(sender: ReturnType<typeof open>, body = 'Hi {{lead.first_name}}') {
  return sender.prepare({
    channel: 'email',
    format: 'text',
    body: parseMergeText(body),
    subject: parseMergeText('Hello'),
    fromName: null,
  });
}

let serial = 0;
function send(sender: ReturnType<typeof open>, contact = TO.contact, body?: string): Promise<Outcome> {
  const deliveryId = `d${++serial}`;
  return letter(sender, body).deliver(
    { ...TO, contact },
    { deliveryId, attemptId: `${deliveryId}.1`, mayLeave: () => true },
  );
}

/** `smtp://127.0.0.1:25` with user and password. */
const withLogin = (url: string, login: string) => url.replace('://', `://${login}@`);

describe('a delivered email', () => {
  test('is accepted when the server says 250 after the final dot, and is known by its Message-ID', async () => {
    const server = await serve();
    const sender = open(server.url);
    const outcome = await letter(sender).deliver(TO, {
      deliveryId: 'abc',
      attemptId: 'abc.1',
      mayLeave: () => true,
    });
    expect(outcome).toEqual({ type: 'accepted', providerMessageId: '<abc@example.com>' });
    expect(server.messages).toHaveLength(1);
    expect(server.messages[0]).toMatchObject({ from: 'news@example.com', to: ['ann@example.org'] });
    const mail = await simpleParser(server.messages[0]!.raw);
    expect(mail.text?.trim()).toBe('Hi Ann');
    expect(mail.messageId).toBe('<abc@example.com>');
  });

  test('keeps lines that begin with dots', async () => {
    const server = await serve();
    const body = '.\n..\n.hidden\nHi\n.\nend\n.';
    await send(open(server.url), undefined, body);
    expect((await simpleParser(server.messages[0]!.raw)).text?.replace(/\n$/, '')).toBe(body);
  });

  test('is previewed as the recipient would read it', () => {
    const sender = open('smtp://127.0.0.1:1');
    const prepared = sender.prepare({
      channel: 'email',
      format: 'html',
      body: parseMergeText('<h1>Hello!</h1><p>Dear {{lead.name}}</p>'),
      subject: parseMergeText('For {{lead.first_name}}'),
      fromName: 'Marketing Team',
    });
    expect(prepared.preview(TO)).toEqual({
      from: 'Marketing Team <news@example.com>',
      to: 'ann@example.org',
      subject: 'For Ann',
      text: 'Hello!\n\nDear Ann Lee',
      html: '<h1>Hello!</h1><p>Dear Ann Lee</p>',
    });
  });
});

describe('sessions', () => {
  test('are reused, and no more are opened than allowed', async () => {
    const server = await serve();
    const sender = open(server.url);
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => send(sender)));
    expect(new Set(outcomes.map(({ type }) => type))).toEqual(new Set(['accepted']));
    expect(server.messages).toHaveLength(40);
    expect(server.sessionCount()).toBe(2);
  });

  test('survive a refused recipient', async () => {
    const server = await serve({ onRcpt: (to) => (to.startsWith('no') ? '550 5.1.1 User unknown' : null) });
    const sender = open(server.url, { connections: 1 });
    const types = [];
    for (const to of ['a@x.org', 'no@x.org', 'b@x.org', 'no2@x.org', 'c@x.org']) {
      types.push((await send(sender, to)).type);
    }
    expect(types).toEqual(['accepted', 'permanent', 'accepted', 'permanent', 'accepted']);
    expect(server.sessionCount()).toBe(1);
  });

  test('are not used by a message that must not leave any more when its turn comes', async () => {
    const server = await serve();
    const sender = open(server.url, { connections: 1 });
    const first = send(sender, 'first@x.org');
    const held = letter(sender).deliver(
      { ...TO, contact: 'held@x.org' },
      { deliveryId: 'held', attemptId: 'held.1', mayLeave: () => false },
    );
    expect((await first).type).toBe('accepted');
    expect(await held).toMatchObject({ type: 'transient', scope: 'sender', code: 'process_stalled' });
    expect((await send(sender, 'next@x.org')).type).toBe('accepted');
    expect(server.messages.map(({ to }) => to[0])).toEqual(['first@x.org', 'next@x.org']);
  });

  test('that the relay ended while they waited are replaced without a failed message', async () => {
    const server = await serve();
    const sender = open(server.url, { connections: 1 });
    await send(sender);
    server.dropSessions();
    expect(await send(sender)).toMatchObject({ type: 'accepted' });
    expect(server.sessionCount()).toBe(2);
  });

  test('that have carried their share (421 to MAIL) are replaced without a failed message', async () => {
    let mails = 0;
    const server = await serve({ onMail: () => (++mails === 2 ? '421 4.3.2 Too many messages' : null) });
    const sender = open(server.url, { connections: 1 });
    expect(await send(sender)).toMatchObject({ type: 'accepted' });
    expect(await send(sender)).toMatchObject({ type: 'accepted' });
    expect(server.sessionCount()).toBe(2);
  });

  test('are fewer when the relay allows fewer, and every message still goes', async () => {
    const server = await serve({
      onConnect: (openSessions) => (openSessions > 2 ? '421 4.7.0 Too many connections' : null),
    });
    const sender = open(server.url, { connections: 6 });
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => send(sender)));
    expect(new Set(outcomes.map(({ type }) => type))).toEqual(new Set(['accepted']));
    expect(server.messages).toHaveLength(30);
  });

  test('are ended when no message follows', async () => {
    const server = await serve();
    expect(await send(open(server.url, { timeouts: { idleMs: 50 } }))).toMatchObject({ type: 'accepted' });
    await expect.poll(() => server.openSessions()).toBe(0);
  });

  test('are cut when close() may not wait longer: only what had left is unknown', async () => {
    let bodies = 0;
    const server = await serve({
      onMessage: () => {
        bodies += 1;
        return new Promise(() => {});
      },
    });
    const sender = open(server.url, { connections: 2 });
    const sending = Promise.all(Array.from({ length: 8 }, () => send(sender)));
    await expect.poll(() => bodies).toBe(2);
    const startedAt = performance.now();
    await sender.close(100);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    const types = (await sending).map(({ type }) => type);
    expect(types.filter((type) => type === 'uncertain')).toHaveLength(2);
    expect(types.filter((type) => type === 'transient')).toHaveLength(6);
    await expect.poll(() => server.openSessions()).toBe(0);
  });

  test('are given back by close(), after what is on its way has arrived', async () => {
    const server = await serve({
      onMessage: () => new Promise((resolve) => setTimeout(() => resolve(null), 150)),
    });
    const sender = open(server.url);
    const sending = [send(sender), send(sender), send(sender)];
    await sender.close();
    expect(server.messages).toHaveLength(3);
    expect((await Promise.all(sending)).map((outcome) => outcome.type)).toEqual(Array(3).fill('accepted'));
    await expect.poll(() => server.openSessions()).toBe(0);
    expect(await send(sender)).toMatchObject({ type: 'transient', scope: 'sender', code: 'channel_closed' });
  });
});

describe('an email that is certainly not sent', () => {
  test('because nobody listens leaves the lead alone and blames the relay', async () => {
    expect(await send(open('smtp://127.0.0.1:1'))).toEqual({
      type: 'transient',
      scope: 'sender',
      code: 'ECONNREFUSED',
      message:
        'The mail server 127.0.0.1:1 refused the connection: is SMTP_URL right, and is the server running (ECONNREFUSED).',
    });
  });

  test('because the server never greets', async () => {
    const mute = createServer(() => {});
    await new Promise<void>((resolve) => {
      mute.listen(0, '127.0.0.1', () => resolve());
    });
    const { port } = mute.address() as { port: number };
    cleanUps.push(async () => void mute.close());
    const outcome = await send(open(`smtp://127.0.0.1:${port}`, { timeouts: { greetingMs: 100 } }));
    expect(outcome).toMatchObject({ type: 'transient', scope: 'sender', code: 'ETIMEDOUT' });
  });

  test('because the greeting is a refusal', async () => {
    const server = await serve({ onConnect: () => '554 No service' });
    const outcome = await send(open(server.url));
    expect(outcome).toMatchObject({ type: 'transient', scope: 'sender', code: 'smtp_554' });
  });

  test.each(['at_mail', 'at_data'] as const)('because the session was lost %s', async (hangUp) => {
    const server = await serve({ hangUp });
    expect(await send(open(server.url))).toMatchObject({
      type: 'transient',
      scope: 'sender',
      code: 'ECONNECTION',
    });
  });

  test.each<[string, SmtpServerOptions, Partial<Outcome> & object]>([
    ['MAIL', { onMail: () => '550 5.1.8 Sender refused' }, { type: 'account', code: 'smtp_550_5.1.8' }],
    ['RCPT', { onRcpt: () => '550 5.1.1 Unknown' }, { type: 'permanent', suppress: 'bounced' }],
    ['RCPT', { onRcpt: () => '450 4.2.1 Later' }, { type: 'transient', scope: 'recipient' }],
    ['RCPT', { onRcpt: () => '421 4.7.0 Slow' }, { type: 'throttled', scope: 'domain' }],
    ['DATA', { onDataCommand: () => '451 4.3.0 Later' }, { type: 'transient', scope: 'recipient' }],
    ['the final dot', { onMessage: () => '554 5.7.1 Spam' }, { type: 'permanent', breaker: true }],
    ['the final dot', { onMessage: () => '421 4.7.28 Rate' }, { type: 'throttled', scope: 'domain' }],
    ['the final dot', { onMessage: () => '554 5.6.0 Malformed' }, { type: 'stop_send' }],
    ['its size', { sizeLimit: 100 }, { type: 'stop_send' }],
  ])('because the server refused %s (%#)', async (_, options, expected) => {
    for (const pipelining of [true, false]) {
      const server = await serve({ ...options, pipelining });
      expect(await send(open(server.url))).toMatchObject(expected);
      expect(server.messages).toHaveLength(0);
    }
  });

  test('because the login is wrong stops the account, and the password is in no message', async () => {
    const server = await serve({ auth: { user: 'ann', pass: 'right' } });
    const outcome = await send(open(withLogin(server.url, 'ann:s3cret')));
    expect(outcome).toMatchObject({ type: 'account', code: 'smtp_535_5.7.8' });
    expect(JSON.stringify(outcome)).not.toContain('s3cret');
  });

  test('because the server wants a login and SMTP_URL has none', async () => {
    const server = await serve({ auth: { user: 'ann', pass: 'right' } });
    expect(await send(open(server.url))).toMatchObject({ type: 'account', code: 'smtp_530' });
  });
});

describe('an email whose fate nobody can know', () => {
  test.each([
    ['the session is lost in the middle of the body', 'in_body'],
    ['the session is lost after the body', 'after_dot'],
    ['the reply after the body does not come in time', 'silence_after_dot'],
    ['the reply after the body is no SMTP reply', 'garbage_after_dot'],
  ] as const)('is uncertain: %s', async (_, hangUp) => {
    const server = await serve({ hangUp });
    const sender = open(server.url);
    const body = 'A line of a long letter.\n'.repeat(40_000);
    expect(await send(sender, undefined, body)).toMatchObject({ type: 'uncertain' });
    expect(server.messages).toEqual([]);
    expect(server.sessionCount()).toBe(1);
  });
});

describe('encryption', () => {
  test('STARTTLS is used when offered, and the login follows it', async () => {
    const server = await serve({ tls: 'starttls', auth: { user: 'a@b', pass: 'p/:#' } });
    const sender = open(withLogin(server.url, 'a%40b:p%2F%3A%23'), { ca: TEST_CERTIFICATE });
    expect(await send(sender)).toMatchObject({ type: 'accepted' });
    expect(server.messages[0]).toMatchObject({ secure: true, user: 'a@b' });
  });

  test('smtps:// speaks TLS from the first byte', async () => {
    const server = await serve({ tls: 'implicit' });
    expect(await send(open(server.url, { ca: TEST_CERTIFICATE }))).toMatchObject({ type: 'accepted' });
    expect(server.messages[0]!.secure).toBe(true);
  });

  test.each(['starttls', 'implicit'] as const)(
    'an untrusted certificate is said in words (%s)',
    async (tls) => {
      const server = await serve({ tls });
      const outcome = await send(open(server.url));
      expect(outcome).toMatchObject({
        type: 'transient',
        scope: 'sender',
        code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      });
      expect(JSON.stringify(outcome)).toContain('NODE_EXTRA_CA_CERTS');
    },
  );

  test('?tls=off leaves STARTTLS alone', async () => {
    const server = await serve({ tls: 'starttls' });
    expect(await send(open(`${server.url}?tls=off`))).toMatchObject({ type: 'accepted' });
    expect(server.messages[0]!.secure).toBe(false);
  });
});

describe('a relay that is not on this machine', () => {
  // The system reads 127.1 as this machine; we only know 127.0.0.1, ::1 and localhost.
  const elsewhere = (url: string) => url.replace('127.0.0.1', '127.1');

  test.each(['', 'ann:right@'])(
    'gets nothing in clear text unless ?tls=off says so (login: %j)',
    async (login) => {
      const server = await serve(login ? { auth: { user: 'ann', pass: 'right' } } : {});
      const url = elsewhere(server.url).replace('//', `//${login}`);
      const outcome = await send(open(url));
      expect(outcome).toMatchObject({ type: 'account', code: 'ENOTLS' });
      expect(JSON.stringify(outcome)).toContain('?tls=off');
      expect(await checkConnection({ url })).toMatchObject({ ok: false, code: 'ENOTLS' });
      expect(server.messages).toEqual([]);
      expect(await send(open(`${url}?tls=off`))).toMatchObject({ type: 'accepted' });
    },
  );

  test('is not trusted on a STARTTLS that it offers and refuses', async () => {
    const relay = await startHostileRelay({
      offers: ['STARTTLS'],
      says: ({ step }) => (step === 'STARTTLS' ? '502 5.5.1 not today\r\n' : undefined),
    });
    cleanUps.push(() => relay.stop());
    expect(await send(open(elsewhere(relay.url)))).toMatchObject({ type: 'account', code: 'ENOTLS' });
  });
});

describe('a port that is not what it seems is said as what it is', () => {
  test('smtp:// where TLS is spoken from the first byte', async () => {
    const server = await serve({ tls: 'implicit' });
    const url = server.url.replace('smtps:', 'smtp:');
    const outcome = await send(open(url, { timeouts: { greetingMs: 500 } }));
    expect(outcome).toMatchObject({ type: 'transient', scope: 'sender', code: 'ETLS' });
    expect(JSON.stringify(outcome)).toContain('use smtps://');
  });

  test('smtps:// where plain SMTP is spoken', async () => {
    const server = await serve();
    const outcome = await send(open(server.url.replace('smtp:', 'smtps:')));
    expect(outcome).toMatchObject({ type: 'transient', scope: 'sender' });
    expect(JSON.stringify(outcome)).toContain('smtp:// may fit');
  });

  test('a server that is slow to greet, in either', async () => {
    const relay = await startHostileRelay({ says: () => 'silence' });
    cleanUps.push(() => relay.stop());
    const timeouts = { greetingMs: 200, connectMs: 200 };
    const plain = await send(open(relay.url, { timeouts }));
    expect(plain).toMatchObject({ type: 'transient', scope: 'sender', code: 'ETIMEDOUT' });
    expect(JSON.stringify(plain)).toContain('did not greet within 1 s');
    const secure = await send(open(relay.url.replace('smtp:', 'smtps:'), { timeouts }));
    expect(secure).toMatchObject({ type: 'transient', scope: 'sender', code: 'ETLS' });
    expect(JSON.stringify(secure)).toContain('did not answer in TLS');
  });
});

describe('addresses beyond ASCII', () => {
  test('a letter beyond ASCII before the @ is sent with SMTPUTF8', async () => {
    const server = await serve();
    expect(await send(open(server.url), 'müller@exämple.org')).toMatchObject({ type: 'accepted' });
    expect(server.messages[0]).toMatchObject({ smtpUtf8: true });
    expect(server.messages[0]!.raw).toContain('To: müller@xn--exmple-cua.org\r\n');
  });

  test('and is skipped when the server has no SMTPUTF8, without harm to the session', async () => {
    const server = await serve({ smtpUtf8: false });
    const sender = open(server.url, { connections: 1 });
    expect(await send(sender, 'müller@example.org')).toMatchObject({
      type: 'skipped',
      code: 'smtputf8_unsupported',
    });
    expect(await send(sender)).toMatchObject({ type: 'accepted' });
  });

  test('a domain beyond ASCII works with every server', async () => {
    const server = await serve({ smtpUtf8: false });
    expect(await send(open(server.url), 'ann@exämple.org')).toMatchObject({ type: 'accepted' });
    expect(server.messages[0]).toMatchObject({ smtpUtf8: false });
    expect(server.messages[0]!.raw).toContain('To: ann@xn--exmple-cua.org\r\n');
  });

  test.each([
    'ann',
    '@example.org',
    'a b@example.org',
    'ann@example.org\r\nBcc: eve@example.org',
    'a,b@example.org',
  ])('%j is no address and is skipped', async (contact) => {
    expect(await send(open('smtp://127.0.0.1:1'), contact)).toMatchObject({
      type: 'skipped',
      code: 'invalid_email',
    });
  });
});

describe('settings', () => {
  test('a sender is named by host, port and a mark of its login, which tells neither user nor password', () => {
    const { about } = open('smtps://ann%40shop.example:s3cret@mail.example.com', {
      connections: 5,
      ratePerSecond: 14,
    });
    expect(about).toMatchObject({ ratePerSecond: 14, windowSize: 20 });
    expect(about.id).toMatch(/^smtp:mail\.example\.com:465#[0-9a-f]{8}$/);
    expect(open('smtp://127.0.0.1:1025?tls=off').about.id).toBe('smtp:127.0.0.1:1025');
  });

  test('two logins at one relay are two senders, and another password is the same one', () => {
    const id = (login: string) => open(`smtp://${login}@mail.example.com`).about.id;
    expect(id('ann:one')).not.toBe(id('bob:one'));
    expect(id('ann:one')).toBe(id('ann:two'));
  });

  test.each([
    [{ url: 'mail.example.com' }, /SMTP_URL/],
    [{ url: 'http://ann:s3cret@mail.example.com' }, /SMTP_URL begins with "http:/],
    [{ url: 'smtp://ann@mail.example.com' }, /SMTP_URL has a user but no password/],
    [{ url: 'smtp://ann:s3cret%@mail.example.com' }, /SMTP_URL has a "%"/],
    [{ url: 'smtp://ann:s3cret@mail.example.com?tls=maybe' }, /SMTP_URL has a "tls"/],
    [{ url: 'smtp://ann:s3cret@mail.example.com?pipelining=yes' }, /SMTP_URL has a "pipelining"/],
    [{ url: 'smtp://ann:s3cret#1@mail.example.com' }, /SMTP_URL/],
    [{ from: 'Marketing' }, /EMAIL_FROM is "Marketing"/],
    [{ from: 'Märketing <grüße@example.com>' }, /EMAIL_FROM/],
    [{ connections: 0 }, /SMTP_CONNECTIONS/],
  ])('%j is refused by name', (wrong, message) => {
    const make = () =>
      createSmtpSender({
        url: 'smtp://mail.example.com',
        from: 'a@example.com',
        ratePerSecond: null,
        ...wrong,
      });
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: 'configuration' }));
    expect(make).not.toThrow(/s3cret/);
  });

  test('the relay can be tried without sending anything', async () => {
    const server = await serve({ tls: 'starttls', auth: { user: 'ann', pass: 'right' } });
    const url = withLogin(server.url, 'ann:right');
    expect(await checkConnection({ url, ca: TEST_CERTIFICATE })).toEqual({
      ok: true,
      tls: { protocol: 'TLSv1.3', subject: 'localhost', issuer: 'localhost', validUntil: '2120-01-01' },
      login: 'accepted',
    });
    const open = await serve();
    expect(await checkConnection({ url: open.url })).toEqual({ ok: true, tls: null, login: null });
    expect(await checkConnection({ url: withLogin(`${server.url}?tls=off`, 'ann:wrong') })).toMatchObject({
      ok: false,
      code: 'smtp_535_5.7.8',
    });
    expect(await checkConnection({ url: 'smtp://127.0.0.1:1' })).toMatchObject({
      ok: false,
      code: 'ECONNREFUSED',
    });
    expect(server.messages).toHaveLength(0);
    await expect.poll(() => server.openSessions()).toBe(0);
  });
});

describe('a signature', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const dkim = { domain: null, selector: 'tidings', privateKey: pem, privateKeyFile: null };

  test('stands before each message, which leaves as it was signed', async () => {
    const server = await serve();
    const sender = open(server.url, { dkim });
    const people = ['ann@example.org', 'zoë@example.org', 'bo@example.org'];
    await Promise.all(people.map((contact) => send(sender, contact, 'Hello  {{lead.name}}\n\n.\n\n')));
    expect(server.messages.map(({ to }) => to[0]).toSorted()).toEqual(people.toSorted());
    const record = `p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`;
    for (const { raw } of server.messages) {
      const resolver = async () => [[record]];
      const { results } = await dkimVerify(Buffer.from(raw), { resolver, minBitLength: 1024 });
      expect(results.map(({ status }) => status.result)).toEqual(['pass']);
    }
  });

  test('of a key that is wrong stops the start', () => {
    expect(() => open('smtp://127.0.0.1:1', { dkim: { ...dkim, domain: 'other.example' } })).toThrow(
      'DKIM_DOMAIN is "other.example"',
    );
  });
});
