import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import type { Ledger, Transaction } from '../../src/ledger/ledger.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

type Work<T> = (tx: Transaction) => Promise<T>;

/** A ledger whose transactions beside others can be made to fail, or to wait when they are over. */
class SlowLedger implements Ledger {
  readonly dialect: Ledger['dialect'];
  /** Statements that fail. */
  refused: RegExp | null = null;
  /** `statements`: what the transaction ran. */
  after: (statements: readonly string[]) => Promise<void> = async () => {};
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.dialect = ledger.dialect;
  }

  all: Ledger['all'] = (sql, ...parameters) => this.#ledger.all(sql, ...parameters);
  get: Ledger['get'] = (sql, ...parameters) => this.#ledger.get(sql, ...parameters);
  write: Ledger['write'] = (work) => this.#ledger.write(work);
  close = () => this.#ledger.close();

  async writeConcurrently<T>(work: Work<T>): Promise<T> {
    const statements: string[] = [];
    const result = await this.#ledger.writeConcurrently((tx) =>
      work({
        dialect: tx.dialect,
        all: (sql, ...parameters) => {
          if (this.refused?.test(sql)) throw new Error('The disk is full.');
          return tx.all(sql, ...parameters);
        },
        get: tx.get.bind(tx),
        run(sql, ...parameters) {
          statements.push(sql);
          return tx.run(sql, ...parameters);
        },
      }),
    );
    await this.after(statements);
    return result;
  }
}

const isClaim = (statements: readonly string[]) =>
  statements.some((sql) => sql.includes("SET status = 'sending'"));

let folder: string;
let ledger: SlowLedger;
const opened: Awaited<ReturnType<typeof openCore>>[] = [];

afterEach(async () => {
  for (const core of opened.splice(0)) await core.close();
  removeFolder(folder);
});

async function open(channel: FakeSender) {
  const core = await openCore([channel], folder, (inner) => {
    ledger = new SlowLedger(inner);
    return ledger;
  });
  opened.push(core);
  return core;
}

async function makeSend(core: Awaited<ReturnType<typeof openCore>>, leads: number) {
  for (let at = 0; at < leads; at += 1_000)
    await core.call('leads.import', {
      leads: Array.from({ length: Math.min(1_000, leads - at) }, (_, n) => ({
        email: `l${at + n}@example.com`,
      })),
    });
  const { audience_id } = await core.call('audience.create', { name: 'All' });
  return { audience_id, channel: 'email', subject: 'Hi', message: 'Hi', max_wait_seconds: 0 };
}

it('a worker that is stopped while it cannot write down what was accepted leaves it in doubt: nobody sends it again', async () => {
  folder = freshFolder();
  const channel = new FakeSender('email', 10);
  const first = await open(channel);
  const send = await makeSend(first, 30);
  channel.answer = () => {
    ledger.refused = /^UPDATE deliveries d SET status = v\.status/;
    return undefined;
  };
  await first.call('sendBulkMessages', send);
  first.dispatcher.start();
  await expect.poll(() => channel.accepted.length, { timeout: 5_000 }).toBe(10);
  // The answers are given up; the chunk is given back with what is in doubt.
  expect(await first.dispatcher.stop(100)).toMatchObject({ inDoubt: 10 });
  channel.answer = () => undefined;

  const second = await open(channel);
  second.dispatcher.start();
  const result = await second.call('sendBulkMessages', { ...send, max_wait_seconds: 20 });
  expect(new Set(channel.accepted.map(({ contact }) => contact)).size).toBe(channel.accepted.length);
  expect(result).toMatchObject({ state: 'completed', total_sent: 20, total_unknown: 10 });
}, 40_000);

it('what was claimed before a chunk was given back does not leave when the same worker has taken it again', async () => {
  folder = freshFolder();
  const channel = new FakeSender('email', 10);
  const core = await open(channel);
  const send = await makeSend(core, 1_500);
  await core.call('sendBulkMessages', send);
  let claims = 0;
  // The answer to a commit is underway for seconds; other connections are as quick as ever.
  ledger.after = async (statements) => {
    if (!isClaim(statements) || ++claims > 1) return;
    const fence = 'SELECT fence FROM chunks WHERE number = 0';
    while ((await ledger.get<{ fence: number }>(fence))!.fence < 2) await sleep(20);
    await sleep(200);
  };
  channel.answer = async (_, tries) => {
    if (tries <= 10) await sleep(tries * 50);
    return undefined;
  };
  core.dispatcher.start();
  const result = await core.call('sendBulkMessages', { ...send, max_wait_seconds: 30 });
  expect(result).toMatchObject({ state: 'completed', total_sent: 1_500 });
  expect(new Set(channel.accepted.map(({ contact }) => contact)).size).toBe(channel.accepted.length);
}, 60_000);
