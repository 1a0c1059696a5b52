import { afterEach, expect, it } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import { channelOperations } from '../../src/operations/channels.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { CALLER } from '../support/caller.ts';
import { openCore, quiet, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { startSmtpServer } from '../support/smtp-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(...parts: Parameters<typeof openCore>) {
  const core = await openCore(...parts);
  closing.push(async () => {
    await core.close();
    removeFolder(core.folder);
  });
  return core;
}

it('the ways out are listed with mode, rate and window, the usual one of each channel first', async () => {
  const core = await open([new FakeSender('email', 16, 15)]);
  const { channels } = await core.call('channels.list');
  expect(channels).toMatchObject([
    { channel: 'email', sender: 'fake:email', mode: 'live', is_usual: true, rate_per_second: 15, window: 16 },
    { channel: 'whatsapp', mode: 'sandbox', is_usual: true, rate_per_second: null },
    { channel: 'email', mode: 'sandbox', is_usual: false },
  ]);
});

it('a relay that refuses the login is told with the way on, and its secret is not', async () => {
  const relay = await startSmtpServer({ auth: { user: 'shop', pass: 'the-right-one' } });
  closing.push(() => relay.stop());
  const core = await open(undefined, undefined, undefined, undefined, {
    env: {
      SMTP_URL: `smtp://shop:the-wrong-one@localhost:${relay.port}?tls=off`,
      EMAIL_FROM: 'Shop <news@shop.invalid>',
    },
  });
  const { all_good, checks } = await core.call('channels.check', { channel: 'email' });
  expect(all_good).toBe(false);
  const relayCheck = checks.find(({ name }: { name: string }) => name === 'email');
  expect(relayCheck).toMatchObject({ channel: 'email', ok: false, fix: 'Check SMTP_URL.' });
  expect(JSON.stringify(checks)).not.toContain('the-wrong-one');
});

it('however many look, the provider is asked once, and a look that failed is not kept', async () => {
  const core = await open([]);
  let asked = 0;
  let answer!: () => void;
  const waiting = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let isBroken = true;
  const check = channelOperations({
    ledger: core.ledger,
    senders: [],
    dispatcher: core.dispatcher,
    emailFrom: null,
    async check(channel) {
      asked += 1;
      if (isBroken) throw new Error('no network');
      await waiting;
      return [{ name: channel, ok: true, isWarning: true, detail: 'fine' }];
    },
  }).find(({ name }) => name === 'channels.check')!;
  const look = () => runOperation(check, { channel: 'email' }, CALLER);
  await expect(look()).rejects.toThrow();
  isBroken = false;
  asked = 0;
  const looks = [look(), look(), look()];
  answer();
  for (const found of await Promise.all(looks))
    expect(found).toMatchObject({ all_good: true, checks: [{ name: 'email', warning: true }] });
  await look();
  expect(asked).toBe(1);
});

it('whoever waits for a provider keeps nobody from reading', async () => {
  const { tidings } = await open([]);
  const waits = () => new Promise<never>(() => {});
  const operations = tidings.operations.map((one) =>
    one.name === 'channels.check' ? { ...one, run: waits } : one,
  );
  const app = createHttpApp({
    ...{ tidings: { ...tidings, operations }, version: '0.0.0-test', host: '127.0.0.1', port: () => 3000 },
    ...{ apiKey: null, publicUrl: null, log: quiet },
  });
  for (let at = 0; at < 20; at++) void app.request('/api/channels/check');
  expect((await app.request('/api/leads')).status).toBe(200);
});

it('the rules that hold for everybody are told, and no secret is among them', async () => {
  const core = await open([], undefined, undefined, undefined, {
    confirm: 'person',
    env: { TIDINGS_API_KEY: 'a key that nobody should read', RETAIN_MESSAGES_DAYS: '30' },
  });
  const answer = await core.call('settings.get');
  expect(answer.rules).toMatchObject({
    confirm: 'person',
    retain_messages_days: 30,
    default_country: 'MX',
    read_only: false,
  });
  expect(JSON.stringify(answer)).not.toContain('nobody should read');
});
