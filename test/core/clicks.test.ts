import { simpleParser } from 'mailparser';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { type RunningSmtpServer, startSmtpServer } from '../support/smtp-server.ts';

/** What people count of their readers, only when asked, and of people only. */

const PUBLIC_URL = 'https://tidings.example.com';
const KEY = 'k'.repeat(20);
const BROWSER = {
  'user-agent':
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1',
};

let folder: string;
let relay: RunningSmtpServer;
let core: Awaited<ReturnType<typeof openCore>>;
let app: ReturnType<typeof createHttpApp>;
let audience_id: string;

async function open(publicUrl: string | null) {
  const env: Record<string, string> =
    publicUrl === null ? {} : { PUBLIC_URL: publicUrl, TIDINGS_API_KEY: KEY };
  core = await openCore(undefined, folder, undefined, undefined, {
    env: { SMTP_URL: `${relay.url}?tls=off`, EMAIL_FROM: 'Shop <news@example.com>', ...env },
  });
  core.dispatcher.start();
  const { tidings } = core;
  app = createHttpApp({
    tidings,
    version: '0',
    host: '127.0.0.1',
    port: () => 3000,
    apiKey: KEY,
    publicUrl,
    log: quiet,
  });
  await core.call('leads.import', { leads: [{ name: 'Ana', email: 'ana@example.org' }] });
  audience_id = (await core.call('audience.create', { name: 'All' })).audience_id;
}

beforeEach(async () => {
  folder = freshFolder();
  relay = await startSmtpServer();
});

afterEach(async () => {
  await core.close();
  await relay.stop();
  removeFolder(folder);
});

const send = (more: object = {}) =>
  core.call('sendBulkMessages', {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: '<p>Hello <a href="https://shop.example/a?b=1&amp;c=2">look</a></p>',
    tracking: ['clicks'],
    ...more,
  });

/** The path of the link in the newest message. */
async function pathOfLink(): Promise<string> {
  const { html } = await simpleParser(relay.messages.at(-1)!.raw);
  return /href="https:\/\/tidings\.example\.com(\/c\/[^"]+)"/.exec(html as string)![1]!;
}
const clicked = async (send_id: string) => {
  const { events } = await core.call('events.list', { send_id });
  const { total_clicked = 0 } = await core.call('sends.get', { send_id });
  return { total_clicked, codes: events.map(({ code }: { code: string | null }) => code) };
};

it('whoever follows a link arrives, and is counted once; what scans mail is written down as that', async () => {
  await open(PUBLIC_URL);
  const { send_id, total_sent } = await send();
  expect(total_sent).toBe(1);
  const path = await pathOfLink();
  const follow = (method: string, headers: Record<string, string>) => app.request(path, { method, headers });
  const early = await follow('GET', BROWSER);
  expect([early.status, early.headers.get('location')]).toEqual([302, 'https://shop.example/a?b=1&c=2']);
  expect((await follow('HEAD', BROWSER)).status).toBe(302);
  expect((await follow('POST', BROWSER)).status).toBe(405);
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
  await follow('HEAD', BROWSER);
  await follow('GET', { 'user-agent': 'Barracuda Sentinel (EE)' });
  await follow('GET', { ...BROWSER, 'sec-purpose': 'prefetch' });
  await follow('GET', {});
  await vi.waitFor(async () =>
    expect(await clicked(send_id)).toEqual({ total_clicked: 0, codes: ['machine'] }),
  );
  for (let times = 0; times < 3; times++) await follow('GET', BROWSER);
  await vi.waitFor(async () => expect((await clicked(send_id)).total_clicked).toBe(1));
  expect((await clicked(send_id)).codes.sort()).toEqual(['machine', null]);
  vi.restoreAllMocks();
});

it('a link that nobody here made leads nowhere', async () => {
  await open(PUBLIC_URL);
  const { send_id } = await send();
  const path = await pathOfLink();
  const evil = Buffer.from('https://evil.example/').toString('base64url');
  for (const changed of [path.replace(/[^/]+$/, evil), `/c/${evil}`, '/c/', '/c/https://evil.example/']) {
    const answer = await app.request(changed, { headers: BROWSER });
    expect([changed, answer.headers.get('location')]).toEqual([changed, null]);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  }
  expect((await clicked(send_id)).codes).toEqual([]);
});

it('nothing is counted unless it is asked for, and it needs an address that readers can come to', async () => {
  await open(PUBLIC_URL);
  await send({ tracking: undefined, campaign: 'plain' });
  expect(relay.messages[0]!.raw).not.toContain('/c/');
  // The same words are a repeat, whether they count or not.
  expect(await send()).toMatchObject({ success: false, code: 'repeat' });
  await expect(send({ message: 'Plain https://shop.example/', campaign: 'b' })).rejects.toThrow('HTML only');
  await core.close();
  await open(null);
  await expect(send({ campaign: 'c' })).rejects.toThrow('PUBLIC_URL is no https');
});
