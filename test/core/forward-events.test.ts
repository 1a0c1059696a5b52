import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { providerEvent } from '../support/provider-event.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
type Core = Awaited<ReturnType<typeof openCore>>;

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let folder: string;
let core: Core;
const opened: Core[] = [];
let got: Got[];
let status: number;
const receiver = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => {
    got.push({ headers: request.headers, body });
    response.writeHead(status, { location: '/elsewhere' }).end();
  });
});

async function open(): Promise<Core> {
  if (!receiver.listening) await once(receiver.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/events`;
  const env = { EVENTS_FORWARD_URL: url, EVENTS_FORWARD_SECRET: SECRET };
  const one = await openCore([new FakeSender('whatsapp')], folder, undefined, undefined, { env });
  opened.push(one);
  return one;
}

beforeEach(async () => {
  folder = freshFolder();
  got = [];
  status = 200;
  core = await open();
  // What came in before anybody listened is not brought.
  await vi.waitFor(async () =>
    expect(
      await core.ledger.get("SELECT 1 AS found FROM marks WHERE name = 'events_forwarded'"),
    ).toBeDefined(),
  );
});

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await new Promise((resolve) => receiver.close(resolve));
  removeFolder(folder);
});

const reply = (key: string, of = core) =>
  of.webhooks.take([
    providerEvent({ key, type: 'replied', contact: '+5255123456', code: 'text', detail: { text: key } }),
  ]);

function texts(): string[] {
  return got.flatMap(({ body }) => JSON.parse(body).data.events.map(({ text }: { text: string }) => text));
}

it('events are brought as they came, signed as Standard Webhooks says', async () => {
  await reply('one');
  await vi.waitFor(() => expect(texts()).toEqual(['one']), 20_000);
  const [{ headers, body }] = got as [Got];
  const id = headers['webhook-id'] as string;
  const timestamp = headers['webhook-timestamp'] as string;
  const key = Buffer.alloc(32, 7);
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  expect(headers['webhook-signature']).toBe(`v1,${expected}`);
  expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(10);
  expect(JSON.parse(body)).toMatchObject({
    type: 'events',
    data: { events: [{ type: 'replied', text: 'one' }] },
  });
});

it.each([500, 302, 404])(
  'what is answered with %i is brought again, in order, and keeps nobody waiting',
  async (wrong) => {
    status = wrong;
    await reply('one');
    await vi.waitFor(() => expect(got.length).toBeGreaterThan(0), 20_000);
    await reply('two');
    await vi.waitFor(async () => expect(await anyUnfolded(core.ledger)).toBe(false), 20_000);
    status = 200;
    got = [];
    await vi.waitFor(() => expect(texts()).toEqual(['one', 'two']), 20_000);
  },
);

it('several processes bring each event once', async () => {
  const other = await open();
  for (let at = 0; at < 20; at++) await reply(`r${at}`, at % 2 ? core : other);
  const all = Array.from({ length: 20 }, (_, at) => `r${at}`);
  await vi.waitFor(() => expect(texts().toSorted()).toEqual(all.toSorted()), 20_000);
});

it('goes on after a restart where it was', async () => {
  await reply('one');
  await vi.waitFor(() => expect(texts()).toEqual(['one']), 20_000);
  await core.close();
  opened.length = 0;
  core = await open();
  await reply('two');
  await vi.waitFor(() => expect(texts()).toEqual(['one', 'two']), 20_000);
});
