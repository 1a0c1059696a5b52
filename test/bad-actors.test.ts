import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ParsedMail, simpleParser } from 'mailparser';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../src/config.ts';
import { createHttpApp } from '../src/http/app.ts';
import { startHttpServer } from '../src/http/server.ts';
import { openTidings } from '../src/open-tidings.ts';
import { startCloudApi } from './support/cloud-api-server.ts';
import { freshFolder, quiet, removeFolder } from './support/core.ts';
import { databaseEnv } from './support/database.ts';
import { startSmtpServer } from './support/smtp-server.ts';

let folder: string;
const closing: (() => unknown)[] = [];

beforeEach(() => {
  folder = freshFolder();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  removeFolder(folder);
});

type Answer = { [field: string]: unknown } & { error: string; code: string };

/** The whole house behind its HTTP door, without a socket. */
async function house(env: Record<string, string> = {}) {
  const tidings = await openTidings(readConfig({ ...databaseEnv(folder), ...env }), quiet);
  closing.push(() => tidings.close());
  tidings.dispatcher.start();
  const about = { version: '0', host: '127.0.0.1', port: () => 3000, apiKey: null, publicUrl: null };
  const app = createHttpApp({ tidings, log: quiet, ...about });
  const request = (path: string, init: RequestInit = {}) =>
    app.request(path, { ...init, headers: { host: 'localhost:3000', ...init.headers } });
  /** POST of JSON, or of text that pretends to be JSON. */
  async function post(path: string, body: object | string): Promise<Answer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const headers = { 'content-type': 'application/json' };
    return (await (await request(path, { method: 'POST', body: text, headers })).json()) as Answer;
  }
  const get = async (path: string) => (await (await request(path)).json()) as Answer;
  async function send(message: string, more: object = {}) {
    const { audience_id } = await post('/api/audiences', { name: 'All' });
    return post('/api/sends', { audience_id, channel: 'email', subject: 'Hi', message, ...more });
  }
  return { tidings, request, post, get, send };
}

describe('a message that is made to do harm', () => {
  it.each([
    ['a loop', '{% for i in (1..1000000) %}x{% endfor %}', 'not supported'],
    ['a thousand and one fields', '{{lead.notes}}'.repeat(1_001), 'more than 1000 merge fields'],
    ['endless filters', `{{ lead.name ${'| upcase '.repeat(100_000)}}}`, 'more than 10 filters'],
    ['an endless path', `{{ lead.${'a.'.repeat(500_000)}b }}`, 'more than 20 names'],
    ['fields in fields', '{{'.repeat(900_000), 'never closed'],
    ['300,000 elements in each other', '<div>'.repeat(300_000), 'more than 500 elements'],
    ['the same without end tags that are needed', '<p><li>'.repeat(200_000), 'more than 500 elements'],
    ['a file rather than a message', 'x'.repeat(2_000_001), 'at most 2,000,000 characters are taken'],
  ])('by %s is refused at once', async (_, message, words) => {
    const { post, send } = await house();
    await post('/api/leads', { name: 'Ana', email: 'ana@example.com' });
    const startedAt = performance.now();
    const { error } = await send(message);
    expect(error).toContain(words);
    expect(error.length).toBeLessThan(400);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('by the values of one lead skips that lead; the others get it', async () => {
    const { post, get, send } = await house();
    await post('/api/leads', { name: 'Ana', email: 'ana@example.com', notes: 'x'.repeat(20_000) });
    await post('/api/leads', { name: 'Bo', email: 'bo@example.com', notes: 'short' });
    const result = await send('{{lead.notes}} '.repeat(1_000));
    expect(result).toMatchObject({ total_sent: 1, total_skipped: 1, state: 'completed' });
    const { deliveries } = await get(`/api/sends/${result['send_id']}/deliveries?status=skipped`);
    expect(deliveries).toMatchObject([{ contact: 'ana@example.com', error_code: 'values_too_long' }]);
  });
});

describe('a lead whose fields are made to do harm', () => {
  async function mailTo(
    lead: object,
    message: string,
    subject: string,
  ): Promise<ParsedMail & { to_: string[] }> {
    const smtp = await startSmtpServer();
    closing.push(() => smtp.stop());
    const { post, send } = await house({
      SMTP_URL: `${smtp.url}?tls=off`,
      EMAIL_FROM: 'Shop <a@shop.example>',
    });
    await post('/api/leads', { email: 'ana@example.com', ...lead });
    expect(await send(message, { subject })).toMatchObject({ total_sent: 1 });
    expect(smtp.messages.length).toBe(1);
    return { ...(await simpleParser(smtp.messages[0]!.raw)), to_: [...smtp.messages[0]!.to] };
  }

  it('cannot bring elements into an HTML message', async () => {
    const name = `<script>alert(1)</script>`;
    const metadata = { link: `"><img src=x onerror='alert(1)'>` };
    const message = '<p>Hi {{lead.name}}, <a href="https://shop.example/{{lead.metadata.link}}">look</a></p>';
    const mail = await mailTo({ name, metadata }, message, 'Hi');
    expect((mail.html as string).trim()).toBe(
      '<p>Hi &lt;script&gt;alert(1)&lt;/script&gt;, <a href="https://shop.example/%22%3E%3Cimg%20src=x%20onerror=&#39;alert(1)&#39;%3E">look</a></p>',
    );
    expect(mail.text).toContain('Hi <script>alert(1)</script>');
  });

  it('cannot bring a header, a recipient or a second message', async () => {
    const name = 'Ana\r\nBcc: victim@example.com\r\n\r\n.\r\nMAIL FROM:<x@evil.example>\r\n';
    const mail = await mailTo({ name }, 'Hi {{lead.name}}', 'For {{lead.name}}');
    expect(mail.to_).toEqual(['ana@example.com']);
    expect(mail.headers.has('bcc')).toBe(false);
    expect(mail.subject).toBe('For Ana Bcc: victim@example.com . MAIL FROM:<x@evil.example>');
    expect(mail.text).toContain('\n.\nMAIL FROM:<x@evil.example>');
  });

  it.each([
    'ana@example.com>\r\nRCPT TO:<victim@example.com',
    'ana@example.com, victim@example.com',
    '<ana@example.com> SIZE=1',
    '"ana\r\n.\r\n"@example.com',
  ])('cannot bring a command by its address: %j', async (email) => {
    const smtp = await startSmtpServer();
    closing.push(() => smtp.stop());
    const { post, send } = await house({ SMTP_URL: `${smtp.url}?tls=off`, EMAIL_FROM: 'a@shop.example' });
    await post('/api/leads', { name: 'Ana', email });
    await post('/api/leads', { name: 'Bo', email: 'bo@example.com' });
    expect(await send('Hi')).toMatchObject({ total_sent: 1, total_skipped: 1 });
    expect(smtp.messages.map((one) => one.to)).toEqual([['bo@example.com']]);
  });
});

describe('a caller who means harm', () => {
  const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

  it.each([1_000, 100_000, 1_900_000])('is refused JSON that is %d levels deep', async (levels) => {
    const { post } = await house();
    const arguments_ = `{"name":"x","metadata":{"a":${deep(levels)}}}`;
    const told = { code: 'invalid_argument', error: 'The arguments are nested deeper than 100 levels.' };
    expect(await post('/api/leads', arguments_)).toMatchObject(told);
    const call = `{"method":"tools/call","params":{"name":"leads","arguments":{"action":"create","metadata":{"a":${deep(levels)}}}}}`;
    expect(await post('/mcp', call)).toMatchObject({ result: { isError: true, structuredContent: told } });
  });

  it('cannot reach the prototype of anything', async () => {
    const { post, get } = await house();
    expect(await post('/api/leads', '{"name":"x","__proto__":{"admin":true}}')).toMatchObject({
      error: 'unknown argument "__proto__"',
    });
    await post('/api/leads', '{"name":"x","metadata":{"__proto__":{"admin":true},"constructor":{"a":1}}}');
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    const { leads } = (await get('/api/leads')) as unknown as { leads: { metadata: object }[] };
    expect((leads[0]!.metadata as { admin?: boolean }).admin).toBeUndefined();
  });

  it('cannot fill the memory by one lead', async () => {
    const { post } = await house();
    expect(await post('/api/leads', { name: 'x', metadata: { a: 'x'.repeat(100_001) } })).toMatchObject({
      code: 'invalid_argument',
      error: expect.stringContaining('at most 100000 characters'),
    });
  });

  it.each(["' OR 1=1 --", '%', '_', '\\', '"; DROP TABLE leads; --'])(
    'finds nobody by %j, which is text like any other',
    async (text) => {
      const { post, get } = await house();
      await post('/api/leads', { name: 'Ana', email: 'ana@example.com', origin: 'fair' });
      const asked = encodeURIComponent(text);
      expect(await get(`/api/leads?search=${asked}`)).toMatchObject({ leads: [], total_count: 0 });
      expect(await get(`/api/leads?origin=${asked}`)).toMatchObject({ leads: [], total_count: 0 });
      expect(await get(`/api/leads?cursor=${asked}`)).toMatchObject({ code: 'invalid_argument' });
      expect(await get('/api/leads')).toMatchObject({ total_count: 1 });
    },
  );

  it.each(['name', 'email', 'notes'])('cannot store a NUL in %s', async (field) => {
    const { post, get } = await house();
    expect(await post('/api/leads', { name: 'Ana', [field]: 'a\0b' })).toMatchObject({
      error: expect.stringContaining('NUL'),
    });
    expect(await get(`/api/leads?search=%00`)).toMatchObject({ code: 'invalid_argument' });
    expect(await get('/api/leads')).toMatchObject({ total_count: 0 });
  });

  it('reaches no file of this machine', async () => {
    const { request, post } = await house();
    const form = new FormData();
    form.append('file', new File(['name,email\nAna,ana@example.com\n'], '../../../escaped.csv'));
    const imported = await request('/api/leads/import', { method: 'POST', body: form });
    expect(await imported.json()).toMatchObject({ created: 1 });
    expect(readdirSync(folder).filter((name) => !name.startsWith('tidings.db'))).toEqual([]);
    expect(existsSync(join(folder, '../../../escaped.csv'))).toBe(false);
    expect(await post('/api/leads/import', { file: '/etc/passwd' })).toMatchObject({
      error: expect.stringContaining('unknown argument "file"'),
    });
    for (const path of ['/../../etc/passwd', '/..%2f..%2fetc/passwd', '/api/leads/..%2f..%2fetc%2fpasswd']) {
      const response = await request(path);
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(await response.text()).not.toContain('root:');
    }
  });

  it('who sends slowly keeps nobody else waiting, and is told', async () => {
    const tidings = await openTidings(readConfig({ ...databaseEnv(folder) }), quiet);
    closing.push(() => tidings.close());
    const server = await startHttpServer({
      tidings,
      version: '0',
      log: quiet,
      host: '127.0.0.1',
      port: 0,
      apiKey: null,
      publicUrl: null,
    });
    closing.push(() => server.close());
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const shortened = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(500));
    closing.push(() => shortened.mockRestore());
    const half = `POST /api/leads HTTP/1.1\r\nHost: localhost:${server.port}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n`;
    let told = 0;
    for (let at = 0; at < 200; at++) {
      const socket = connect(server.port, '127.0.0.1').on('error', () => {});
      socket.on('data', (chunk) => {
        if (String(chunk).includes('did not arrive in time')) told += 1;
      });
      socket.write(at % 2 ? half : `${half}\r\n{"na`);
      closing.push(() => socket.destroy());
    }
    await sleep(100);
    const startedAt = performance.now();
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    while (told < 100) await sleep(20);
  }, 20_000);

  it.each(['', 'correct hors', 'correct horse!', 'Correct horse', 'ü', 'x'.repeat(10_000)])(
    'is not let in by the key %j',
    async (key) => {
      const tidings = await openTidings(readConfig({ ...databaseEnv(folder) }), quiet);
      closing.push(() => tidings.close());
      const about = { version: '0', host: '0.0.0.0', port: () => 3000, publicUrl: null };
      const app = createHttpApp({ tidings, log: quiet, apiKey: 'correct horse', ...about });
      const bytes = Buffer.from(key, 'utf8').toString('latin1');
      for (const headers of [{ 'x-api-key': bytes }, { authorization: `Bearer ${bytes}` }]) {
        expect((await app.request('/api/leads', { headers })).status).toBe(401);
        expect((await app.request('/mcp', { method: 'POST', headers })).status).toBe(401);
      }
      expect((await app.request('/api/leads', { headers: { 'x-api-key': 'correct horse' } })).status).toBe(
        200,
      );
    },
  );
});

describe('what is told', () => {
  const PASSWORD = 'smtp-canary-4711';
  const TOKEN = 'EAAGcanarytoken4711';
  const KEY = 'key-canary-4711-long';
  const PERSON = /canary\.person|5512345678/;

  it('names no secret in an answer, and neither a secret nor a recipient in the log', async () => {
    let isLocked = false;
    const smtp = await startSmtpServer({
      auth: { user: 'shop', pass: PASSWORD },
      onMail: () => (isLocked ? `535 5.7.8 ${PASSWORD} is locked for canary.person1@example.com` : null),
      onRcpt: (address) => (address.includes('person1@') ? `550 5.1.1 <${address}> is not here` : null),
    });
    closing.push(() => smtp.stop());
    const cloud = await startCloudApi({
      token: TOKEN,
      script: ({ to, count }) =>
        count === 1
          ? { graphError: { code: 190, message: `Bad token ${TOKEN} for ${to}` } }
          : { graphError: { code: 131_026, message: `Undeliverable to ${to}`, details: `${to} ${TOKEN}` } },
    });
    closing.push(() => cloud.stop());
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, '../src/main.ts'), 'serve', '--port', '0'],
      {
        env: {
          PATH: process.env['PATH'],
          ...databaseEnv(folder),
          TIDINGS_API_KEY: KEY,
          SMTP_URL: `${smtp.url.replace('//', `//shop:${PASSWORD}@`)}?tls=off`,
          EMAIL_FROM: 'a@shop.example',
          WHATSAPP_API_URL: cloud.url,
          WHATSAPP_PHONE_NUMBER_ID: '1234567890',
          WHATSAPP_ACCESS_TOKEN: TOKEN,
        },
      },
    );
    closing.push(() => child.kill('SIGKILL'));
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
      });
    while (!printed.includes('Tidings is ready')) await sleep(10);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)![0];
    let answers = '';
    async function ask(path: string, body?: object): Promise<Answer> {
      const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
      const init = body ? { method: 'POST', body: JSON.stringify(body) } : {};
      const text = await (await fetch(url + path, { ...init, headers })).text();
      answers += `${text}\n`;
      return JSON.parse(text) as Answer;
    }
    for (const at of [1, 2, 3]) {
      const email = `canary.person${at}@example.com`;
      await ask('/api/leads', { name: 'Person', email, phone: `+52155123456${70 + at}` });
    }
    const { audience_id } = await ask('/api/audiences', { name: 'All' });
    const send = { audience_id, subject: 'Hi', message: 'Hi {{lead.name}}' };
    const emails = await ask('/api/sends', { ...send, channel: 'email' });
    expect(emails).toMatchObject({ total_sent: 2, total_failed: 1 });
    isLocked = true;
    const again = { ...send, channel: 'email', campaign: 'b', allow_repeat: true };
    expect(await ask('/api/sends', again)).toMatchObject({ state: 'paused' });
    expect(await ask('/api/sends', { ...send, channel: 'whatsapp' })).toMatchObject({ state: 'paused' });
    const texts = await ask('/api/sends', { ...send, channel: 'whatsapp' });
    expect(texts).toMatchObject({ total_failed: 3 });
    for (const { send_id } of [emails, texts]) {
      const { top_errors } = await ask(`/api/sends/${send_id}`);
      expect(top_errors).not.toEqual([]);
      expect(JSON.stringify(top_errors)).not.toMatch(PERSON);
      await ask(`/api/sends/${send_id}/deliveries`);
    }
    await ask('/api/leads?limit=many');
    await ask('/api/sends', { ...send, channel: 'pigeon' });
    await ask('/mcp', { method: 'tools/call', params: { name: 'leads', arguments: { action: 'list' } } });
    await ask('/health');
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(printed).toContain('stopped; nothing is in doubt');
    for (const secret of [PASSWORD, TOKEN, KEY]) {
      expect(answers).not.toContain(secret);
      expect(printed).not.toContain(secret);
    }
    expect(printed).not.toMatch(PERSON);
  }, 30_000);
});
