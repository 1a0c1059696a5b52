import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RefusalRun } from '../../src/core/deliveries/refusal-run.ts';
import type { Outcome } from '../../src/core/deliveries/sender.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

type Core = Awaited<ReturnType<typeof openCore>>;

const UNKNOWN: Outcome = {
  type: 'permanent',
  code: 'smtp_550_5.1.1',
  message: 'The mail server refused the recipient: 550 5.1.1 User unknown.',
  suppress: 'bounced',
};

let folder: string;
let email: FakeSender;
let core: Core;
beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email');
  core = await openCore([email, new FakeSender('whatsapp')], folder);
  core.dispatcher.start();
});
afterEach(async () => {
  await core.close();
  removeFolder(folder);
});

async function audienceOf(count: number, name = 'l') {
  const leads = Array.from({ length: count }, (_, at) => ({
    name: `${name}${at + 1}`,
    email: `${name}${at + 1}@d${at % 7}.example`,
  }));
  for (let at = 0; at < count; at += 1000)
    await core.call('leads.import', { leads: leads.slice(at, at + 1000) });
  return (await core.call('audience.create', { name, search: name })).audience_id as string;
}

const send = (audience_id: string, more: object = {}) =>
  core.call('sendBulkMessages', { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', ...more });

async function suppressed(): Promise<string[]> {
  const { suppressions } = await core.call('suppressions.list', { limit: 200 });
  return suppressions.map(({ contact }: { contact: string }) => contact.split('@')[0]).sort();
}

const inFlight = async () =>
  (await core.ledger.all("SELECT 1 AS x FROM deliveries WHERE status = 'sending'")).length;

const openRows = async () =>
  (await core.ledger.all("SELECT 1 AS x FROM refusals WHERE state = 'open'")).length;

describe('a relay that refuses everybody', () => {
  it.each<[string, Outcome]>([
    ['550 5.1.1', UNKNOWN],
    ['550 without a further code', { type: 'permanent', code: 'smtp_550', message: 'No.', breaker: true }],
  ])(
    'with %s suppresses nobody, pauses after twenty with the reason, and everybody is pending',
    async (_, outcome) => {
      const audience = await audienceOf(300);
      email.answer = () => outcome;
      const result = await send(audience);
      expect(result).toMatchObject({
        success: false,
        state: 'paused',
        total_failed: 0,
        total_remaining: 300,
      });
      expect(result.error).toMatch(/about the sender/);
      expect(result.error).toContain((outcome as { message: string }).message);
      expect(email.tries).toBeLessThan(20 + 2 * email.about.windowSize);
      expect(await suppressed()).toEqual([]);
      email.answer = () => undefined;
      expect(await send(audience)).toMatchObject({ state: 'completed', total_sent: 300 });
      expect(await suppressed()).toEqual([]);
    },
  );

  it('with a different word each time pauses too', async () => {
    const audience = await audienceOf(100);
    email.answer = (_, tries) =>
      ({ ...UNKNOWN, code: `smtp_55${tries % 5}`, message: `No ${tries}.` }) as Outcome;
    expect(await send(audience)).toMatchObject({ state: 'paused', total_failed: 0, total_remaining: 100 });
  });

  it('after it has taken some suppresses nobody, though answers for those it took come late', async () => {
    const audience = await audienceOf(300);
    let taken = 0;
    email.answer = async () => {
      if (++taken > 50) return UNKNOWN;
      await new Promise((resolve) => setTimeout(resolve, 30));
      return undefined;
    };
    const { send_id } = await send(audience);
    const totals = () => core.call('sends.get', { send_id });
    // What was on its way when it was paused is still settled.
    const expected = { state: 'paused', total_sent: 50, total_failed: 0, total_remaining: 250 };
    await expect.poll(totals, { timeout: 15_000 }).toMatchObject(expected);
    expect(await suppressed()).toEqual([]);
    email.answer = () => UNKNOWN;
    await send(audience);
    await expect.poll(totals, { timeout: 15_000 }).toMatchObject(expected);
    expect(await suppressed()).toEqual([]);
  });

  it('in sends of three each opens the breaker as well, and takes the ones that were over back', async () => {
    email.answer = () => UNKNOWN;
    const audiences: string[] = [];
    for (let at = 0; at < 7; at++) audiences.push(await audienceOf(3, `part${at}x`));
    const results = [];
    for (const audience of audiences) results.push(await send(audience));
    expect(results[0]).toMatchObject({ state: 'completed', total_failed: 3 });
    expect(results[6]).toMatchObject({ state: 'paused', success: false, total_failed: 0 });
    const { sends } = await core.call('sends.list');
    expect(sends.map(({ state }: { state: string }) => state)).toEqual(Array(7).fill('paused'));
    expect(await suppressed()).toEqual([]);
    email.answer = () => undefined;
    for (const audience of audiences) {
      expect(await send(audience)).toMatchObject({ state: 'completed', total_sent: 3 });
    }
    expect(await suppressed()).toEqual([]);
  });

  it('and then stops working altogether has its refusals taken back with it', async () => {
    const audience = await audienceOf(60);
    email.answer = (_, tries) =>
      tries <= 8 ? UNKNOWN : { type: 'account', code: 'smtp_535', message: 'The password is wrong.' };
    expect(await send(audience)).toMatchObject({ state: 'paused', total_failed: 0, total_remaining: 60 });
    email.answer = () => undefined;
    expect(await send(audience)).toMatchObject({ state: 'completed', total_sent: 60 });
  });
});

describe('bad addresses', () => {
  it('in a good list are suppressed, wherever they stand', async () => {
    const audience = await audienceOf(200);
    const bad = ['l1', 'l2', 'l50', 'l51', 'l120', 'l180'];
    email.answer = ({ contact }) => (bad.includes(contact.split('@')[0]!) ? UNKNOWN : undefined);
    expect(await send(audience)).toMatchObject({ state: 'completed', total_failed: 6, total_sent: 194 });
    expect(await suppressed()).toEqual([...bad].sort());
    expect(await openRows()).toBe(0);
  });

  it('alone in a small list fail, and are not suppressed: nothing says that the relay takes mail', async () => {
    const audience = await audienceOf(3);
    email.answer = () => UNKNOWN;
    expect(await send(audience)).toMatchObject({ state: 'completed', total_failed: 3 });
    expect(await suppressed()).toEqual([]);
    email.answer = () => undefined;
    // Others are taken later: the three may have been refused for whatever was mended since.
    await send(await audienceOf(40, 'other'));
    expect(await suppressed()).toEqual([]);
    expect(await send(audience, { retry: 'failed' })).toMatchObject({ total_sent: 3 });
    expect(await suppressed()).toEqual([]);
  });

  it('forty at the head of a list pause it once, and then only fail', async () => {
    const audience = await audienceOf(400);
    email.answer = ({ contact }) => (/^l(\d|[1-3]\d|40)@/.test(contact) ? UNKNOWN : undefined);
    expect(await send(audience)).toMatchObject({ state: 'paused' });
    await expect.poll(inFlight, { timeout: 15_000 }).toBe(0);
    expect(await suppressed()).toEqual([]);
    expect(await send(audience)).toMatchObject({ state: 'completed', total_sent: 360, total_failed: 40 });
  });
});

it('who opted out is suppressed at once, though nobody was accepted: it is their word, not the sender’s fault', async () => {
  const audience = await audienceOf(30);
  email.answer = () => ({
    type: 'permanent',
    code: 'opted_out',
    message: 'They stopped it.',
    suppress: 'opted_out',
  });
  expect(await send(audience)).toMatchObject({ state: 'completed', total_failed: 30 });
  expect(await suppressed()).toHaveLength(30);
});

it('what a refusal says of its contact outlives the process, and takes effect when the sender has proved itself', async () => {
  const audience = await audienceOf(40);
  email.answer = async ({ contact }) => {
    if (contact.startsWith('l1@')) return UNKNOWN;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { type: 'transient', scope: 'recipient', code: 'x', message: 'Later.', retryAfterMs: 1 };
  };
  await send(audience, { max_wait_seconds: 0 });
  await expect.poll(openRows, { timeout: 15_000 }).toBe(1);
  await core.close();
  core = await openCore([email, new FakeSender('whatsapp')], folder);
  expect(await suppressed()).toEqual([]);
  // It has looked before it hears of an acceptance.
  email.answer = (_, tries) => (tries % 2 ? undefined : UNKNOWN);
  core.dispatcher.start();
  await expect.poll(async () => (await suppressed()).includes('l1'), { timeout: 20_000 }).toBe(true);
});

it('an acceptance of an attempt that began before a refusal was heard trusts it only when nothing is left', async () => {
  const audience = await audienceOf(1);
  email.answer = () => UNKNOWN;
  await send(audience);
  const chunk = { id: '', send_seq: 1, number: 0, fence: 0 };
  const accepted = (startedAtMs: number) => ({
    claim: { chunk, position: 9, attempts: 1, recipient: { contact: 'l9@d2.example', values: {} as never } },
    outcome: { type: 'accepted', providerMessageId: 'x' } as const,
    startedAtMs,
  });
  const run = new RefusalRun(email);
  const hear = (startedAtMs: number, isIdle: boolean) =>
    core.ledger.write(async (tx) => {
      const verdict = await run.hear(tx, [accepted(startedAtMs)]);
      if (verdict) run.remember(await run.conclude(tx, verdict, isIdle));
    });
  await hear(0, false);
  await hear(0, false);
  expect(await suppressed()).toEqual([]);
  await hear(0, true);
  expect(await suppressed()).toEqual(['l1']);
});
