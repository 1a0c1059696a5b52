import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../ledger/ledger.ts';
import { resumeBuilding } from '../audiences/build-audience.ts';
import type { Log } from '../log.ts';
import type { DispatcherControl } from '../tidings.ts';
import { type Channel, modeOf } from './channel.ts';
import { boundWaiting, recoverInDoubt } from './delivery.store.ts';
import { BEAT_MS, Lease } from './lease.ts';
import { LONGEST_RETRY_MS, now } from './resolve-outcome.ts';
import { FAULTS_FOR_A_LINE, SenderLoop } from './sender-loop.ts';

const TAKE_MS = 500;
const DRAIN_MS = 20_000;
/** For what an abandoned attempt is to be written down as. */
const GIVE_UP_MS = 2_000;

/**
 * Sends, for each channel and mode in whichever process holds the lease of it: a process that only tries out (sandbox)
 * keeps nobody from sending, and is kept by nobody.
 *
 *   watching ──lease taken, doubt resolved──▶ sending ──stop──▶ draining ──▶ stopped
 *      ▲                                         │
 *      └──────────────── lease lost ─────────────┘
 */
export class Dispatcher implements DispatcherControl {
  readonly #ledger: Ledger;
  readonly #senders: readonly { channel: Channel; lease: Lease; loop: SenderLoop }[];
  readonly #log: Log;
  readonly #ended = new AbortController();
  #sending: Promise<unknown> | null = null;
  #keeping: Promise<void> | null = null;
  #stopping: Promise<{ inDoubt: number; left: number | null }> | null = null;

  constructor(options: { ledger: Ledger; channels: readonly Channel[]; siteName: string | null; log: Log }) {
    this.#ledger = options.ledger;
    this.#log = options.log;
    this.#senders = options.channels.map((channel) => {
      const lease = new Lease(options.ledger, `${channel.name}/${modeOf(channel)}`);
      return { channel, lease, loop: new SenderLoop({ ...options, lease, channel }) };
    });
  }

  start(): void {
    this.#sending ??= Promise.all(this.#senders.map(({ loop }) => loop.run()));
    this.#keeping ??= this.#keepLeases();
  }

  /** A send was made or resumed here: look at once, not at the next poll. */
  wake(): void {
    for (const { loop } of this.#senders) loop.wake();
  }

  /** @returns how many outcomes nobody knows because of it, and how many messages wait for the next process. */
  async stop(maxMs = DRAIN_MS): Promise<{ inDoubt: number; left: number | null }> {
    if (this.#sending === null) return { inDoubt: 0, left: 0 };
    this.#stopping ??= this.#stop(this.#sending, maxMs);
    return this.#stopping;
  }

  /** The lease is kept to the end: nobody may call unknown what is still being waited for. */
  async #stop(sending: Promise<unknown>, maxMs: number): Promise<{ inDoubt: number; left: number | null }> {
    for (const { loop } of this.#senders) loop.stop();
    await within(sending, maxMs);
    const inDoubt = this.#inFlight() === 0 ? 0 : await this.#giveUp(sending);
    this.#ended.abort();
    await within(this.#keeping!, GIVE_UP_MS);
    await this.#release().catch((error: unknown) => {
      this.#log.error(
        { err: error },
        'the ledger could not be written at the end; the next process sees to it',
      );
    });
    return { inDoubt, left: await this.#left().catch(() => null) };
  }

  /** The lines are cut: what had not left yet is pending again, and only the rest is unknown. */
  async #giveUp(sending: Promise<unknown>): Promise<number> {
    const before = await this.#unknown().catch(() => 0);
    for (const { channel } of this.#senders) {
      channel.close(0).catch((error: unknown) => {
        this.#log.error({ err: error, channel: channel.name }, 'a channel could not be closed');
      });
    }
    await within(sending, GIVE_UP_MS);
    for (const { loop } of this.#senders) loop.abandon();
    return this.#inFlight() + (await this.#unknown().catch(() => before)) - before;
  }

  #inFlight(): number {
    return this.#senders.reduce((sum, { loop }) => sum + loop.inFlight, 0);
  }

  async #unknown(): Promise<number> {
    return (await this.#ledger.get<{ n: number }>('SELECT coalesce(sum(unknown), 0) AS n FROM sends'))!.n;
  }

  /** How many messages of running sends wait for the next process. */
  async #left(): Promise<number> {
    const sql =
      "SELECT coalesce(sum(total - sent - failed - skipped), 0) AS n FROM sends WHERE state = 'running'";
    return (await this.#ledger.get<{ n: number }>(sql))!.n;
  }

  async #release(): Promise<void> {
    for (const { lease } of this.#senders) await lease.release();
  }

  async #keepLeases(): Promise<void> {
    let faults = 0;
    while (!this.#ended.signal.aborted) {
      try {
        await Lease.beat(
          this.#ledger,
          this.#senders.map(({ lease }) => lease).filter(({ isHeld }) => isHeld),
        );
        if (this.#stopping === null) await this.#takeAll();
        faults = 0;
      } catch (error) {
        if (faults++ % FAULTS_FOR_A_LINE === 0)
          this.#log.error({ err: error }, 'the right to send cannot be kept; trying again every second');
      }
      const hasAll = this.#senders.every(({ lease }) => lease.isHeld);
      await sleep(hasAll ? BEAT_MS : TAKE_MS, undefined, { signal: this.#ended.signal }).catch(() => {});
    }
  }

  async #takeAll(): Promise<void> {
    const why = 'The process that was sending died before it could read the answer.';
    let hasTaken = false;
    for (const { channel, lease } of this.#senders) {
      if (lease.isHeld) continue;
      let inDoubt = 0;
      const isTaken = await lease.tryTake(async (tx) => {
        inDoubt = await recoverInDoubt(tx, channel.name, modeOf(channel), why);
        await boundWaiting(tx, now().steadyMs, LONGEST_RETRY_MS);
      });
      if (!isTaken) continue;
      hasTaken = true;
      this.#log.info({ channel: channel.name, mode: modeOf(channel), inDoubt }, 'this process sends');
    }
    if (!hasTaken) return;
    resumeBuilding(this.#ledger).catch((error: unknown) => {
      this.#log.error({ err: error }, 'an audience could not be built to its end');
    });
    this.wake();
  }
}

async function within(work: Promise<unknown>, maxMs: number): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(maxMs, undefined, { signal: over.signal }).catch(() => {})]);
  over.abort();
}
