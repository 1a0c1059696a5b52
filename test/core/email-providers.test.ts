import { createHmac } from 'node:crypto';
import { afterEach, expect, it, vi } from 'vitest';
import { anyUnfolded } from '../../src/core/events/event.store.ts';
import { createApiSender } from '../../src/providers/email/api/api-sender.ts';
import { freshFolder, hurried, openCore, removeFolder } from '../support/core.ts';
import {
  API_DIALECTS,
  API_FROM,
  type ApiAnswer,
  type ApiName,
  startEmailApi,
} from '../support/email-api-server.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const SECRETS = { MAILGUN_WEBHOOK_SIGNING_KEY: 'k', BREVO_WEBHOOK_TOKEN: 'token' };

/** The house with a provider that does what `script` says to the messages of the address in it. */
async function open(name: ApiName, script: (body: string) => ApiAnswer | undefined = () => undefined) {
  const server = await startEmailApi(name, ({ body }) => script(body));
  const options = {
    from: API_FROM,
    ratePerSecond: null,
    apiUrl: server.url,
    timeoutMs: 1_000,
    askAgainMs: [5, 5],
  };
  const folder = freshFolder();
  const sender = createApiSender(API_DIALECTS[name].api(options), options);
  const core = await openCore([sender], folder, undefined, undefined, { timing: hurried(5), env: SECRETS });
  core.dispatcher.start();
  closing.push(async () => {
    await core.dispatcher.stop(0);
    await core.close();
    await server.stop();
    removeFolder(folder);
  });
  const people = ['ann', 'ben', 'cat', 'dan'].map((who) => ({ name: who, email: `${who}@example.org` }));
  await core.call('leads.import', { leads: people });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const send = (more: object = {}) =>
    core.call('sendBulkMessages', {
      audience_id,
      channel: 'email',
      subject: 'S',
      message: 'Hi {{lead.name}}',
      ...more,
    });
  const codes = async (send_id: string) => {
    const { deliveries } = await core.call('sends.deliveries', { send_id });
    return deliveries.map(
      (one: { send_status: string; error_code: string | null }) => one.error_code ?? one.send_status,
    );
  };
  const hear = async (body: string, headers: Record<string, string> = {}) => {
    const source = core.webhooks.sources.find(({ path }) => path === `email/${name}`)!;
    const url = `/webhooks/email/${name}`;
    const received = await source.receive({ method: 'POST', url, headers, rawBody: Buffer.from(body) });
    if ('refuse' in received) throw new Error(received.error);
    await core.webhooks.take(received.events);
    await vi.waitFor(async () => expect(await anyUnfolded(core.ledger)).toBe(false), 10_000);
  };
  return { core, server, send, codes, hear };
}

let tokens = 0;
const mailgunSays = (event: object) => {
  const [timestamp, token] = [String(Math.floor(Date.now() / 1_000)), `t${tokens++}`];
  const signature = createHmac('sha256', 'k')
    .update(timestamp + token)
    .digest('hex');
  return JSON.stringify({ signature: { timestamp, token, signature }, 'event-data': event });
};

it('a lost answer is unknown until the provider tells, and then it is sent', async () => {
  const { server, send, codes, hear } = await open('mailgun', (body) =>
    body.includes('to=ben') ? { resetAfter: true } : undefined,
  );
  const { send_id } = await send();
  expect(await codes(send_id)).toEqual(['sent', 'outcome_unknown', 'sent', 'sent']);
  const form = server.accepted
    .map(({ body }) => new URLSearchParams(body))
    .find((one) => one.get('to')?.startsWith('ben'))!;
  await hear(mailgunSays({ event: 'accepted', 'user-variables': { attempt_id: form.get('v:attempt_id') } }));
  expect(await codes(send_id)).toEqual(['sent', 'sent', 'sent', 'sent']);
  expect(await send()).toMatchObject({ total_sent: 4, total_failed: 0 });
  expect(server.accepted).toHaveLength(4);
});

it('a lost answer of a provider that knows repeats is not even unknown, and nobody is written to twice', async () => {
  const asked = new Map<string, number>();
  const { server, send, codes } = await open('brevo', (body) => {
    const { email } = JSON.parse(body).to[0];
    asked.set(email, (asked.get(email) ?? 0) + 1);
    return asked.get(email) === 1 ? { resetAfter: true } : undefined;
  });
  expect(await codes((await send()).send_id)).toEqual(['sent', 'sent', 'sent', 'sent']);
  expect(server.accepted).toHaveLength(4);
});

it('who bounces for good, complains or leaves is counted, and not written to again; a full mailbox is', async () => {
  const { core, server, send, codes, hear } = await open('brevo');
  const { send_id } = await send();
  const attempts = server.accepted
    .map(({ body }) => JSON.parse(body))
    .map(({ to, headers }) => [to[0].email, headers['X-Mailin-custom']]);
  const attemptOf = Object.fromEntries(attempts);
  const event = (who: string, name: string, reason = '') => ({
    event: name,
    reason,
    email: `${who}@example.org`,
    'message-id': who,
    ts_epoch: Date.now(),
    'X-Mailin-custom': attemptOf[`${who}@example.org`],
  });
  const body = JSON.stringify([
    event('ann', 'hard_bounce', '550 5.1.1 user unknown'),
    null,
    event('ben', 'spam'),
    event('cat', 'hard_bounce', '552 5.2.2 mailbox full'),
    event('dan', 'unsubscribe'),
  ]);
  const headers = { authorization: 'Bearer token' };
  await hear(body, headers);
  await hear(body, headers);
  expect(await codes(send_id)).toEqual(['bounce_hard', 'sent', 'bounce_soft', 'sent']);
  expect(await core.call('sends.get', { send_id })).toMatchObject({
    total_sent: 2,
    total_failed: 2,
    total_bounced: 2,
    total_complained: 1,
    total_unsubscribed: 1,
  });
  const again = await send({ campaign: 'second', allow_repeat: true });
  expect(await codes(again.send_id)).toEqual(['bounced', 'complained', 'sent', 'unsubscribed']);
});
