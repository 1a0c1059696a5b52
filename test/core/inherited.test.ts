import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { freshFolder, hurried, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

const LEADS = 40;
const WINDOW = 8;
/** One hiccup of this machine is not yet a silence. */
const TIMING = hurried(5);
const opened: Awaited<ReturnType<typeof openCore>>[] = [];
let folder: string;
/** The same channel by another login, as in two processes whose SMTP_URL differs, or one before and after a change. */
let old: FakeSender;
let young: FakeSender;

beforeEach(() => {
  folder = freshFolder();
  old = new FakeSender('email', WINDOW, null, 'fake:old');
  young = new FakeSender('email', WINDOW, null, 'fake:young');
});

afterEach(async () => {
  for (const core of opened.splice(0)) {
    await core.dispatcher.stop(0);
    await core.close();
  }
  removeFolder(folder);
});

async function open(sender: FakeSender, around?: (ledger: Ledger) => Ledger) {
  const core = await openCore([sender], folder, around, undefined, { timing: TIMING });
  opened.push(core);
  return core;
}

async function makeSend(core: Awaited<ReturnType<typeof openCore>>) {
  const leads = Array.from({ length: LEADS }, (_, at) => ({ email: `l${at}@example.com` }));
  await core.call('leads.import', { leads });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  const message = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
  await core.call('sendBulkMessages', message);
  return { ...message, max_wait_seconds: 60 };
}

const contactsOf = (...senders: FakeSender[]) =>
  senders.flatMap(({ accepted }) => accepted.map(({ contact }) => contact));

it('a send whose sender is not configured any more goes on by the one that has taken its place', async () => {
  const before = await open(old);
  old.answer = (_, tries) =>
    tries <= 10 ? undefined : { type: 'transient', scope: 'sender', code: 'ECONNREFUSED', message: 'Away.' };
  const message = await makeSend(before);
  before.dispatcher.start();
  await expect.poll(() => old.accepted.length, { timeout: 10_000 }).toBe(10);
  await before.dispatcher.stop();

  const after = await open(young);
  after.dispatcher.start();
  const result = await after.call('sendBulkMessages', message);
  expect(result).toMatchObject({
    state: 'completed',
    sender: 'fake:young',
    total_sent: LEADS,
    total_unknown: 0,
  });
  expect(young.accepted).toHaveLength(LEADS - 10);
  expect(new Set(contactsOf(old, young)).size).toBe(LEADS);
}, 90_000);

it('a living process keeps its sends, and what it has in flight, beside one with another sender', async () => {
  const answers = Promise.withResolvers<undefined>();
  old.answer = () => answers.promise;
  const first = await open(old);
  first.dispatcher.start();
  const message = await makeSend(first);
  await expect.poll(() => old.tries, { timeout: 10_000 }).toBe(WINDOW);

  const second = await open(young);
  second.dispatcher.start();
  // Longer than a process may be silent before others take over from it.
  await sleep(1.3 * TIMING.workerLostMs);
  answers.resolve(undefined);
  const result = await second.call('sendBulkMessages', message);
  expect(result).toMatchObject({
    state: 'completed',
    sender: 'fake:old',
    total_sent: LEADS,
    total_unknown: 0,
  });
  expect(young.tries).toBe(0);
  expect(new Set(contactsOf(old)).size).toBe(LEADS);
}, 90_000);

it('of a sender that died in the middle, what was in flight is unknown, and the rest goes to the one in its place', async () => {
  let isGone = false;
  old.answer = () => new Promise(() => {});
  const first = await open(old, (ledger) => {
    const mayWrite =
      (write: Ledger['write']): Ledger['write'] =>
      async (work) => {
        if (isGone) throw new Error('This process is dead.');
        return write.call(ledger, work) as ReturnType<typeof work>;
      };
    const { write, writeConcurrently } = ledger;
    ledger.write = mayWrite(write);
    ledger.writeConcurrently = mayWrite(writeConcurrently);
    return ledger;
  });
  first.dispatcher.start();
  const message = await makeSend(first);
  await expect.poll(() => old.tries, { timeout: 10_000 }).toBe(WINDOW);
  isGone = true;

  const second = await open(young);
  second.dispatcher.start();
  const result = await second.call('sendBulkMessages', message);
  expect(result).toMatchObject({
    state: 'completed',
    sender: 'fake:young',
    total_sent: LEADS - WINDOW,
    total_unknown: WINDOW,
  });
  expect(young.tries).toBe(LEADS - WINDOW);
  isGone = false;
}, 120_000);
