import { simpleParser } from 'mailparser';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { createHttpApp } from '../../src/http/app.ts';
import { openTidings } from '../../src/open-tidings.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import type { Tidings } from '../../src/tidings.ts';
import { CALLER } from '../support/caller.ts';
import { freshFolder, quiet, removeFolder } from '../support/core.ts';
import { databaseUrlOf } from '../support/database.ts';
import { type RunningSmtpServer, startSmtpServer } from '../support/smtp-server.ts';

const PUBLIC = { PUBLIC_URL: 'https://tidings.example', TIDINGS_API_KEY: 'k'.repeat(20) };

let folder: string;
let relay: RunningSmtpServer;
let tidings: Tidings;

beforeEach(async () => {
  folder = freshFolder();
  relay = await startSmtpServer();
});

afterEach(async () => {
  await tidings.close();
  await relay.stop();
  removeFolder(folder);
});

async function open(more: object = PUBLIC): Promise<string> {
  const databaseUrl = databaseUrlOf(folder);
  const env = {
    TIDINGS_DATA_DIR: folder,
    ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }),
    SITE_NAME: 'Shop',
    SMTP_URL: `${relay.url}?tls=off`,
    EMAIL_FROM: 'Shop <news@shop.example>',
    ...more,
  };
  tidings = await openTidings(readConfig(env), quiet);
  tidings.dispatcher.start();
  await call('leads.import', {
    leads: [{ name: 'Ann', email: 'ann@example.org' }, { email: 'bo@example.org' }],
  });
  return (await call('audience.create', { name: 'All' })).audience_id;
}

// biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
function call(name: string, input: object): Promise<any> {
  return runOperation(tidings.operations.find((one) => one.name === name)!, input, CALLER);
}

function send(audience_id: string, more: object = {}) {
  const message = '<p>Hello, and goodbye</p>';
  return call('sendBulkMessages', { audience_id, channel: 'email', subject: 'Hi', message, ...more });
}

function follow(link: string, method: string) {
  const options = { tidings, version: '0', host: '0.0.0.0', port: () => 3000, log: quiet };
  const app = createHttpApp({ ...options, apiKey: PUBLIC.TIDINGS_API_KEY, publicUrl: PUBLIC.PUBLIC_URL });
  return app.request(link, { method, body: method === 'POST' ? 'List-Unsubscribe=One-Click' : null });
}

it('whoever follows the link of a real message is never sent the next one', async () => {
  const audience = await open();
  await send(audience);
  const ann = relay.messages.find(({ to }) => to[0] === 'ann@example.org')!;
  const mail = await simpleParser(ann.raw);
  const link = /^List-Unsubscribe: <(https:\/\/tidings\.example\/u\/\w+)>$/m.exec(
    ann.raw.replaceAll('\r', ''),
  )![1]!;
  expect(mail.text).toContain(link);
  expect(mail.html).toContain(`href="${link}"`);
  expect((await follow(link, 'HEAD')).status).toBe(200);
  expect((await follow(link, 'GET')).status).toBe(200);
  expect((await call('suppressions.list', {})).suppressions).toEqual([]);
  expect((await follow(link, 'POST')).status).toBe(200);
  const second = await send(audience, { campaign: 'second', message: 'Something else' });
  expect(second).toMatchObject({ total_sent: 1, total_skipped: 1 });
  expect(relay.messages.map(({ to }) => to[0]!).toSorted()).toEqual([
    'ann@example.org',
    'bo@example.org',
    'bo@example.org',
  ]);
});

it('the outbox of the sandbox shows the same lines and the same footer', async () => {
  const audience = await open();
  await send(audience);
  await send(audience, { sender: 'sandbox:email' });
  const { entries } = await call('outbox.list', {});
  const [entry] = entries;
  expect(entry.headers).toEqual({
    'List-Unsubscribe': expect.stringMatching(/^<https:\/\/tidings\.example\/u\/[a-z2-7]{52}>$/),
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    'List-Id': 'Shop <news.shop.example>',
    'Feedback-ID': `default:${audience}:bulk:shop-example`,
    'Auto-Submitted': 'auto-generated',
    Precedence: 'bulk',
  });
  const link = entry.headers['List-Unsubscribe'].slice(1, -1);
  expect(entry.text).toBe(`Hello, and goodbye\n\n---\nShop\nUnsubscribe: ${link}`);
  const live = relay.messages[0]!.raw;
  for (const name of Object.keys(entry.headers)) expect(live).toContain(`\r\n${name}: `);
  expect((await call('outbox.get', { entry_id: entry.entry_id })).headers).toEqual(entry.headers);
  const { samples } = await send(audience, { dry_run: true, campaign: 'next' });
  expect(samples[0].html).toContain('href="https://tidings.example/u/examplex');
});

it('a message that names the link is tried out without PUBLIC_URL, and refused alive', async () => {
  const audience = await open({});
  const named = { message: 'Hi. Leave: {{unsubscribe_url}}', placeholder_policy: 'skip_recipient' };
  await expect(send(audience, named)).rejects.toMatchObject({ code: 'configuration' });
  expect(relay.messages).toEqual([]);
  expect(await send(audience, { ...named, sender: 'sandbox:email' })).toMatchObject({ total_sent: 2 });
  const { entries } = await call('outbox.list', {});
  expect(entries[0].text).toMatch(/^Hi\. Leave: http:\/\/localhost:3000\/u\/[a-z2-7]{52}$/);
});

it('a message over WhatsApp has no such link', async () => {
  const audience = await open();
  const text = { channel: 'whatsapp', message: 'Leave: {{unsubscribe_url}}' };
  await expect(send(audience, text)).rejects.toMatchObject({ code: 'invalid_template' });
});
