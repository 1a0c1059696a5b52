import { afterEach, describe, expect, test } from 'vitest';
import {
  API_DIALECTS,
  API_FROM,
  type ApiAnswer,
  type ApiRequest,
  startEmailApi,
} from '../../../../test/support/email-api-server.ts';
import { type Outcome, type Recipient, STALLED } from '../../../core/deliveries/sender.ts';
import { parseMergeText } from '../../../core/messages/parse-merge-text.ts';
import { createApiSender } from './api-sender.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const NAMES = ['resend', 'postmark'] as const;
const values: Recipient['values'] = {
  lead: { name: 'Ann', email: null, phone: null, position: null, company: null, notes: null, metadata: {} },
  site: { name: 'Shop' },
};

async function open(
  name: (typeof NAMES)[number],
  script?: (request: ApiRequest) => ApiAnswer | undefined,
  text = 'Hi',
) {
  const server = await startEmailApi(name, script);
  const options = {
    from: API_FROM,
    ratePerSecond: null,
    apiUrl: server.url,
    timeoutMs: 2_000,
    askAgainMs: [5, 5],
  };
  const sender = createApiSender(API_DIALECTS[name].api(options), options);
  cleanUps.push(
    () => server.stop(),
    () => sender.close(0),
  );
  const subject = parseMergeText('S');
  const message = sender.prepare({
    channel: 'email',
    format: 'text',
    body: parseMergeText(text),
    subject,
    fromName: null,
  });
  const deliver = (who: string, at: number, mayLeave = () => true) =>
    message.deliver(
      { contact: `${who}@example.org`, values },
      { deliveryId: `d.${at}`, attemptId: `d.${at}.1`, mayLeave },
    );
  const all = (count: number, more: (at: number) => string = (at) => `a${at}`): Promise<Outcome[]> =>
    Promise.all(Array.from({ length: count }, (_, at) => deliver(more(at), at)));
  const idsOf = () => server.accepted.map((one) => API_DIALECTS[name].read(one));
  return { server, sender, deliver, all, idsOf };
}
const typesOf = (outcomes: readonly Outcome[]) => [...new Set(outcomes.map(({ type }) => type))];

describe.each(NAMES)('many messages at once over %s', (name) => {
  const { batch, path } = { batch: API_DIALECTS[name].batch.path, path: API_DIALECTS[name].path };

  test('share requests of a hundred, and each has its own id', async () => {
    const { server, sender, all, idsOf } = await open(name);
    const outcomes = await all(250);
    expect(server.seen.map((one) => [one.path, JSON.parse(one.body).length])).toEqual([
      [batch, 100],
      [batch, 100],
      [batch, 50],
    ]);
    const ids = outcomes.map((one) => (one.type === 'accepted' ? one.providerMessageId : null));
    expect(new Set(ids).size).toBe(250);
    const arrived = await Promise.all(idsOf());
    for (const [at, { to, id }] of arrived.entries()) {
      expect(id).toBe(`d.${to.slice(1, to.indexOf('@'))}.1`);
      expect(ids[Number(to.slice(1, to.indexOf('@')))]).toBe(`message-${at + 1}`);
    }
    expect(sender.about.windowSize).toBe(500);
  });

  test('one that is refused fails alone', async () => {
    const { all } = await open(name);
    const outcomes = await all(5, (at) => (at === 2 ? 'refused' : `a${at}`));
    expect(outcomes.map(({ type }) => type)).toEqual([
      'accepted',
      'accepted',
      'permanent',
      'accepted',
      'accepted',
    ]);
    expect(outcomes[2]).not.toHaveProperty('breaker');
  });

  test('one that may not leave any more stays, and the others leave without it', async () => {
    const { server, deliver } = await open(name);
    const outcomes = await Promise.all([
      deliver('a', 0),
      deliver('b', 1, () => false),
      deliver('c', 2),
      deliver('d', 3),
    ]);
    expect(outcomes.map(({ type }) => type)).toEqual(['accepted', STALLED.type, 'accepted', 'accepted']);
    expect(outcomes[1]).toEqual(STALLED);
    expect(server.accepted).toHaveLength(3);
    expect(server.accepted.some(({ body }) => body.includes('b@example.org'))).toBe(false);
  });

  test('where all are refused together, each is asked for by itself, so that nobody is blamed for another', async () => {
    const refusal = {
      resend: '{"name":"validation_error","message":"x"}',
      postmark: '{"ErrorCode":300,"Message":"x"}',
    };
    const { server, all } = await open(name, (request) =>
      request.path === batch || request.body.includes('a1@')
        ? { status: 422, body: refusal[name] }
        : undefined,
    );
    const outcomes = await all(3);
    expect(outcomes.map(({ type }) => type)).toEqual(['accepted', 'permanent', 'accepted']);
    expect(server.seen.map((one) => one.path)).toEqual([batch, path, path, path]);
  });

  test.each<[string, ApiAnswer, string]>([
    ['too fast', { status: 429, headers: { 'retry-after': '3' }, body: '{}' }, 'throttled'],
    ['a key that is not taken', API_DIALECTS[name].refused(401, 'x'), 'account'],
    ['a gateway that fails', { status: 502 }, 'uncertain'],
    ['an answer that says too little', { status: 200, body: '[]' }, 'uncertain'],
    ['an answer that is none', { status: 200, body: '{' }, 'uncertain'],
  ])('%s is about all of them, and none is asked for by itself', async (_, answer, type) => {
    const { server, all } = await open(name, () => answer);
    expect(typesOf(await all(4))).toEqual([type]);
    expect(server.seen.every((one) => one.path === batch)).toBe(true);
  });

  test('a lost answer leaves all of them in doubt, or is asked for again where that is safe', async () => {
    let asked = 0;
    const { server, all } = await open(name, () => (++asked === 1 ? { resetAfter: true } : undefined));
    expect(typesOf(await all(4))).toEqual([name === 'resend' ? 'accepted' : 'uncertain']);
    expect(server.accepted).toHaveLength(4);
    expect(server.seen).toHaveLength(name === 'resend' ? 2 : 1);
  });

  test('no request is larger than every provider takes', async () => {
    const { server, all } = await open(name, undefined, 'x'.repeat(900_000));
    expect(typesOf(await all(12))).toEqual(['accepted']);
    const sizes = server.seen.map(({ body }) => Buffer.byteLength(body));
    expect(Math.max(...sizes)).toBeLessThan(5.1 * 1024 * 1024);
    expect(sizes.length).toBeGreaterThan(1);
  });

  test('closing lets what waits leave first; closing at once gives all of it an outcome', async () => {
    const { server, sender, all } = await open(name);
    const sending = all(3);
    await sender.close();
    expect(typesOf(await sending)).toEqual(['accepted']);
    expect(server.accepted).toHaveLength(3);
    const other = await open(name, () => ({ hang: true }));
    const given = other.all(500);
    await expect.poll(() => other.server.begun).toBeGreaterThan(0);
    await other.sender.close(0);
    const outcomes = await given;
    const inDoubt = outcomes.filter(({ type }) => type === 'uncertain').length;
    expect(inDoubt).toBeGreaterThanOrEqual(other.server.begun);
    expect(outcomes.every(({ type }) => type === 'uncertain' || type === 'transient')).toBe(true);
  });
});
