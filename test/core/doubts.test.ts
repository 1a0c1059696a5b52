import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { openTidings } from '../../src/open-tidings.ts';
import { runOperation } from '../../src/operations/run-operation.ts';
import { CALLER } from '../support/caller.ts';
import { freshFolder, hurried, quiet, removeFolder } from '../support/core.ts';
import { databaseEnv } from '../support/database.ts';
import {
  API_SECRET,
  type ApiAnswer,
  type ApiName,
  type ApiRequest,
  startEmailApi,
} from '../support/email-api-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const SETTINGS = {
  postmark: { POSTMARK_SERVER_TOKEN: API_SECRET },
  mailgun: { MAILGUN_API_KEY: API_SECRET, MAILGUN_DOMAIN: 'mg.example.com' },
} as const;
const json = (value: object): ApiAnswer => ({ status: 200, body: JSON.stringify(value) });

/** How a provider finds messages by what it was asked for, among those that it took. */
const SEARCH = {
  postmark(query: URLSearchParams, accepted: readonly ApiRequest[]) {
    expect(query.get('messagestream')).toBe('broadcast');
    expect(query.get('metadata_attempt_id')).not.toBeNull();
    const found = accepted
      .map(({ body }) => JSON.parse(body))
      .filter(({ To }) => To === query.get('recipient'))
      .map(({ Metadata }) => ({ MessageID: 'pm-1', ReceivedAt: '2026-01-02T03:04:05Z', Metadata }));
    // Another message to the same person comes first.
    const other = { MessageID: 'pm-0', Metadata: { attempt_id: 'other' } };
    return json({ TotalCount: found.length + 1, Messages: [other, ...found] });
  },
  mailgun(query: URLSearchParams, accepted: readonly ApiRequest[]) {
    // Without an end of the time the direction has to be said.
    expect(query.get('ascending')).toBe('no');
    const items = accepted
      .map(({ body }) => new URLSearchParams(body))
      .filter((form) => form.get('to') === query.get('recipient'))
      .map((form) => ({
        event: 'accepted',
        timestamp: 1_767_323_045.5,
        'user-variables': { attempt_id: form.get('v:attempt_id') },
        message: { headers: { 'message-id': 'mg-1@mg.example.com' } },
      }));
    // Another send to the same person comes first.
    const other = { event: 'accepted', 'user-variables': { attempt_id: 'other' }, message: {} };
    return json({ items: [other, ...items] });
  },
};
const SEARCHES = { postmark: '/messages/outbound?', mailgun: '/v3/mg.example.com/events?' } as const;

async function house<N extends ApiName & keyof typeof SETTINGS>(
  name: N,
  toMessages: (request: ApiRequest) => ApiAnswer | undefined,
  isFound: () => boolean = () => true,
) {
  const server = await startEmailApi(name, (request) => {
    if (request.method === 'POST') return toMessages(request);
    expect(request.path.startsWith(SEARCHES[name])).toBe(true);
    const query = new URLSearchParams(request.path.split('?')[1]);
    return SEARCH[name](query, isFound() ? server.accepted : []);
  });
  const folder = freshFolder();
  const env = {
    ...databaseEnv(folder),
    EMAIL_FROM: 'Shop <news@example.com>',
    [`${name.toUpperCase()}_API_URL`]: server.url,
    TIDINGS_CONFIRM: 'off',
    ...SETTINGS[name],
  };
  const tidings = await openTidings(readConfig(env), quiet, { timing: { ...hurried(50), doubtMs: 30 } });
  closing.push(async () => {
    await tidings.dispatcher.stop(0);
    await tidings.close();
    await server.stop();
    removeFolder(folder);
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they are about
  const call = (operation: string, input: object): Promise<any> =>
    runOperation(tidings.operations.find((one) => one.name === operation)!, input, CALLER);
  const leads = ['ann', 'ben', 'cat'].map((who) => ({ email: `${who}@example.org` }));
  await call('leads.import', { leads });
  const { audience_id } = await call('audience.create', { name: 'All' });
  const text = { audience_id, channel: 'email', subject: 'S', message: 'Hi', max_wait_seconds: 0 };
  const { send_id } = await call('sendBulkMessages', text);
  const until = (wanted: object) =>
    vi.waitFor(async () => expect(await call('sends.get', { send_id })).toMatchObject(wanted), {
      timeout: 20_000,
      interval: 20,
    });
  return { server, tidings, env, call, send_id, until };
}

it('what a kill left unknown is found at the provider, and settled without a second message', async () => {
  const { server, tidings, env, call, send_id, until } = await house('postmark', () => ({
    silentAfter: true,
  }));
  const child: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, '../support/sending-process.ts')],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  closing.push(() => child.kill('SIGKILL'));
  await vi.waitFor(() => expect(server.accepted).toHaveLength(3), { timeout: 20_000, interval: 10 });
  child.kill('SIGKILL');
  await once(child, 'exit');
  tidings.dispatcher.start();
  await until({ state: 'completed', total_sent: 3, total_failed: 0, total_remaining: 0 });
  expect(server.accepted).toHaveLength(3);
  const { deliveries } = await call('sends.deliveries', { send_id });
  expect(deliveries.map((one: { send_status: string }) => one.send_status)).toEqual(['sent', 'sent', 'sent']);
});

it('a lost answer is found once the provider lists the message; one that is not listed stays unknown', async () => {
  let isListed = false;
  const { server, tidings, until } = await house(
    'mailgun',
    ({ body }) => (body.includes('ann') ? { status: 502 } : { resetAfter: true }),
    () => isListed,
  );
  tidings.dispatcher.start();
  await until({ total_unknown: 3, total_sent: 0 });
  const searches = () => server.seen.filter(({ method }) => method === 'GET').length;
  await vi.waitFor(() => expect(searches()).toBeGreaterThanOrEqual(6), 20_000);
  await until({ total_unknown: 3, total_sent: 0 });
  isListed = true;
  await until({ total_sent: 2, total_failed: 1, total_unknown: 1 });
  expect(server.accepted).toHaveLength(2);
});
