import { afterEach, expect, it, vi } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createHttpApp } from '../src/http/app.ts';
import { openTidings } from '../src/open-tidings.ts';
import { runOperation } from '../src/operations/run-operation.ts';
import { CALLER } from './support/caller.ts';
import { freshFolder, quiet, removeFolder } from './support/core.ts';
import { startTwilio } from './support/twilio-server.ts';
import { twilioSignature } from './support/twilio-webhook.ts';

const SID = `AC${'0'.repeat(31)}1`;
const TOKEN = 'twilio-token';
const PUBLIC_URL = 'https://tidings.example.com';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it('a send over Twilio is told what became of it: an answer that was lost is proved, STOP keeps the contact from the next', async () => {
  const twilio = await startTwilio({
    accountSid: SID,
    authToken: TOKEN,
    script: (form) => (form.get('To') === 'whatsapp:+525512345003' ? { resetAfter: true } : undefined),
  });
  closing.push(() => twilio.stop());
  const folder = freshFolder();
  closing.push(() => removeFolder(folder));
  const config = readConfig({
    TIDINGS_DATA_DIR: folder,
    TIDINGS_API_KEY: 'k'.repeat(16),
    PUBLIC_URL,
    WHATSAPP_PROVIDER: 'twilio',
    TWILIO_ACCOUNT_SID: SID,
    TWILIO_AUTH_TOKEN: TOKEN,
    TWILIO_WHATSAPP_FROM: '+15550001111',
    TWILIO_API_URL: twilio.url,
    TWILIO_CONTENT_URL: twilio.url,
  });
  const tidings = await openTidings(config, quiet);
  closing.push(() => tidings.close());
  tidings.dispatcher.start();
  const app = createHttpApp({
    ...{ tidings, log: quiet, version: '0', host: '127.0.0.1', port: () => 3000 },
    ...{ apiKey: config.apiKey, publicUrl: PUBLIC_URL },
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
  const call = (name: string, input: object): Promise<any> =>
    runOperation(tidings.operations.find((one) => one.name === name)!, input, CALLER);
  const post = (path: string, form: Record<string, string>, token = TOKEN) =>
    app.request(`${PUBLIC_URL}${path}`, {
      method: 'POST',
      body: new URLSearchParams(form).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': twilioSignature(PUBLIC_URL + path, form, token),
      },
    });

  const leads = [1, 2, 3].map((at) => ({ name: `Lead ${at}`, phone: `+52551234500${at}` }));
  await call('leads.import', { leads });
  const { audience_id } = await call('audience.create', { name: 'All' });
  const bulk = {
    audience_id,
    channel: 'whatsapp',
    message: 'Hello {{lead.name}}, we have a special offer for you this week.',
  };
  const waiting = await call('sendBulkMessages', { ...bulk, max_wait_seconds: 1 });
  expect(waiting).toMatchObject({
    ...{ total_remaining: 3, mode: 'live' },
    waiting_for: [{ what: 'template_approval', leads: 3 }],
  });
  await vi.waitFor(
    () => expect(twilio.contents).toMatchObject([{ approval: { status: 'received' } }]),
    10_000,
  );
  expect(twilio.contents[0]).toMatchObject({
    types: { 'twilio/text': { body: expect.stringContaining('{{1}}') } },
  });
  twilio.contents[0]!.approval!.status = 'approved';
  await call('templates.sync', {});
  const first = await call('sendBulkMessages', bulk);
  expect(twilio.accepted.map(({ form }) => form.get('ContentVariables')).sort()).toEqual(
    [1, 2, 3].map((at) => JSON.stringify({ 1: `Lead ${at}` })),
  );
  expect(twilio.accepted[0]!.form.get('ContentSid')).toBe(twilio.contents[0]!.sid);
  expect(twilio.accepted[0]!.form.has('Body')).toBe(false);
  expect(first).toMatchObject({ total_sent: 2, total_failed: 1, total_unknown: 1, mode: 'live' });

  const say = async (at: number, MessageStatus: string, more: Record<string, string> = {}) => {
    const { form, sid } = twilio.accepted.find((one) => one.form.get('To') === `whatsapp:+52551234500${at}`)!;
    const { pathname, search } = new URL(form.get('StatusCallback')!);
    return post(pathname + search, { MessageSid: sid, MessageStatus, AccountSid: SID, ...more });
  };
  expect((await post('/webhooks/twilio', { MessageSid: 'SM9', Body: 'x' }, 'wrong')).status).toBe(401);
  expect((await say(1, 'read')).status).toBe(200);
  expect((await say(1, 'delivered')).status).toBe(200);
  expect((await say(3, 'sent')).status).toBe(200);
  const stop = await post('/webhooks/twilio', {
    ...{ MessageSid: 'SM8', From: 'whatsapp:+525512345002', WaId: '525512345002', Body: 'BAJA' },
  });
  expect([stop.status, await stop.text()]).toEqual([200, '<Response></Response>']);

  await vi.waitFor(
    async () =>
      expect(await call('sends.get', { send_id: first.send_id })).toMatchObject({
        ...{ total_sent: 3, total_failed: 0, total_unknown: 0, state: 'completed' },
        ...{ total_delivered: 1, total_read: 1 },
      }),
    10_000,
  );
  await vi.waitFor(
    async () =>
      expect((await call('suppressions.list', {})).suppressions).toMatchObject([{ reason: 'opted_out' }]),
    10_000,
  );
  expect(
    await call('sendBulkMessages', {
      ...bulk,
      message: 'This is the last day of our offer.',
      campaign: 'two',
      max_wait_seconds: 1,
    }),
  ).toMatchObject({
    total_skipped: 1,
  });
});
