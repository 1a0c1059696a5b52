import { simpleParser } from 'mailparser';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeOldTexts } from '../../src/person/retention.ts';
import { createSmtpSender } from '../../src/providers/email/smtp/smtp-sender.ts';
import { freshFolder, ledgerOf, openCore, removeFolder } from '../support/core.ts';
import { type RunningSmtpServer, startSmtpServer } from '../support/smtp-server.ts';

type Core = Awaited<ReturnType<typeof openCore>>;

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const PROGRAMME = { filename: 'programme.pdf', content: base64('%PDF-1.7 programme') };

let folder: string;
let relay: RunningSmtpServer;
let refusesAll: boolean;
let opened: Core[];
let audience_id: string;

async function open(): Promise<Core> {
  const sender = createSmtpSender({ url: relay.url, from: 'Shop <news@example.com>', ratePerSecond: null });
  const core = await openCore([sender], folder);
  opened.push(core);
  return core;
}

beforeEach(async () => {
  folder = freshFolder();
  opened = [];
  refusesAll = false;
  relay = await startSmtpServer({ onMessage: () => (refusesAll ? '451 4.3.0 later' : null) });
  const core = await open();
  await core.call('leads.import', {
    leads: [
      { name: 'Ana', email: 'ana@example.org' },
      { name: 'Bo', email: 'bo@example.org' },
    ],
  });
  audience_id = (await core.call('audience.create', { name: 'All' })).audience_id;
});

afterEach(async () => {
  for (const core of opened) await core.close();
  await relay.stop();
  removeFolder(folder);
});

const send = (core: Core, more: object = {}) =>
  core.call('sendBulkMessages', {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: '<p>Hello {{lead.name}}</p>',
    attachments: [PROGRAMME],
    max_wait_seconds: 20,
    ...more,
  });
const received = () => relay.messages.map(({ raw }) => raw);

it('files, pictures of the HTML and pictures written into it arrive, nested as they should be', async () => {
  const [core] = opened as [Core];
  core.dispatcher.start();
  const name = 'Übersicht für „Köln“ und das ganze lange Jahr zweitausendsechsundzwanzig 📎.txt';
  const result = await send(core, {
    message: `<p>Hello {{lead.name}} <img alt="logo" src="cid:logo"> <img alt="dot" src="data:image/png;base64,${PNG}"></p>`,
    attachments: [
      PROGRAMME,
      { filename: name, content: base64('Grüße') },
      { filename: 'logo.png', content: PNG, content_id: 'logo' },
    ],
  });
  expect(result).toMatchObject({ success: true, total_sent: 2 });
  for (const raw of received()) {
    expect(raw.split('\r\n').filter((line) => line.length > 998 || line.startsWith('.'))).toEqual([]);
    const types = [...raw.matchAll(/^Content-Type: ([\w/.+-]+)/gm)].map(([, type]) => type);
    expect(types).toEqual([
      'multipart/mixed',
      'multipart/related',
      'multipart/alternative',
      'text/plain',
      'text/html',
      'image/png',
      'image/png',
      'application/pdf',
      'text/plain',
    ]);
    const mail = await simpleParser(raw, { skipImageLinks: true });
    expect(mail.html).toContain('src="cid:logo"');
    expect(mail.html).not.toContain('data:');
    expect(mail.text).toContain('Hello');
    const files = mail.attachments.map(({ filename, content, contentDisposition, cid }) => ({
      filename,
      content: content.toString('base64'),
      contentDisposition,
      cid,
    }));
    const inline = /cid:([\w-]+@inline)/.exec(mail.html as string)![1];
    expect(files).toEqual([
      { filename: 'logo.png', content: PNG, contentDisposition: 'inline', cid: 'logo' },
      { filename: 'image-1.png', content: PNG, contentDisposition: 'inline', cid: inline },
      {
        filename: 'programme.pdf',
        content: PROGRAMME.content,
        contentDisposition: 'attachment',
        cid: undefined,
      },
      { filename: name, content: base64('Grüße'), contentDisposition: 'attachment', cid: undefined },
    ]);
  }
});

it('another process that goes on with the send sends the same octets, and they go with its text', async () => {
  const [first] = opened as [Core];
  await send(first, { max_wait_seconds: 0, message: 'Plain words' });
  await first.close();
  opened = [];
  const second = await open();
  second.dispatcher.start();
  // Attached by the same call: nothing is said twice, and nothing changed.
  const done = await send(second, { message: 'Plain words' });
  expect(done).toMatchObject({ total_sent: 2, state: 'completed' });
  expect(done.notice ?? '').not.toContain('changed');
  for (const raw of received()) {
    const mail = await simpleParser(raw);
    expect(mail.text?.trim()).toBe('Plain words');
    expect(mail.attachments[0]!.content.toString()).toBe('%PDF-1.7 programme');
  }
  const ledger = await ledgerOf(folder);
  const kept = async () =>
    (await ledger.get<{ count: number }>('SELECT count(*) AS count FROM attachments'))!.count;
  await removeOldTexts(ledger, 30, Date.now() + 29 * 86_400_000);
  expect(await kept()).toBe(1);
  await removeOldTexts(ledger, 30, Date.now() + 31 * 86_400_000);
  expect(await kept()).toBe(0);
  await ledger.close();
});

it('a file that a send still needs is not removed, however old', async () => {
  const [core] = opened as [Core];
  await send(core, { max_wait_seconds: 0 });
  const ledger = await ledgerOf(folder);
  await removeOldTexts(ledger, 1, Date.now() + 90 * 86_400_000);
  await ledger.close();
  core.dispatcher.start();
  expect(await send(core)).toMatchObject({ total_sent: 2 });
});

it('a dry run shows the files, and its token is for them alone', async () => {
  const [core] = opened as [Core];
  const seen = await send(core, {
    dry_run: true,
    message: '<p>Hi <img src="cid:other"></p>',
    attachments: [PROGRAMME, { filename: 'setup.exe', content: PNG, content_id: 'logo' }],
  });
  expect(seen.attachments).toMatchObject([
    { filename: 'programme.pdf', content_type: 'application/pdf', content_id: null, size: 18 },
    { filename: 'setup.exe', content_type: 'application/octet-stream', content_id: 'logo' },
  ]);
  const warned = seen.warnings.join(' ');
  for (const words of ['"setup.exe"', 'cid:other, and no attachment', 'content_id "logo"', 'no alt text'])
    expect(warned).toContain(words);
  const { confirm } = await send(core, { dry_run: true });
  core.dispatcher.start();
  const other = [{ ...PROGRAMME, content: base64('%PDF another') }];
  expect(await send(core, { confirm, attachments: other })).toMatchObject({
    success: false,
    code: 'changed',
  });
  expect(await send(core, { confirm })).toMatchObject({ success: true, total_sent: 2 });
  // The same words with another file are another message; the same file again is a repeat.
  expect(await send(core, { campaign: 'b' })).toMatchObject({ success: false, code: 'repeat' });
  expect(await send(core, { campaign: 'b', attachments: other })).toMatchObject({ success: true });
});

it.each([
  ['a path', { path: '/etc/passwd' }, /path/],
  ['a file URL', { url: 'file:///etc/passwd' }, /no https/],
  ['an address of this machine', { url: 'https://127.0.0.1/x' }, /private address/],
  ['neither url nor content', { filename: 'x.txt' }, /either url or content/],
  ['what is no base64', { filename: 'x.txt', content: '***' }, /not base64/],
  ['no name', { content: PNG }, /no name/],
  ['a name with a line break', { filename: 'a\r\nBcc: x', content: PNG }, /cannot be the name/],
  ['a name with a folder', { filename: '../x', content: PNG }, /cannot be the name/],
  ['a type with a line break', { filename: 'x', content: PNG, content_type: 'a/b\r\nX: y' }, /content_type/],
  ['a content_id with a bracket', { filename: 'x', content: PNG, content_id: 'a>b' }, /content_id/],
  ['nothing in it', { filename: 'x', content: '' }, /empty/],
  ['more than 10 MB', { filename: 'x', content: 'A'.repeat(13_990_000) }, /10 MB altogether/],
])('%s is refused, and nothing is kept', async (_, file, why) => {
  const [core] = opened as [Core];
  await expect(send(core, { attachments: [file] })).rejects.toThrow(why);
  expect(await core.call('sends.list')).toMatchObject({ sends: [] });
});

it('a test message brings them along, and large ones leave one at a time', async () => {
  const [core] = opened as [Core];
  const large = [{ filename: 'large.bin', content: Buffer.alloc(9_000_000, 7).toString('base64') }];
  const tested = await core.call('sends.test', {
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: 'Hello',
    attachments: large,
    to: ['me@example.org'],
  });
  expect(tested).toMatchObject({ success: true });
  expect((await simpleParser(received()[0]!)).attachments[0]!.size).toBe(9_000_000);
  refusesAll = false;
  core.dispatcher.start();
  expect(await send(core, { attachments: large })).toMatchObject({ total_sent: 2 });
  expect(received()).toHaveLength(3);
});
