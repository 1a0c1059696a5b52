import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SendResult, SendSummary } from '../../src/operations/sends/send.schema.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { onPostgres } from '../support/database.ts';
import { FakeSender } from '../support/fake-sender.ts';

type Core = Awaited<ReturnType<typeof openCore>>;

const LEADS = 20;
const HOUR = 3_600_000;
let folder: string;
let email: FakeSender;
let core: Core;
let audience: string;
const opened: Core[] = [];

beforeEach(async () => {
  folder = freshFolder();
  email = new FakeSender('email');
  core = await open();
  const leads = Array.from({ length: LEADS }, (_, at) => ({ name: `L${at}`, email: `l${at}@example.com` }));
  await core.call('leads.import', { leads });
  audience = (await core.call('audience.create', { name: 'All' })).audience_id;
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const one of opened.splice(0)) await one.close();
  removeFolder(folder);
});

/** A process over the data folder; it is the one that sends. */
async function open(): Promise<Core> {
  const one = await openCore([email, new FakeSender('whatsapp')], folder);
  opened.push(one);
  one.dispatcher.start();
  return one;
}

const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const send = (more: object = {}): Promise<SendResult & { send_id: string }> =>
  core.call('sendBulkMessages', {
    // The same people get one text over and over here.
    allow_repeat: true,
    audience_id: audience,
    channel: 'email',
    subject: 'Hi',
    message: 'Hi {{lead.name}}',
    ...more,
  });
const get = (send_id: string): Promise<SendSummary> => core.call('sends.get', { send_id });

/** Two looks of the dispatcher for what is due. */
const aWhile = () => sleep(1_200);
/** Where many machines send, the clock of the database counts, which a test does not set. */
const onThisClock = it.skipIf(onPostgres);
/** What a clock on the wall shows from now on. */
const setClock = (ms: number) => {
  const real = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => real() + ms);
};

async function untilState(send_id: string, state: string): Promise<SendSummary> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await get(send_id);
    if (found.state === state) return found;
    await sleep(25);
  }
  throw new Error(`The send is ${(await get(send_id)).state}, not ${state}.`);
}

describe('a send with schedule_at', () => {
  it('answers at once, sends nothing before its time, and then sends by itself', async () => {
    const at = inMs(2_000);
    const startedAt = performance.now();
    const answer = await send({ schedule_at: at });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect(answer).toMatchObject({
      success: true,
      state: 'scheduled',
      scheduled_at: at,
      total_sent: 0,
      total_failed: 0,
      total_skipped: 0,
      total_remaining: LEADS,
      total_in_audience: LEADS,
    });
    expect(answer.next_step).toContain(`starts by itself at ${at}`);
    let firstAt = Number.POSITIVE_INFINITY;
    email.answer = () => {
      firstAt = Math.min(firstAt, Date.now());
      return undefined;
    };
    const done = await untilState(answer.send_id, 'completed');
    expect(done).toMatchObject({ total_sent: LEADS, total_remaining: 0, scheduled_at: at });
    expect(firstAt - Date.parse(at)).toBeGreaterThanOrEqual(0);
    expect(firstAt - Date.parse(at)).toBeLessThan(1_500);
    expect(new Set(email.accepted.map((one) => one.contact)).size).toBe(LEADS);
  });

  it('whose time went by while no process ran starts as soon as one does', async () => {
    const { send_id } = await send({ schedule_at: inMs(1_200) });
    await core.close();
    await sleep(1_500);
    expect(email.tries).toBe(0);
    core = await open();
    expect(await untilState(send_id, 'completed')).toMatchObject({ total_sent: LEADS });
    expect(email.accepted).toHaveLength(LEADS);
  });

  onThisClock('still waits after a restart, and goes by the clock on the wall', async () => {
    const { send_id } = await send({ schedule_at: inMs(HOUR) });
    await core.close();
    core = await open();
    await aWhile();
    expect(await get(send_id)).toMatchObject({ state: 'scheduled', total_remaining: LEADS });
    setClock(HOUR);
    expect(await untilState(send_id, 'completed')).toMatchObject({ total_sent: LEADS });
  });

  it('starts alone: another one whose time is later goes on waiting', async () => {
    const later = await send({ schedule_at: inMs(HOUR), campaign: 'later' });
    const { send_id } = await send({ schedule_at: inMs(1_100) });
    await untilState(send_id, 'completed');
    expect(await get(later.send_id)).toMatchObject({ state: 'scheduled', total_remaining: LEADS });
    expect(email.accepted).toHaveLength(LEADS);
  });

  it('does not hold up a send that runs beside it', async () => {
    await send({ schedule_at: inMs(HOUR) });
    expect(await send({ campaign: 'other' })).toMatchObject({ state: 'completed', total_sent: LEADS });
  });

  it('meets the leads as they are when it starts: who unsubscribed in between is skipped', async () => {
    const { send_id } = await send({ schedule_at: inMs(HOUR) });
    await core.call('suppressions.add', {
      channel: 'email',
      contact: 'l3@example.com',
      reason: 'unsubscribed',
    });
    await send({ schedule_at: 'now' });
    expect(await get(send_id)).toMatchObject({ total_sent: LEADS - 1, total_skipped: 1 });
  });

  it('starts at once, and says so, when the time has passed or is within a second', async () => {
    const time = inMs(-60_000);
    const past = await send({ schedule_at: time });
    expect(past).toMatchObject({ state: 'completed', total_sent: LEADS });
    expect(past.notice).toContain(`schedule_at ${time} has passed: it was started at once.`);
    const soon = await send({ schedule_at: inMs(900), campaign: 'soon' });
    expect(soon).toMatchObject({ state: 'completed', total_sent: LEADS });
    expect((await send({ schedule_at: 'now', campaign: 'word' })).notice).toBeUndefined();
  });

  it('is refused when its time is more than five minutes past: an example that was pasted reaches nobody', async () => {
    await expect(send({ schedule_at: '2020-01-01T00:00:00Z' })).rejects.toThrow(
      '2020-01-01T00:00:00Z is more than five minutes past; nothing was sent',
    );
    await expect(send({ schedule_at: inMs(-400_000), dry_run: true })).rejects.toThrow('five minutes past');
    expect(email.accepted).toHaveLength(0);
    expect((await core.call('sends.list', {})).sends).toEqual([]);
  });

  it('is refused with the value when it is no moment, and nothing is stored', async () => {
    await expect(send({ schedule_at: 'tomorrow' })).rejects.toThrow('schedule_at is "tomorrow"');
    await expect(send({ schedule_at: '2026-08-01T09:00:00' })).rejects.toThrow('without an offset');
    await expect(send({ schedule_at: inMs(367 * 24 * HOUR) })).rejects.toThrow('more than 366 days ahead');
    expect((await core.call('sends.list')).sends).toEqual([]);
  });

  it('is refused for a message that cannot be sent, now and not at its time', async () => {
    await expect(send({ schedule_at: inMs(HOUR), message: '{{lead.name' })).rejects.toThrow('never closed');
    expect((await core.call('sends.list')).sends).toEqual([]);
  });
});

describe('calling again for a scheduled send', () => {
  it('with the same arguments changes nothing', async () => {
    const schedule_at = inMs(HOUR);
    const first = await send({ schedule_at });
    const again = await send({ schedule_at });
    expect(again).toEqual(first);
    await aWhile();
    expect(email.tries).toBe(0);
  });

  it('without schedule_at keeps the schedule, and says how to start it', async () => {
    const schedule_at = inMs(HOUR);
    await send({ schedule_at });
    const again = await send();
    expect(again).toMatchObject({ success: true, state: 'scheduled', scheduled_at: schedule_at });
    expect(again.notice).toContain(`It stays scheduled for ${schedule_at}; schedule_at: "now" starts it`);
    await aWhile();
    expect(email.tries).toBe(0);
  });

  it('with another time moves it, and says so', async () => {
    const [first, second] = [inMs(HOUR), inMs(2 * HOUR)];
    const { send_id } = await send({ schedule_at: first });
    const moved = await send({ schedule_at: second });
    expect(moved).toMatchObject({ send_id, state: 'scheduled', scheduled_at: second });
    expect(moved.notice).toContain(`was scheduled for ${first} and was moved to ${second}`);
    setClock(1.5 * HOUR);
    await aWhile();
    expect(email.tries).toBe(0);
  });

  it('with a time that has passed, as an old call made again does, does not start it early', async () => {
    const later = inMs(2 * HOUR);
    await send({ schedule_at: later });
    const stale = await send({ schedule_at: '2020-01-01T09:00:00Z' });
    expect(stale).toMatchObject({ state: 'scheduled', scheduled_at: later });
    expect(stale.notice).toContain('2020-01-01T09:00:00Z has passed and had no effect.');
  });

  it('with "now" starts it, and its time is then now', async () => {
    const { send_id } = await send({ schedule_at: inMs(HOUR) });
    expect(await send({ schedule_at: 'now' })).toMatchObject({ state: 'completed', total_sent: LEADS });
    expect(Date.parse((await get(send_id)).scheduled_at!)).toBeLessThanOrEqual(Date.now());
  });

  it('with another message changes what will be sent', async () => {
    const schedule_at = inMs(HOUR);
    await send({ schedule_at });
    const changed = await send({ schedule_at, message: 'Bye {{lead.name}}' });
    expect(changed).toMatchObject({ state: 'scheduled', scheduled_at: schedule_at });
    expect(changed.notice).toContain(
      `The message changed: the ${LEADS} leads still pending get the new one.`,
    );
    await send({ schedule_at: 'now', message: 'Bye {{lead.name}}' });
    expect(email.accepted[0]!.text).toBe('Bye L0');
  });

  it('two hundred times at once makes one send, which goes out once', async () => {
    const schedule_at = inMs(1_500);
    const answers = await Promise.all(Array.from({ length: 200 }, () => send({ schedule_at })));
    expect(new Set(answers.map((one) => one.send_id)).size).toBe(1);
    await untilState(answers[0]!.send_id, 'completed');
    expect(email.accepted).toHaveLength(LEADS);
  });
});

describe('schedule_at for a send that is there already', () => {
  it('has no effect on one that runs or is completed, and that is said', async () => {
    email.answer = async () => {
      await sleep(30);
      return undefined;
    };
    await send({ max_wait_seconds: 0 });
    const running = await send({ schedule_at: inMs(HOUR), max_wait_seconds: 0 });
    expect(running).toMatchObject({ state: 'running' });
    expect(running.notice).toContain('The send is already running, so schedule_at was ignored.');
    await send();
    const completed = await send({ schedule_at: inMs(HOUR) });
    expect(completed).toMatchObject({ state: 'completed', total_sent: LEADS });
    expect(completed.notice).toContain('schedule_at had no effect.');
    expect(completed.scheduled_at).toBeUndefined();
  });

  onThisClock('puts off what retry puts back: nobody is tried before that time', async () => {
    email.answer = ({ contact }) =>
      contact === 'l1@example.com' ? { type: 'permanent', code: 'smtp_550', message: 'No.' } : undefined;
    await send();
    email.answer = () => undefined;
    const later = await send({ retry: 'failed', schedule_at: inMs(HOUR) });
    expect(later).toMatchObject({
      state: 'scheduled',
      total_sent: LEADS - 1,
      total_failed: 0,
      total_remaining: 1,
    });
    await aWhile();
    expect(email.accepted).toHaveLength(LEADS - 1);
    setClock(HOUR);
    expect(await untilState(later.send_id, 'completed')).toMatchObject({ total_sent: LEADS });
  });

  it('puts off one that paused for something that a person mends meanwhile', async () => {
    email.answer = () => ({ type: 'account', code: 'smtp_535', message: 'The password is wrong.' });
    expect(await send()).toMatchObject({ success: false, state: 'paused' });
    const tries = email.tries;
    const later = await send({ schedule_at: inMs(HOUR) });
    expect(later).toMatchObject({ success: true, state: 'scheduled', total_remaining: LEADS });
    await aWhile();
    expect(email.tries).toBe(tries);
  });
});

describe('steering a scheduled send', () => {
  it('pause keeps it from starting at its time; resumed after that it goes on at once', async () => {
    const schedule_at = inMs(HOUR);
    const { send_id } = await send({ schedule_at });
    const paused = await core.call('sends.pause', { send_id });
    expect(paused).toMatchObject({ state: 'paused', scheduled_at: schedule_at });
    expect(paused.next_step).toContain(`Resumed before ${schedule_at}, it waits for that time.`);
    const again = await send({ schedule_at });
    expect(again).toMatchObject({ state: 'paused' });
    expect(again.notice).toContain('stays paused. schedule_at had no effect');
    setClock(2 * HOUR);
    await aWhile();
    expect(email.tries).toBe(0);
    await core.call('sends.resume', { send_id });
    expect(await untilState(send_id, 'completed')).toMatchObject({ total_sent: LEADS });
  });

  it('resume before its time lets it wait for it, however often it is called', async () => {
    const schedule_at = inMs(HOUR);
    const { send_id } = await send({ schedule_at });
    await core.call('sends.pause', { send_id });
    for (const _ of [1, 2]) {
      expect(await core.call('sends.resume', { send_id })).toMatchObject({
        state: 'scheduled',
        scheduled_at: schedule_at,
      });
    }
    await aWhile();
    expect(email.tries).toBe(0);
  });

  it('resume with schedule_at moves it, or starts it with "now"', async () => {
    const { send_id } = await send({ schedule_at: inMs(HOUR) });
    const later = inMs(3 * HOUR);
    expect(await core.call('sends.resume', { send_id, schedule_at: later })).toMatchObject({
      state: 'scheduled',
      scheduled_at: later,
    });
    const past = { send_id, schedule_at: '2020-01-01T09:00:00Z' };
    await expect(core.call('sends.resume', past)).rejects.toThrow('which has passed');
    await core.call('sends.resume', { send_id, schedule_at: 'now' });
    expect(await untilState(send_id, 'completed')).toMatchObject({ total_sent: LEADS });
  });

  onThisClock(
    'a send that runs is put off by pause and resume with a time, not by resume alone',
    async () => {
      email.answer = async () => {
        await sleep(100);
        return undefined;
      };
      const { send_id } = await send({ max_wait_seconds: 0 });
      const later = { send_id, schedule_at: inMs(HOUR) };
      await expect(core.call('sends.resume', later)).rejects.toThrow('is running');
      await core.call('sends.pause', { send_id });
      expect(await core.call('sends.resume', later)).toMatchObject({ state: 'scheduled' });
      await aWhile();
      const waiting = await get(send_id);
      expect(waiting.state).toBe('scheduled');
      expect(waiting.total_sent).toBe(email.accepted.length);
      expect(waiting.total_sent + waiting.total_remaining).toBe(LEADS);
      expect(waiting.total_remaining).toBeGreaterThan(0);
      setClock(HOUR);
      expect(await untilState(send_id, 'completed')).toMatchObject({ total_sent: LEADS });
      expect(email.accepted).toHaveLength(LEADS);
    },
  );

  it('cancel calls it off for good: its time starts nothing, nor does a further call', async () => {
    const { send_id } = await send({ schedule_at: inMs(HOUR) });
    expect(await core.call('sends.cancel', { send_id })).toMatchObject({ state: 'cancelled' });
    setClock(2 * HOUR);
    await aWhile();
    expect(await send({ schedule_at: 'now' })).toMatchObject({ success: false, state: 'cancelled' });
    expect(email.tries).toBe(0);
  });

  it('the list shows it by its state, and its audience cannot be deleted', async () => {
    const scheduled_at = inMs(HOUR);
    const { send_id } = await send({ schedule_at: scheduled_at });
    await send({ campaign: 'other' });
    const { sends } = await core.call('sends.list', { state: 'scheduled' });
    expect(sends).toHaveLength(1);
    expect(sends[0]).toMatchObject({ send_id, state: 'scheduled', scheduled_at, completed_at: null });
    const { leads } = await core.call('audience.get', { audience_id: audience, send_id });
    expect(new Set(leads.map((lead: { send_status: string }) => lead.send_status))).toEqual(
      new Set(['pending']),
    );
    await expect(core.call('audience.delete', { audience_id: audience })).rejects.toThrow('is scheduled');
    await core.call('sends.cancel', { send_id });
    expect(await core.call('audience.delete', { audience_id: audience })).toMatchObject({ success: true });
  });
});
