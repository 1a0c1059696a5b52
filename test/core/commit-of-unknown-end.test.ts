import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { STALLED } from '../../src/core/deliveries/sender.ts';
import { TidingsError } from '../../src/errors.ts';
import type { Ledger, Transaction } from '../../src/ledger/ledger.ts';
import { freshFolder, openCore, removeFolder } from '../support/core.ts';
import { FakeSender } from '../support/fake-sender.ts';

/** A statement of a turn that claims, by what it does to rows. */
const CLAIMS = /SET status = 'sending'/;

/** A ledger over a line that is lost in the middle of a COMMIT: it is done, and nobody hears of it. */
class DeafLedger implements Ledger {
  readonly dialect: Ledger['dialect'];
  /** Whether the end of a transaction that claimed is heard. `claims`: how many there were, with this one. */
  isLost: (claims: number) => boolean = () => false;
  /** Called when the end of one was not heard. */
  onLost: () => void = () => {};
  readonly #ledger: Ledger;
  #claims = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.dialect = ledger.dialect;
  }

  all: Ledger['all'] = (sql, ...parameters) => this.#ledger.all(sql, ...parameters);
  get: Ledger['get'] = (sql, ...parameters) => this.#ledger.get(sql, ...parameters);
  write: Ledger['write'] = (work) => this.#heard((deaf) => this.#ledger.write(deaf(work)));
  writeConcurrently: Ledger['writeConcurrently'] = (work) =>
    this.#heard((deaf) => this.#ledger.writeConcurrently(deaf(work)));
  close = () => this.#ledger.close();

  async #heard<T>(
    write: (around: (work: (tx: Transaction) => Promise<T>) => (tx: Transaction) => Promise<T>) => Promise<T>,
  ): Promise<T> {
    let isClaim = false;
    const result = await write((work) => (tx) => {
      const { dialect } = tx;
      const run: Transaction['run'] = async (sql, ...parameters) => {
        const changed = await tx.run(sql, ...parameters);
        if (CLAIMS.test(sql) && changed > 0) isClaim = true;
        return changed;
      };
      return work({ dialect, run, all: tx.all.bind(tx), get: tx.get.bind(tx) });
    });
    if (!isClaim || !this.isLost(++this.#claims)) return result;
    this.onLost();
    throw new TidingsError('storage', 'The line was lost.', { fix: 'Wait.' });
  }
}

describe('a commit whose end nobody hears', () => {
  const LEADS = 30;
  let folder: string;
  let deaf: DeafLedger;
  let core: Awaited<ReturnType<typeof openCore>>;

  async function open(channel: FakeSender) {
    folder = freshFolder();
    core = await openCore([channel], folder, (ledger) => {
      deaf = new DeafLedger(ledger);
      return deaf;
    });
    await core.call('leads.import', {
      leads: Array.from({ length: LEADS }, (_, at) => ({ name: `L${at}`, email: `l${at}@example.com` })),
    });
    const { audience_id } = await core.call('audience.create', { name: 'All' });
    return { audience_id, channel: 'email', subject: 'Hi', message: 'Hi {{lead.name}}', max_wait_seconds: 0 };
  }

  afterEach(async () => {
    await core.close();
    removeFolder(folder);
  });

  const contacts = (channel: FakeSender) => channel.accepted.map(({ contact }) => contact);

  it('sends each message once, and leaves nothing unknown', async () => {
    const channel = new FakeSender('email', 4);
    const send = await open(channel);
    deaf.isLost = (claims) => [1, 2, 4].includes(claims);
    core.dispatcher.start();
    const result = await core.call('sendBulkMessages', { ...send, max_wait_seconds: 20 });
    expect(result).toMatchObject({ state: 'completed', total_sent: LEADS, total_unknown: 0 });
    expect(new Set(contacts(channel)).size).toBe(LEADS);
    expect(channel.accepted.length).toBe(LEADS);
  });

  it('takes back what it claimed again in the same turn as it was settled', async () => {
    const channel = new FakeSender('email', 1);
    // Each one is delayed at first: it is pending again, and claimed again by the transaction that says so.
    channel.answer = ({ attemptId }) => (attemptId.endsWith('.1') ? STALLED : undefined);
    const send = await open(channel);
    deaf.isLost = (claims) => claims === 2;
    core.dispatcher.start();
    const result = await core.call('sendBulkMessages', { ...send, max_wait_seconds: 20 });
    expect(result).toMatchObject({ state: 'completed', total_sent: LEADS, total_unknown: 0 });
    expect(channel.accepted.length).toBe(LEADS);
  });

  it('and a stop right after it leave nothing in doubt: the next process sends the rest', async () => {
    const channel = new FakeSender('email', LEADS);
    const send = await open(channel);
    const lost = new Promise<void>((resolve) => {
      deaf.onLost = resolve;
    });
    deaf.isLost = (claims) => claims === 1;
    core.dispatcher.start();
    await core.call('sendBulkMessages', send);
    await lost;
    await sleep(50);
    expect(await core.dispatcher.stop()).toMatchObject({ inDoubt: 0 });
    await core.close();
    expect(channel.accepted).toEqual([]);

    core = await openCore([channel], folder);
    core.dispatcher.start();
    const result = await core.call('sendBulkMessages', { ...send, max_wait_seconds: 20 });
    expect(result).toMatchObject({ state: 'completed', total_sent: LEADS, total_unknown: 0 });
    expect(channel.accepted.length).toBe(LEADS);
  });
});
