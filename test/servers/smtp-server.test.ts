import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningSmtpServer, startSmtpServer } from '../support/smtp-server.ts';
import { idOf } from './support/store.ts';
import { send, wholly } from './support/trial.ts';

const { version } = createRequire(import.meta.url)('smtp-server/package.json') as { version: string };

const VARIANTS = {
  'as it comes': {},
  'without PIPELINING': { pipelining: false },
  STARTTLS: { tls: 'starttls' },
  'implicit TLS': { tls: 'implicit' },
} as const;

describe.each(Object.entries(VARIANTS))(`smtp-server ${version}, %s`, (words, options) => {
  let server: RunningSmtpServer;
  beforeAll(async () => {
    const onRcpt = (to: string) => (to.startsWith('no-') ? '550 5.1.1 No such user here' : null);
    server = await startSmtpServer({ ...options, onRcpt });
  });
  afterAll(() => server?.stop());

  it('takes every message once, and the others where every tenth recipient is refused', async () => {
    const stored = () =>
      server.messages.flatMap(({ to, raw }) => to.map((one) => ({ to: one, messageId: idOf(raw) })));
    const url = `${server.url}${'tls' in options ? '' : '?tls=off'}`;
    const what = `smtp-server ${version}, ${words}`;
    expect(await send({ what, url, messages: 150, stored, international: true })).toMatchObject(wholly(150));
    const refused = await send({
      what: `${what}, every 10th refused`,
      url,
      messages: 150,
      stored,
      refuses: true,
    });
    expect(refused).toMatchObject(wholly(150, 15));
  });
});
