import { afterEach, beforeEach, expect, it } from 'vitest';
import { endIfDone } from '../../src/core/deliveries/claim.ts';
import { GIVEN_UP, OUTCOME_UNKNOWN } from '../../src/core/deliveries/delivery.ts';
import { requeue } from '../../src/core/deliveries/requeue.ts';
import { type Settlement, settle } from '../../src/core/deliveries/settle.ts';
import { completeStopped } from '../../src/core/dispatch/workers/plan.ts';
import { completeIfSettled } from '../../src/core/sends/send.store.ts';
import type { Transaction } from '../../src/ledger/ledger.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';
import { wrongChunks } from '../torture/chunk-totals.ts';

/** Larger than the smallest chunk: the send has two. */
const LEADS = 501;
let folder: string;
let core: Awaited<ReturnType<typeof openCore>>;
let send: Record<string, unknown>;

/** A send that is over: the lead of the first position has failed, everybody else has the message. Nobody sends any more. */
async function prepare(code: string): Promise<void> {
  const channel = new FakeSender('email', 100);
  channel.answer = ({ contact }) => {
    if (contact !== 'l0@example.com') return undefined;
    return { type: code === OUTCOME_UNKNOWN ? 'uncertain' : 'permanent', code, message: 'No.' };
  };
  core = await openCore([channel], folder);
  await core.call('leads.import', {
    leads: Array.from({ length: LEADS }, (_, at) => ({ email: `l${at}@example.com` })),
  });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  send = { audience_id, channel: 'email', subject: 'Hi', message: 'Hi' };
  core.dispatcher.start();
  await core.call('sendBulkMessages', send);
  await core.dispatcher.stop();
}

beforeEach(() => {
  folder = freshFolder();
});

afterEach(async () => {
  expect(await wrongChunks(core.ledger)).toEqual([]);
  await core.close();
  removeFolder(folder);
});

/** Held before each statement that matches, until it is let go. */
function gate(sign: RegExp) {
  const reached = Promise.withResolvers<void>();
  const open = Promise.withResolvers<void>();
  const pass = async (sql: string) => {
    if (!sign.test(sql)) return;
    reached.resolve();
    await open.promise;
  };
  const around = (tx: Transaction): Transaction => ({
    dialect: tx.dialect,
    async all(sql, ...parameters) {
      await pass(sql);
      return tx.all(sql, ...parameters);
    },
    async get(sql, ...parameters) {
      await pass(sql);
      return tx.get(sql, ...parameters);
    },
    async run(sql, ...parameters) {
      await pass(sql);
      return tx.run(sql, ...parameters);
    },
  });
  return { around, pass, reached: reached.promise, open: open.resolve };
}

const run = (state: 'running' | 'paused' | 'completed') =>
  core.ledger.writeConcurrently((tx) => setState(tx, state));
/** Whatever it was before: what these tests begin with is not how it came to be. */
const setState = (tx: Transaction, state: string) => tx.run('UPDATE sends SET state = ?', state);
const stateOf = async () => (await core.ledger.get<{ state: string }>('SELECT state FROM sends'))!.state;
const totals = () => core.ledger.get('SELECT failed, unknown, in_flight FROM chunks WHERE number = 0');

const answer = (more: Partial<Settlement>): Settlement => ({
  position: 1,
  attempts: 1,
  status: 'sent',
  retries: 0,
  retryAt: null,
  errorCode: null,
  error: null,
  providerSaid: null,
  providerMessageId: null,
  sentAt: null,
  ...more,
});

it('a send is not over when leads are put back to pending by a call that ends just before it is said', async () => {
  await prepare('smtp_550');
  await run('running');
  const { around, reached, open } = gate(/FOR UPDATE/);
  const ending = core.ledger.writeConcurrently((tx) => endIfDone(around(tx), 1));
  await reached;
  expect(await core.ledger.write((tx) => requeue(tx, 1, 'failed', 0, 100))).toMatchObject({ moved: 1 });
  open();
  await ending;
  expect(await stateOf()).toBe('running');
});

it('a send is taken up again by a late answer that comes just when it is over', async () => {
  await prepare(OUTCOME_UNKNOWN);
  await run('running');
  const { pass, reached, open } = gate(/COMMIT/);
  const ending = core.ledger.writeConcurrently(async (tx) => {
    await endIfDone(tx, 1);
    await pass('COMMIT');
  });
  await reached;
  const late = core.ledger.writeConcurrently((tx) =>
    settle(tx, { send_seq: 1, number: 0 }, [
      answer({ status: 'pending', retryAt: 0, errorCode: 'process_stalled' }),
    ]),
  );
  // It waits for the other one, or is done.
  await Promise.race([late, new Promise((resolve) => setTimeout(resolve, 300))]);
  open();
  await Promise.all([ending, late]);
  expect(await stateOf()).toBe('running');
  expect(await totals()).toEqual({ failed: 0, unknown: 0, in_flight: 0 });
});

it('an unknown outcome that turns out to be a refusal while it is put back to pending is counted once', async () => {
  await prepare(OUTCOME_UNKNOWN);
  const { around, reached, open } = gate(/^UPDATE deliveries SET status = 'pending'/);
  const retrying = core.ledger.write((tx) => requeue(around(tx), 1, 'unknown', 0, 100));
  await reached;
  await core.ledger.writeConcurrently((tx) =>
    settle(tx, { send_seq: 1, number: 0 }, [answer({ status: 'failed', errorCode: 'smtp_550' })]),
  );
  open();
  expect(await retrying).toMatchObject({ moved: 0 });
  expect(await totals()).toEqual({ failed: 1, unknown: 0, in_flight: 0 });
});

it('a send that was paused when its last two messages were in flight is completed', async () => {
  await prepare('smtp_550');
  await core.ledger.writeConcurrently(async (tx) => {
    await tx.run("UPDATE deliveries SET status = 'sending' WHERE position IN (2, 501)");
    await tx.run('UPDATE chunks SET sent = sent - 1, in_flight = in_flight + 1');
    await setState(tx, 'paused');
  });
  const commits = [gate(/COMMIT/), gate(/COMMIT/)];
  const ends = [2, 501].map((position, number) =>
    core.ledger.writeConcurrently(async (tx) => {
      if (await settle(tx, { send_seq: 1, number }, [answer({ position })])) await completeIfSettled(tx, 1);
      await commits[number]!.pass('COMMIT');
    }),
  );
  await Promise.all(commits.map(({ reached }) => reached));
  for (const { open } of commits) open();
  await Promise.all(ends);
  await completeStopped(core.ledger);
  expect(await stateOf()).toBe('completed');
});

/** What the operations do in transactions passes it. */
function gateOperations(sign: RegExp) {
  const one = gate(sign);
  const write = core.ledger.write.bind(core.ledger);
  core.ledger.write = (work) => write((tx) => work(one.around(tx)));
  return one;
}

it('a call that goes on with a send is not undone by a worker that just found nothing left to try', async () => {
  await prepare('smtp_550');
  await core.ledger.writeConcurrently(async (tx) => {
    await tx.run(
      "UPDATE deliveries SET status = 'pending', error_code = error_code, retry_at = ? WHERE position = 1",
      GIVEN_UP,
    );
    await tx.run('UPDATE chunks SET failed = 0');
    await setState(tx, 'running');
  });
  const { reached, open } = gateOperations(/^UPDATE deliveries SET retries = 0, retry_at = /);
  const call = core.call('sendBulkMessages', { ...send, max_wait_seconds: 0 });
  await reached;
  const ending = core.ledger.writeConcurrently((tx) => endIfDone(tx, 1));
  await Promise.race([ending, new Promise((resolve) => setTimeout(resolve, 300))]);
  open();
  await Promise.all([call, ending]);
  expect(await stateOf()).toBe('running');
});

it('a lead that is put back to pending with a new message never has the old one', async () => {
  await prepare('smtp_550');
  await run('running');
  const revision = async () =>
    (
      await core.ledger.get<{ message: string }>(
        "SELECT message FROM sends JOIN deliveries ON send_seq = seq WHERE status = 'pending'",
      )
    )?.message;
  // The transaction after the one that puts back.
  const { reached, open } = gateOperations(
    / FROM sends s JOIN chunks c ON c.send_seq = s.seq WHERE s.seq = /,
  );
  const call = core.call('sendBulkMessages', {
    ...send,
    message: 'New',
    retry: 'failed',
    max_wait_seconds: 0,
  });
  await reached;
  expect(await revision()).toBe('New');
  open();
  expect((await call).notice).toContain('The message changed: the 1 lead still pending gets the new one.');
});
