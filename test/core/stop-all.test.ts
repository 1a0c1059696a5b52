import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Attempt, Recipient } from '../../src/core/deliveries/sender.ts';
import { CALLER, PERSON } from '../support/caller.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

type Core = Awaited<ReturnType<typeof openCore>>;
const LEADS = 200;
let folder: string;
let audience_id: string;
let opened: Core[];
let senders: FakeSender[];

/** Another process: the same provider, asked for each message whether it may leave. */
async function open(): Promise<Core> {
  const sender = new FakeSender('email', 4);
  sender.answer = () => sleep(15, undefined);
  senders.push(sender);
  const core = await openCore([sender], folder);
  opened.push(core);
  return core;
}

beforeEach(async () => {
  folder = freshFolder();
  [opened, senders] = [[], []];
  const core = await open();
  const leads = Array.from({ length: LEADS }, (_, at) => ({ email: `l${at}@example.com` }));
  await core.call('leads.import', { leads });
  ({ audience_id } = await core.call('audience.create', { name: 'All' }));
});

afterEach(async () => {
  for (const one of opened) await one.close();
  removeFolder(folder);
});

const tried = () => senders.reduce((sum, { tries }) => sum + tries, 0);
const asked = (campaign = 'default', more: object = {}) => ({
  ...{
    audience_id,
    channel: 'email',
    subject: 'Hi',
    message: 'Hi',
    campaign,
    max_wait_seconds: 0,
    allow_repeat: true,
  },
  ...more,
});

it('stops all processes within a second, keeps stopped over restarts, and nothing starts anything meanwhile', async () => {
  const first = opened[0]!;
  const second = await open();
  for (const { dispatcher } of opened) dispatcher.start();
  const { send_id } = await first.call('sendBulkMessages', asked());
  const at = new Date(Date.now() + 800).toISOString();
  const later = await first.call(
    'sendBulkMessages',
    asked('later', { schedule_at: new Date(Date.now() + 3_600_000).toISOString() }),
  );
  const soon = await first.call('sendBulkMessages', asked('soon', { schedule_at: at }));
  const paused = await first.call('sendBulkMessages', asked('paused', { schedule_at: at }));
  await first.call('sends.pause', { send_id: paused.send_id });
  await expect.poll(tried, { timeout: 10_000 }).toBeGreaterThan(20);

  // By a process that sends nothing itself, or that does: by a viewer, who may nothing else but look.
  const viewer = {
    caller: { ...CALLER, principal: { kind: 'key', id: 'v', name: 'eyes', role: 'viewer' } },
  } as const;
  const done = await second.call('sends.stop_all', {}, viewer);
  expect(done).toMatchObject({ sends_paused: 3, stopped: { by: 'key eyes' } });
  await sleep(1_000);
  const left = tried();
  expect(left).toBeLessThan(LEADS);
  // What was asked to stop again, or was due meanwhile, changes nothing.
  expect(await first.call('sends.stop_all', {}, PERSON)).toMatchObject({
    sends_paused: 0,
    stopped: { by: 'key eyes' },
  });
  for (const { dispatcher } of opened) dispatcher.wake();
  const refused = (name: string, input: object) =>
    first.call(name, input, PERSON).then(
      () => 'done',
      (error) => [error.code, /stopped by key eyes/.test(error.message)],
    );
  const no = ['conflict', true];
  expect(await refused('sendBulkMessages', asked())).toEqual(no);
  expect(await refused('sendBulkMessages', asked('new'))).toEqual(no);
  expect(await refused('sendBulkMessages', asked('soon', { schedule_at: 'now' }))).toEqual(no);
  expect(await refused('sends.resume', { send_id })).toEqual(no);
  expect(await refused('sends.resume', { send_id: later.send_id, schedule_at: 'now' })).toEqual(no);
  const test = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', to: ['me@example.com'] };
  expect(await refused('sends.test', test)).toEqual(no);
  expect(await first.call('sends.get', { send_id })).toMatchObject({
    state: 'paused',
    paused_reason: expect.stringContaining('All sending was stopped by key eyes'),
    next_step: expect.stringContaining('tidings start-all'),
  });
  expect(await first.call('sends.list')).toMatchObject({ stopped: { by: 'key eyes' } });

  // A process that starts now finds it stopped.
  const third = await open();
  third.dispatcher.start();
  await sleep(600);
  expect(tried()).toBe(left);

  // No key starts it again, whatever its role.
  for (const kind of ['key', 'admin_key', 'open'] as const) {
    const caller = { ...CALLER, principal: { kind, id: 'k', name: 'k', role: 'admin' } } as const;
    await expect(first.call('sends.start_all', {}, { caller })).rejects.toMatchObject({ code: 'forbidden' });
  }
  expect(await first.call('sends.start_all', {}, PERSON)).toMatchObject({ stopped: null, sends_resumed: 3 });
  const state = async (id: string) => (await first.call('sends.get', { send_id: id })).state;
  expect(await state(later.send_id)).toBe('scheduled');
  expect(await state(paused.send_id)).toBe('paused');
  await expect.poll(() => state(send_id), { timeout: 20_000 }).toBe('completed');
  await expect.poll(() => state(soon.send_id), { timeout: 20_000 }).toBe('completed');
  // Whoever was in flight when it stopped got it once, like everybody else.
  const contacts = senders.flatMap(({ accepted }) => accepted.map(({ contact }) => contact));
  expect(contacts).toHaveLength(2 * LEADS);
  expect(new Set(contacts).size).toBe(LEADS);
});

it('what was claimed before and has not left stays, and is pending again', async () => {
  const [core] = opened as [Core];
  const [sender] = senders as [FakeSender];
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const prepare = sender.prepare.bind(sender);
  sender.prepare = (message) => {
    const prepared = prepare(message);
    return {
      ...prepared,
      async deliver(recipient: Recipient, attempt: Attempt) {
        await gate;
        if (!attempt.mayLeave())
          return {
            type: 'transient',
            scope: 'sender',
            code: 'stalled',
            message: 'It stayed.',
            retryAfterMs: 0,
          };
        return prepared.deliver(recipient, attempt);
      },
    } as never;
  };
  core.dispatcher.start();
  const { send_id } = await core.call('sendBulkMessages', asked());
  const inFlight = () =>
    core.ledger.get<{ n: number }>("SELECT count(*) AS n FROM deliveries WHERE status = 'sending'");
  await expect.poll(async () => Number((await inFlight())!.n)).toBe(4);
  await (await open()).call('sends.stop_all', {}, PERSON);
  await sleep(500);
  release();
  await expect.poll(async () => Number((await inFlight())!.n)).toBe(0);
  expect(sender.tries).toBe(0);
  expect(await core.call('sends.get', { send_id })).toMatchObject({
    state: 'paused',
    total_remaining: LEADS,
    total_sent: 0,
  });
});
