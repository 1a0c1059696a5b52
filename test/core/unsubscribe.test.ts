import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import { readDeliverySecret } from '../../src/providers/email/delivery-secret.ts';
import { DeliveryTokens } from '../../src/providers/email/delivery-token.ts';
import { freshFolder, openCore, quiet, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const ONE_CLICK = 'List-Unsubscribe=One-Click';

let folder: string;
let sender: FakeSender;
let core: Awaited<ReturnType<typeof openCore>>;
let tokens: DeliveryTokens;
let app: ReturnType<typeof createHttpApp>;
let sends = 0;

beforeEach(async () => {
  folder = freshFolder();
  sender = new FakeSender('email');
  core = await openCore([sender], folder);
  tokens = new DeliveryTokens(await readDeliverySecret(core.ledger), 'unsubscribe');
  app = appWith({});
  core.dispatcher.start();
});

afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

function appWith({ apiKey = null, publicUrl = null }: { apiKey?: string | null; publicUrl?: string | null }) {
  const { tidings } = core;
  return createHttpApp({
    tidings,
    version: '0',
    host: '127.0.0.1',
    port: () => 3000,
    apiKey,
    publicUrl,
    log: quiet,
  });
}

/** Sends to these, and tells the link that each message has. */
async function sendTo(...leads: { email: string; phone?: string }[]): Promise<Record<string, string>> {
  if (leads.length > 0)
    await core.call('leads.import', { leads: leads.map((lead) => ({ name: 'A', ...lead })) });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  sends += 1;
  await core.call('sendBulkMessages', {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: `Hello, number ${sends}`,
    allow_repeat: true,
  });
  return Object.fromEntries(
    sender.accepted.map(({ contact, attemptId }) => [contact, `/u/${tokens.of(attemptId)}`]),
  );
}

async function linkOfAna(): Promise<string> {
  return (await sendTo({ email: 'ana@example.com', phone: '+525512345678' }))['ana@example.com']!;
}

const post = (path: string, body: string | FormData = ONE_CLICK, headers: Record<string, string> = FORM) =>
  app.request(path, { method: 'POST', body, headers });

async function suppressed(): Promise<Record<string, string>> {
  const { suppressions } = await core.call('suppressions.list', {});
  return Object.fromEntries(
    suppressions.map((one: { contact: string; reason: string }) => [one.contact, one.reason]),
  );
}

describe('a POST to the link unsubscribes', () => {
  const multipart = new FormData();
  multipart.append('List-Unsubscribe', 'One-Click');

  test.each([
    ['a form', ONE_CLICK, FORM],
    ['a form of parts', multipart, {}],
    ['a program that calls itself a bot', ONE_CLICK, { ...FORM, 'user-agent': 'GoogleBot-like/1.0' }],
    ['no body', '', {}],
    ['JSON', '{"a":', { 'content-type': 'application/json' }],
    ['a body of no kind', '\0\xff%', { 'content-type': 'nonsense' }],
    ['a broken form of parts', '--x', { 'content-type': 'multipart/form-data; boundary=y' }],
    ['far too long a body', 'x'.repeat(5_000_000), FORM],
    ['another site, as browsers say', ONE_CLICK, { ...FORM, origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['a proxy', ONE_CLICK, { ...FORM, 'x-forwarded-for': '192.0.2.1', via: '1.1 proxy' }],
  ] satisfies [string, string | FormData, Record<string, string>][])('by %s', async (_, body, headers) => {
    const link = await linkOfAna();
    const response = await post(link, body, headers);
    expect(response.status).toBe(200);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(await suppressed()).toEqual({ 'ana@example.com': 'unsubscribed' });
  });

  it('without the API key, at whatever name the server was reached', async () => {
    const link = await linkOfAna();
    app = appWith({ apiKey: 'a'.repeat(20), publicUrl: 'https://tidings.example/mail/' });
    const headers = { ...FORM, host: 'elsewhere.example' };
    const response = await post(link, ONE_CLICK, headers);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(`action="/mail${link}/undo"`);
    expect(await suppressed()).toEqual({ 'ana@example.com': 'unsubscribed' });
  });

  it('at a link that a mail program wrote in capitals or with a slash behind it', async () => {
    const link = await linkOfAna();
    expect((await post(`${link}/`)).status).toBe(200);
    expect(await suppressed()).toHaveProperty('ana@example.com');
    await post(`${link}/undo`);
    await post(link.toUpperCase().replace('/U/', '/u/'));
    expect(await suppressed()).toHaveProperty('ana@example.com');
  });

  it('once, however often, with the same answer; the message is named beside it', async () => {
    const link = await linkOfAna();
    const first = await (await post(link)).text();
    expect(await (await post(link)).text()).toBe(first);
    const { sends: list } = await core.call('sends.list', {});
    const { leads } = await core.call('leads.list', {});
    const lead = await core.call('leads.get', { lead_id: leads[0].id });
    expect(lead.suppressions).toEqual([
      expect.objectContaining({
        reason: 'unsubscribed',
        source: `the link of message 1 of send ${list[0].send_id}`,
      }),
    ]);
  });

  it('says the same of a token that nobody made, and does nothing', async () => {
    const link = await linkOfAna();
    const token = link.slice(3);
    const other = new DeliveryTokens(await readDeliverySecret(core.ledger), 'bounce address');
    const changed = `${token.slice(0, 30)}${token[30] === 'a' ? 'b' : 'a'}${token.slice(31)}`;
    const real = (await (await post(link)).text()).replaceAll(token, 'T');
    await post(`${link}/undo`);
    const bounce = other.of(sender.accepted[0]!.attemptId);
    for (const wrong of [changed, bounce, 'x', '%22%3E%3Cb%3E', 'a'.repeat(52), 'é']) {
      const response = await post(`/u/${wrong}`);
      expect(response.status).toBe(200);
      const html = await response.text();
      expect(html.replace(/action="[^"]*"/, '')).toBe(real.replace(/action="[^"]*"/, ''));
    }
    expect(await suppressed()).toEqual({});
  });

  it('is honoured by whoever is claimed next', async () => {
    sender = new FakeSender('email', 2);
    await core.close();
    core = await openCore([sender], folder);
    app = appWith({});
    const earlier = await sendToLater('a@example.com', 'b@example.com', 'z@example.com');
    expect(earlier).toEqual(['a@example.com', 'b@example.com']);
  });

  /** While the first window is on its way, the last of them leaves by a link of an earlier send. */
  async function sendToLater(...emails: string[]): Promise<string[]> {
    core.dispatcher.start();
    const links = await sendTo(...emails.map((email) => ({ email })));
    sender.accepted.length = 0;
    let left: Promise<unknown> | undefined;
    sender.answer = async () => {
      left ??= Promise.resolve(post(links[emails.at(-1)!]!));
      await left;
      return undefined;
    };
    await sendTo();
    return sender.accepted.map(({ contact }) => contact);
  }
});

describe('what is told beside the send', () => {
  const totals = async () => {
    const [send] = (await core.call('sends.list', {})).sends;
    return (await core.call('sends.get', { send_id: send.send_id })).total_unsubscribed;
  };

  it('is how many left by it, each once, also after an undo', async () => {
    const links = await sendTo({ email: 'ana@example.com' }, { email: 'bo@example.com' });
    for (let at = 0; at < 3; at++) await post(links['ana@example.com']!);
    await vi.waitFor(async () => expect(await totals()).toBe(1), 5_000);
    await post(links['bo@example.com']!);
    await post(`${links['bo@example.com']}/undo`);
    expect(await suppressed()).toEqual({ 'ana@example.com': 'unsubscribed' });
    await vi.waitFor(async () => expect(await totals()).toBe(2), 5_000);
    expect(await suppressed()).toEqual({ 'ana@example.com': 'unsubscribed' });
  });

  it('is forgotten after an undo: the next message leaves', async () => {
    const links = await sendTo({ email: 'ana@example.com' }, { email: 'bo@example.com' });
    await post(links['bo@example.com']!);
    await vi.waitFor(async () => expect(await totals()).toBe(1), 5_000);
    await post(`${links['bo@example.com']}/undo`);
    sender.accepted.length = 0;
    await sendTo();
    expect(sender.accepted.map(({ contact }) => contact)).toEqual(['ana@example.com', 'bo@example.com']);
  });
});

describe('nothing else changes anything', () => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'])('%s', async (method) => {
    const link = await linkOfAna();
    for (const path of [link, `${link}/undo`]) {
      const response = await app.request(path, { method, headers: { purpose: 'prefetch' } });
      expect(response.status).toBe({ GET: 200, HEAD: 200, OPTIONS: 204 }[method] ?? 405);
    }
    expect(await suppressed()).toEqual({});
    await post(link);
    await app.request(`${link}/undo`, { method });
    expect(await suppressed()).toHaveProperty('ana@example.com');
  });
});

describe('the page', () => {
  it('asks with one button, shows whose address it is, and fetches nothing from anywhere', async () => {
    const link = await linkOfAna();
    const response = await app.request(link);
    const html = await response.text();
    expect(html).toContain('Stop emails from Shop to a•••@example.com?');
    expect(html).not.toContain('ana@');
    expect(html.match(/<button/g)).toHaveLength(1);
    expect(html).toContain(`<form method="post" action="${link}">`);
    expect(html).not.toMatch(/<script|https?:|src=|@import|url\(/);
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none';.*form-action 'self'/,
    );
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-robots-tag': 'noindex, nofollow',
    });
  });

  test.each([
    ['es-MX,es;q=0.9,en;q=0.8', 'es', 'Cancelar la suscripción'],
    ['pt-BR', 'pt', 'Cancelar inscrição'],
    ['fr;q=0.5, nl, en;q=0.4', 'fr', 'Se désabonner'],
    ['de-AT', 'de', 'Abmelden'],
    ['ja, __proto__, constructor', 'en', 'Unsubscribe'],
    ['de;q=0, en;q=zero', 'en', 'Unsubscribe'],
    ['', 'en', 'Unsubscribe'],
  ])('for %j is in %s', async (accept, language, button) => {
    const link = await linkOfAna();
    const response = await app.request(link, { headers: { 'accept-language': accept } });
    const html = await response.text();
    expect(html).toContain(`<html lang="${language}">`);
    expect(html).toContain(`>${button}</button>`);
  });

  it('offers to leave every channel where there is another one', async () => {
    const links = await sendTo(
      { email: 'ana@example.com', phone: '+525512345678' },
      { email: 'bo@example.com' },
    );
    const page = async (email: string) => (await app.request(links[email]!)).text();
    expect(await page('bo@example.com')).not.toContain('checkbox');
    expect(await page('ana@example.com')).toContain('type="checkbox" name="everywhere" value="yes"');
    await post(links['ana@example.com']!, 'everywhere=yes');
    expect(Object.values(await suppressed())).toEqual(['unsubscribed', 'unsubscribed']);
    expect(Object.keys(await suppressed()).toSorted()).toEqual(['+525512345678', 'ana@example.com']);
    await post(`${links['ana@example.com']}/undo`);
    expect(await suppressed()).toEqual({});
  });
});

describe('undo takes back what the link did', () => {
  it('and tells so; a second time there is nothing to undo', async () => {
    const link = await linkOfAna();
    await post(link);
    expect(await (await post(`${link}/undo`)).text()).toContain('It is undone.');
    expect(await suppressed()).toEqual({});
    expect(await (await post(`${link}/undo`)).text()).toContain('Nothing was changed.');
  });

  it('and never what another message, the person or a file said', async () => {
    const link = await linkOfAna();
    const undo = () => post(`${link}/undo`);
    const ana = { channel: 'email', contact: 'ana@example.com' };
    const lift = () => core.call('suppressions.remove', ana, { caller: { door: 'cli' } });
    await core.call('suppressions.add', { ...ana, reason: 'bounced' });
    await post(link);
    expect(await suppressed()).toEqual({ 'ana@example.com': 'unsubscribed' });
    await undo();
    expect(await suppressed(), 'a bounce holds again').toEqual({ 'ana@example.com': 'bounced' });
    await post(link);
    await core.call('suppressions.add', { ...ana, reason: 'complained' });
    await undo();
    expect(await suppressed(), 'a complaint stays').toEqual({ 'ana@example.com': 'complained' });
    await lift();
    await core.call('suppressions.add', {
      ...ana,
      reason: 'unsubscribed',
    });
    await post(link);
    await undo();
    expect(await suppressed(), 'said before in another way').toHaveProperty('ana@example.com');
  });

  it('beside an import: the file is heard for as long as it says no', async () => {
    const link = await linkOfAna();
    await core.call('suppressions.import', { csv: 'email,reason\nana@example.com,unsubscribed\n' });
    await post(link);
    await post(`${link}/undo`);
    expect(await suppressed()).toEqual({ 'ana@example.com': 'unsubscribed' });
    const { imports } = await core.call('imports.list', {});
    await core.call('imports.undo', { import_id: imports[0].import_id });
    expect(await suppressed()).toEqual({});
  });
});
