import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageOf } from './support/packages.ts';
import { PostfixServer } from './support/postfix.ts';
import { startStore } from './support/store.ts';
import { send, wholly } from './support/trial.ts';

const postfix = packageOf('postfix', 'postfix');

const EVERYTHING = 'pipelining,8bitmime,smtputf8,chunking,size,dsn,enhancedstatuscodes';
const SERVICES = {
  plain: '',
  'no-pipelining': '-o smtpd_discard_ehlo_keywords=pipelining',
  'no-utf8': '-o smtpd_discard_ehlo_keywords=smtputf8',
  'no-8bit': '-o smtpd_discard_ehlo_keywords=8bitmime,smtputf8',
  'no-chunking': '-o smtpd_discard_ehlo_keywords=chunking',
  bare: `-o smtpd_discard_ehlo_keywords=${EVERYTHING}`,
  starttls: '-o smtpd_tls_security_level=encrypt',
};

describe.skipIf(postfix.isMissing)(`Postfix ${postfix.version}`, () => {
  let store: Awaited<ReturnType<typeof startStore>>;
  let server: PostfixServer;

  beforeAll(async () => {
    store = await startStore();
    server = await PostfixServer.start(postfix, store.port, SERVICES);
  });
  afterAll(async () => {
    await server?.stop();
    await store?.stop();
  });

  it.each([
    ['plain', ''],
    ['no-pipelining', ', without PIPELINING'],
    ['no-8bit', ', without 8BITMIME and SMTPUTF8'],
    ['no-chunking', ', without CHUNKING'],
    ['bare', ', without any extension'],
    ['starttls', ', STARTTLS'],
  ] as const)('takes every message once (%s)', async (service, words) => {
    const count = service === 'plain' ? 300 : 100;
    const what = `Postfix ${postfix.version}${words}`;
    const result = await send({ what, url: server.url(service), messages: count, stored: store.stored });
    expect(result).toMatchObject(wholly(count));
  });

  it.each(['plain', 'no-pipelining'] as const)(
    'takes the others where every tenth recipient is refused (%s)',
    async (service) => {
      const result = await send({
        what: `Postfix, every 10th refused (${service})`,
        url: server.url(service),
        stored: store.stored,
        refuses: true,
      });
      expect(result).toMatchObject(wholly(300, 30));
    },
  );

  it('takes mailboxes beyond ASCII, and without SMTPUTF8 those are skipped', async () => {
    const parts = { messages: 100, international: true, stored: store.stored };
    const all = await send({ what: 'Postfix, every 10th beyond ASCII', url: server.url('plain'), ...parts });
    expect(all).toMatchObject(wholly(100));
    const ascii = await send({ what: 'Postfix, without SMTPUTF8', url: server.url('no-utf8'), ...parts });
    expect(ascii).toMatchObject({ sent: 90, skipped: 10, unknown: 0, remaining: 0, stored: 90, twice: 0 });
  });
});
