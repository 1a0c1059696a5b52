import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Outcome } from '../../src/core/deliveries/sender.ts';
import { createSandboxSender, type Outbox } from '../../src/providers/sandbox/sandbox-sender.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

type Core = Awaited<ReturnType<typeof openCore>>;

let folder: string;
let email: FakeSender;
let whatsapp: FakeSender;
let core: Core;
const opened: Core[] = [];

beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email');
  whatsapp = new FakeSender('whatsapp');
  core = await openCore([email, whatsapp], folder);
  opened.push(core);
  core.dispatcher.start();
});

afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  removeFolder(folder);
});

async function audienceOf(
  count: number,
  lead = (at: number): object => ({ name: `Lead ${at}`, email: `l${at}@example.com` }),
) {
  const leads = Array.from({ length: count }, (_, at) => lead(at + 1));
  for (let at = 0; at < count; at += 1000)
    await core.call('leads.import', { leads: leads.slice(at, at + 1000) });
  return (await core.call('audience.create', { name: 'All' })).audience_id as string;
}

const send = (audience_id: string, more: object = {}, of = core) =>
  of.call('sendBulkMessages', {
    // The same people get one text over and over here.
    allow_repeat: true,
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: 'Hi {{lead.name}}',
    ...more,
  });

describe('sendBulkMessages', () => {
  it('sends once to every lead that has the contact field, and skips the others', async () => {
    const audience = await audienceOf(30, (at) => ({
      name: `L${at}`,
      ...(at % 3 ? { email: `l${at}@example.com` } : { phone: `+52155000000${at}` }),
    }));
    const result = await send(audience);
    expect(result).toMatchObject({
      success: true,
      audience_id: audience,
      channel: 'email',
      total_sent: 20,
      total_failed: 0,
      total_skipped: 10,
      total_remaining: 0,
      total_in_audience: 30,
      state: 'completed',
    });
    expect(new Set(email.accepted.map((one) => one.contact)).size).toBe(20);
    expect(email.accepted[0]!.text).toBe('Hi L1');
  });

  it('called again sends nothing, and says that a new message takes a new campaign', async () => {
    const audience = await audienceOf(25);
    await send(audience);
    const again = await send(audience, { message: 'Another text' });
    expect(email.accepted.length).toBe(25);
    expect(again).toMatchObject({ success: true, total_sent: 25, state: 'completed' });
    expect(again.notice).toContain('new campaign');
    expect((await send(audience, { campaign: 'second' })).total_sent).toBe(25);
    expect(email.accepted.length).toBe(50);
  });

  it('called two hundred times at once is one send with one message for each lead', async () => {
    const audience = await audienceOf(100);
    const results = await Promise.all(Array.from({ length: 200 }, () => send(audience)));
    expect(email.accepted.length).toBe(100);
    expect(new Set(results.map((one) => one.send_id)).size).toBe(1);
    expect(new Set(results.map((one) => one.total_sent))).toEqual(new Set([100]));
  });

  it('answers honest counts that add up when the wait is over, and goes on behind it', async () => {
    email.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return undefined;
    };
    const audience = await audienceOf(200);
    const early = await send(audience, { max_wait_seconds: 0 });
    expect(early.state).toBe('running');
    const { total_sent, total_failed, total_skipped, total_remaining } = early;
    expect(total_sent + total_failed + total_skipped + total_remaining).toBe(200);
    expect(await send(audience)).toMatchObject({ total_sent: 200, total_remaining: 0, state: 'completed' });
    expect(email.accepted.length).toBe(200);
  });

  it('tells growing progress to a caller that asked for it', async () => {
    const audience = await audienceOf(50);
    const steps: number[] = [];
    const input = { audience_id: audience, channel: 'email', subject: 'Hi', message: 'x' };
    await core.call('sendBulkMessages', input, {
      onProgress: ({ done }: { done: number }) => steps.push(done),
    });
    expect(steps.at(-1)).toBe(50);
    expect(steps).toEqual([...new Set(steps)].sort((one, other) => one - other));
  });
});

describe('outcomes', () => {
  it('a permanent error fails the lead, and retry "failed" tries only it', async () => {
    const audience = await audienceOf(10);
    email.answer = ({ contact }) =>
      contact === 'l3@example.com'
        ? { type: 'permanent', code: 'smtp_550', message: 'No such user.' }
        : undefined;
    expect(await send(audience)).toMatchObject({ success: true, total_sent: 9, total_failed: 1 });
    email.answer = () => undefined;
    expect(await send(audience)).toMatchObject({ total_sent: 9, total_failed: 1 });
    expect(await send(audience, { retry: 'failed' })).toMatchObject({ total_sent: 10, total_failed: 0 });
    expect(email.accepted.length).toBe(10);
  });

  it('an outcome that nobody can know is failed and counted as unknown, and only retry "unknown" sends again', async () => {
    const audience = await audienceOf(5);
    email.answer = ({ contact }) =>
      contact.startsWith('l2')
        ? { type: 'uncertain', code: 'ECONNRESET', message: 'The line broke.' }
        : undefined;
    expect(await send(audience)).toMatchObject({ total_failed: 1, total_unknown: 1, total_sent: 4 });
    email.answer = () => undefined;
    expect(await send(audience, { retry: 'failed' })).toMatchObject({ total_failed: 1, total_unknown: 1 });
    expect(await send(audience, { retry: 'unknown' })).toMatchObject({
      total_failed: 0,
      total_unknown: 0,
      total_sent: 5,
    });
  });

  it('a passing error is tried again within the run', async () => {
    const audience = await audienceOf(3);
    email.answer = (_, tries) =>
      tries === 1
        ? { type: 'transient', scope: 'recipient', code: 'x', message: 'Later.', retryAfterMs: 50 }
        : undefined;
    expect(await send(audience)).toMatchObject({ total_sent: 3, state: 'completed' });
  });

  it('a lead whose tries are used up stays pending, and the next call tries it', async () => {
    const audience = await audienceOf(3);
    email.answer = ({ contact }) =>
      contact.startsWith('l1@')
        ? { type: 'transient', scope: 'recipient', code: 'x', message: 'Later.', retryAfterMs: 1 }
        : undefined;
    const result = await send(audience);
    expect(result).toMatchObject({ success: true, total_sent: 2, total_remaining: 1, state: 'paused' });
    expect(result.next_step).toContain('again');
    email.answer = () => undefined;
    expect(await send(audience)).toMatchObject({ total_sent: 3, state: 'completed' });
  });

  it('an account error pauses the send at once, touches no further lead, and goes on after the call is made again', async () => {
    const audience = await audienceOf(200);
    email.answer = () => ({ type: 'account', code: 'smtp_535', message: 'The password is wrong.' });
    const result = await send(audience);
    expect(result).toMatchObject({
      success: false,
      state: 'paused',
      total_remaining: 200,
      error: 'The password is wrong.',
    });
    expect(email.tries).toBeLessThanOrEqual(email.about.windowSize);
    email.answer = () => undefined;
    expect(await send(audience)).toMatchObject({ success: true, total_sent: 200 });
  });

  it('twenty equal refusals in a row open the breaker', async () => {
    const audience = await audienceOf(200);
    email.answer = () => ({ type: 'permanent', code: 'smtp_554', message: 'Spam.', breaker: true });
    const result = await send(audience);
    expect(result).toMatchObject({ success: false, state: 'paused' });
    expect(result.total_failed).toBeLessThan(60);
  });

  it('the breaker opens again when the message is still wrong at the next call', async () => {
    const audience = await audienceOf(300);
    email.answer = () => ({ type: 'permanent', code: 'smtp_554', message: 'Spam.', breaker: true });
    const first = await send(audience);
    const second = await send(audience, { message: 'Still spam' });
    expect(second).toMatchObject({ success: false, state: 'paused' });
    expect(second.total_failed - first.total_failed).toBeLessThan(60);
  });

  it('the breaker is not held shut by answers that say nothing about the message', async () => {
    const audience = await audienceOf(300);
    email.answer = (_, tries) =>
      tries % 3 === 0
        ? { type: 'transient', scope: 'recipient', code: 'smtp_451', message: 'Later.' }
        : { type: 'permanent', code: 'smtp_554', message: 'Spam.', breaker: true };
    const result = await send(audience);
    expect(result).toMatchObject({
      success: false,
      state: 'paused',
      error: expect.stringContaining('Spam.'),
    });
    expect(result.total_failed).toBeLessThan(60);
  });

  it('a domain that refuses everyone is left alone after twenty, and its other leads stay pending', async () => {
    const audience = await audienceOf(400, (at) => ({
      name: `L${at}`,
      email: `l${at}@${at % 2 ? 'strict.example' : 'calm.example'}`,
    }));
    email.answer = ({ contact }) =>
      contact.endsWith('strict.example')
        ? { type: 'permanent', code: 'smtp_550_5.7.1', message: 'Policy.', breaker: true }
        : undefined;
    const result = await send(audience);
    expect(result).toMatchObject({ success: true, state: 'paused', total_sent: 200 });
    expect(result.total_failed).toBeGreaterThanOrEqual(20);
    expect(result.total_failed).toBeLessThan(60);
    expect(result.total_remaining).toBe(200 - result.total_failed);
  });

  it('a refusal that the disk would not take at first counts once towards the breaker', async () => {
    const ten = new FakeSender('email', 10);
    await core.dispatcher.stop();
    const other = await openCore([ten, whatsapp], folder);
    opened.push(other);
    const audience = await audienceOf(30);
    let faults = 0;
    ten.answer = async (_, tries) => {
      if (tries > 10) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 100));
      // The first time that its results are written down, nothing can be written.
      if (tries === 1) {
        for (const way of ['write', 'writeConcurrently'] as const) {
          const write = other.ledger[way].bind(other.ledger);
          other.ledger[way] = (work) =>
            write(async (tx) => {
              const done = await work(tx);
              if (++faults <= 2) throw new Error('The disk is full.');
              return done;
            });
        }
      }
      return { type: 'permanent', code: 'smtp_554', message: 'Spam.', breaker: true };
    };
    other.dispatcher.start();
    expect(await send(audience, {}, other)).toMatchObject({
      state: 'completed',
      total_failed: 10,
      total_sent: 20,
    });
    expect(faults).toBeGreaterThan(2);
  });

  it.each<[string, Outcome]>([
    ['cannot be reached', { type: 'transient', scope: 'sender', code: 'ECONNREFUSED', message: 'Refused.' }],
    ['takes nothing', { type: 'throttled', scope: 'sender', code: 'smtp_421', message: 'Too fast.' }],
  ])(
    'a relay that %s for an hour pauses the send, with the reason, and loses nobody',
    async (_, outcome) => {
      const audience = await audienceOf(3);
      let down = true;
      email.answer = () => (down ? outcome : undefined);
      expect(await send(audience, { max_wait_seconds: 1 })).toMatchObject({ state: 'running' });
      const real = performance.now.bind(performance);
      const clock = vi.spyOn(performance, 'now').mockImplementation(() => real() + 3_601_000);
      try {
        const { message } = outcome as { message: string };
        await expect
          // A clock that jumps by an hour makes a worker lose what it holds, and it has to be handed out again.
          .poll(async () => (await core.call('sends.list')).sends[0], { timeout: 40_000 })
          .toMatchObject({ state: 'paused', paused_reason: message });
        down = false;
        expect(await send(audience)).toMatchObject({ state: 'completed', total_sent: 3 });
      } finally {
        clock.mockRestore();
      }
    },
    90_000,
  );

  it('a relay that is down burns no attempt of any lead, and the send goes on by itself', async () => {
    const audience = await audienceOf(20);
    let down = true;
    email.answer = () =>
      down ? { type: 'transient', scope: 'sender', code: 'ECONNREFUSED', message: 'Refused.' } : undefined;
    let first = await send(audience, { max_wait_seconds: 1 });
    // On a busy machine the first try takes longer than that.
    while (first.notice === undefined) first = await send(audience, { max_wait_seconds: 0.2 });
    expect(first).toMatchObject({ state: 'running', total_remaining: 20 });
    expect(first.notice).toContain('Refused.');
    down = false;
    expect(await send(audience)).toMatchObject({ total_sent: 20, state: 'completed' });
    expect(
      (await core.ledger.get<{ worst: number }>('SELECT max(retries) AS worst FROM deliveries'))!.worst,
    ).toBe(0);
  });

  it('a domain that says "too fast" holds up its own recipients only', async () => {
    const audience = await audienceOf(200, (at) => ({
      name: `L${at}`,
      email: `l${at}@${at % 2 ? 'busy.example' : 'calm.example'}`,
    }));
    let busy = true;
    email.answer = ({ contact }) =>
      busy && contact.endsWith('busy.example')
        ? { type: 'throttled', scope: 'domain', code: 'smtp_421', message: 'Slow down.', retryAfterMs: 1_500 }
        : undefined;
    await send(audience, { max_wait_seconds: 0 });
    await expect
      .poll(() => core.call('sends.list').then(({ sends }) => sends[0]), { timeout: 10_000 })
      .toMatchObject({
        state: 'running',
        total_sent: 100,
        total_remaining: 100,
      });
    expect(email.tries - 100).toBeLessThanOrEqual(email.about.windowSize);
    busy = false;
    expect(await send(audience)).toMatchObject({ state: 'completed', total_sent: 200 });
  });

  it('the rate of a sender is kept, whatever the number of sends', async () => {
    const slow = new FakeSender('email', 64, 100);
    await core.dispatcher.stop();
    const other = await openCore([slow, whatsapp], folder);
    opened.push(other);
    other.dispatcher.start();
    const audience = await audienceOf(100);
    const startedAt = performance.now();
    await Promise.all([send(audience, { campaign: 'a' }, other), send(audience, { campaign: 'b' }, other)]);
    const seconds = (performance.now() - startedAt) / 1000;
    expect(slow.accepted.length).toBe(200);
    expect(seconds).toBeGreaterThan(1.75);
    expect(seconds).toBeLessThan(20);
  });

  it('a small send that starts beside a large one is not kept waiting for it', async () => {
    const slow = new FakeSender('email', 64, 400);
    await core.dispatcher.stop();
    const other = await openCore([slow, whatsapp], folder);
    opened.push(other);
    other.dispatcher.start();
    const large = await audienceOf(2_000);
    await send(large, { max_wait_seconds: 0.1 }, other);
    const { audience_id: small } = await core.call('audience.create', { name: 'Few', limit: 20 });
    expect(await send(small, { max_wait_seconds: 3 }, other)).toMatchObject({
      state: 'completed',
      total_sent: 20,
    });
    expect((await send(large, { max_wait_seconds: 0 }, other)).state).toBe('running');
  });

  it('a hard bounce suppresses the address for later sends', async () => {
    const audience = await audienceOf(2);
    email.answer = ({ contact }) =>
      contact.startsWith('l1')
        ? { type: 'permanent', code: 'smtp_550', message: 'No.', suppress: 'bounced' }
        : undefined;
    await send(audience);
    email.answer = () => undefined;
    expect(await send(audience, { campaign: 'b' })).toMatchObject({ total_sent: 1, total_skipped: 1 });
    const page = await core.call('audience.get', { audience_id: audience });
    expect(page.leads[0]).toMatchObject({ send_status: 'skipped', send_error: 'bounced' });
  });
});

describe('who is skipped', () => {
  it('each with its reason: no phone, a bad phone, a number twice, suppressed, erased', async () => {
    const phones = [
      '+5215512345678',
      null,
      'call me',
      '+52 1 55 1234 5678',
      '+5215587654321',
      '+5215511112222',
      '+5215533334444',
    ];
    const audience = await audienceOf(phones.length, (at) => ({
      name: `L${at}`,
      email: `l${at}@example.com`,
      phone: phones[at - 1],
    }));
    await core.call('suppressions.add', {
      channel: 'whatsapp',
      contact: '+5215587654321',
      reason: 'opted_out',
    });
    const { leads } = await core.call('leads.list');
    await core.call('leads.delete', { lead_id: leads[5].id });
    const result = await core.call('sendBulkMessages', {
      audience_id: audience,
      channel: 'whatsapp',
      message: 'Hola',
    });
    expect(result).toMatchObject({ total_sent: 2, total_skipped: 5 });
    const page = await core.call('audience.get', { audience_id: audience });
    expect(page.leads.map((one: { send_error: string | null }) => one.send_error)).toEqual([
      null,
      'missing_phone',
      'invalid_phone',
      'duplicate_contact',
      'opted_out',
      'lead_deleted',
      null,
    ]);
  });

  it('a lead without a value for a merge field, under skip_recipient', async () => {
    const audience = await audienceOf(2, (at) => ({
      name: at === 1 ? 'Ana' : null,
      email: `l${at}@example.com`,
    }));
    const result = await send(audience, { placeholder_policy: 'skip_recipient' });
    expect(result).toMatchObject({ total_sent: 1, total_skipped: 1 });
  });

  it('a skipped lead whose contact was mended is reached by retry "skipped"', async () => {
    const audience = await audienceOf(2, (at) => ({
      name: `L${at}`,
      email: at === 1 ? 'broken' : 'ok@example.com',
    }));
    expect(await send(audience)).toMatchObject({ total_sent: 1, total_skipped: 1 });
    const { leads } = await core.call('leads.list');
    await core.call('leads.update', { lead_id: leads[0].id, email: 'mended@example.com' });
    expect(await send(audience, { retry: 'skipped' })).toMatchObject({ total_sent: 2, total_skipped: 0 });
  });
});

describe('stopping', () => {
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return undefined;
  };

  it('pause stops claiming at once, a call does not undo it, resume goes on', async () => {
    email.answer = slow;
    const audience = await audienceOf(300);
    const { send_id } = await send(audience, { max_wait_seconds: 0.1 });
    await core.call('sends.pause', { send_id });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const reached = email.accepted.length;
    expect(reached).toBeLessThan(300);
    expect(await send(audience)).toMatchObject({ success: true, state: 'paused', total_sent: reached });
    await core.call('sends.resume', { send_id });
    expect(await send(audience)).toMatchObject({ state: 'completed', total_sent: 300 });
    expect(email.accepted.length).toBe(300);
  });

  it('cancel leaves the others pending, and a further call sends nothing', async () => {
    email.answer = slow;
    const audience = await audienceOf(300);
    const { send_id } = await send(audience, { max_wait_seconds: 0.1 });
    await core.call('sends.cancel', { send_id });
    const again = await send(audience);
    expect(again).toMatchObject({ success: false, state: 'cancelled' });
    expect(again.total_remaining).toBeGreaterThan(200);
  });

  it('a cancel that comes while a call is being taken up is not undone by it', async () => {
    email.answer = slow;
    const audience = await audienceOf(300);
    const { send_id } = await send(audience, { max_wait_seconds: 0 });
    const { write } = core.ledger;
    let isFirst = true;
    // Between the two transactions of the call.
    core.ledger.write = async (work) => {
      const done = await write.call(core.ledger, work);
      if (isFirst) {
        isFirst = false;
        await core.call('sends.cancel', { send_id });
      }
      return done as never;
    };
    expect(await send(audience, { retry: 'failed' })).toMatchObject({ success: false, state: 'cancelled' });
  });

  it('a graceful stop drains the window and leaves nothing in doubt', async () => {
    email.answer = slow;
    const audience = await audienceOf(200);
    await send(audience, { max_wait_seconds: 0.1 });
    expect(await core.dispatcher.stop()).toMatchObject({ inDoubt: 0 });
    const doubt = await core.ledger.get<{ n: number }>(
      "SELECT count(*) AS n FROM deliveries WHERE status = 'sending'",
    );
    expect(doubt!.n).toBe(0);
    const other = await openCore([email, whatsapp], folder);
    opened.push(other);
    other.dispatcher.start();
    expect(await send(audience, {}, other)).toMatchObject({ total_sent: 200, total_unknown: 0 });
    expect(email.accepted.length).toBe(200);
  });

  it('a process that only tries out keeps nobody from sending, and is kept by nobody', async () => {
    const audience = await audienceOf(20);
    // The first process holds the right to send; the second has nothing configured.
    const outbox: Outbox = { record: async () => {} };
    const trying = await openCore([createSandboxSender('email', outbox), whatsapp], folder);
    opened.push(trying);
    trying.dispatcher.start();
    const results = await Promise.all([send(audience), send(audience, {}, trying)]);
    expect(results.map(({ mode }) => mode)).toEqual(['live', 'sandbox']);
    for (const result of results) expect(result).toMatchObject({ state: 'completed', total_sent: 20 });
    expect(email.accepted.length).toBe(20);
    await trying.dispatcher.stop();
    // And the other way round.
    await core.dispatcher.stop();
    const first = await openCore([createSandboxSender('email', outbox), whatsapp], folder);
    opened.push(first);
    first.dispatcher.start();
    expect(await send(audience, { campaign: 'b' }, first)).toMatchObject({ mode: 'sandbox', total_sent: 20 });
    const live = await openCore([email, whatsapp], folder);
    opened.push(live);
    live.dispatcher.start();
    expect(await send(audience, { campaign: 'b' }, live)).toMatchObject({ mode: 'live', total_sent: 20 });
  });

  it('what a dead dispatcher had in flight becomes unknown, and is never sent again on its own', async () => {
    const audience = await audienceOf(40);
    await core.dispatcher.stop();
    await send(audience, { max_wait_seconds: 0 });
    // As a process that died between claim and answer leaves it.
    await core.ledger.write(async (tx) => {
      await tx.run(
        `INSERT INTO deliveries (send_seq, position, lead_seq, status, contact, attempts)
         SELECT 1, position, lead_seq, 'sending', 'l' || position || '@example.com', 1 FROM audience_members WHERE position <= 7`,
      );
      await tx.run('UPDATE sends SET frozen_through = 7');
      await tx.run('UPDATE chunks SET claimed_through = 7, in_flight = 7');
      await tx.run(
        "INSERT INTO leases VALUES ('fake:email', 'gone', 8, 3) ON CONFLICT (name) DO UPDATE SET holder = 'gone'",
      );
    });
    const other = await openCore([email, whatsapp], folder);
    opened.push(other);
    other.dispatcher.start();
    expect(await send(audience, {}, other)).toMatchObject({
      total_sent: 33,
      total_failed: 7,
      total_unknown: 7,
    });
    expect(email.accepted.length).toBe(33);
  }, 20_000);
});

describe('wrong requests', () => {
  it.each([
    [{ subject: undefined }, 'needs a subject'],
    [{ subject: 'a\nb' }, 'line break'],
    [{ message: '  ' }, 'message is empty'],
    [{ message: 'Hi {{lead.name' }, 'never closed'],
    [{ audience_id: '0196f0f0-0000-7000-8000-000000000000' }, 'There is no audience'],
  ])('%j is refused before anything is stored', async (more, words) => {
    const audience = await audienceOf(1);
    await expect(send(audience, more)).rejects.toThrow(words);
    expect((await core.call('sends.list')).sends).toEqual([]);
  });

  it('an empty audience is refused', async () => {
    const { audience_id } = await core.call('audience.create', { name: 'None', search: 'nobody' });
    await expect(send(audience_id)).rejects.toThrow('has no leads');
  });
});
