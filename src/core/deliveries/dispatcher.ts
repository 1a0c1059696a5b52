import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../ledger/ledger.ts';
import { resumeBuilding } from '../audiences/build-audience.ts';
import type { Log } from '../log.ts';
import { anyDue, countLeft, startDue } from '../sends/send.store.ts';
import type { DispatcherControl } from '../tidings.ts';
import type { Channel } from './channel.ts';
import { boundWaiting, recoverInDoubt } from './delivery.store.ts';
import { BEAT_MS, Lease } from './lease.ts';
import { LeaseWork } from './lease-work.ts';
import { Pacer } from './pacer.ts';
import { LONGEST_RETRY_MS, now } from './resolve-outcome.ts';
import { FAULTS_FOR_A_LINE, SenderLoop } from './sender-loop.ts';

const TAKE_MS = 500;
/** How late a scheduled send may start. */
const DUE_MS = 500;
const DRAIN_MS = 20_000;

/**
 * Sends, in whichever process holds the lease.
 *
 *   watching ──lease taken, doubt resolved──▶ sending ──stop──▶ draining ──▶ stopped
 *      ▲                                         │
 *      └──────────────── lease lost ─────────────┘
 */
export class Dispatcher implements DispatcherControl {
  readonly #ledger: Ledger;
  readonly #lease: Lease;
  readonly #loops: readonly SenderLoop[];
  readonly #log: Log;
  readonly #stopped = new AbortController();
  #running: Promise<unknown> | null = null;

  constructor(options: { ledger: Ledger; channels: readonly Channel[]; siteName: string | null; log: Log }) {
    this.#ledger = options.ledger;
    this.#log = options.log;
    this.#lease = new Lease(options.ledger, 'dispatcher');
    this.#loops = options.channels.map(
      (channel) =>
        new SenderLoop({
          ...options,
          work: new LeaseWork(options.ledger, this.#lease, channel),
          pace: new Pacer(channel.sender.ratePerSecond, performance.now()),
          channel,
        }),
    );
  }

  start(): void {
    this.#running ??= Promise.all([
      this.#keepLease(),
      this.#startScheduled(),
      ...this.#loops.map((loop) => loop.run()),
    ]);
  }

  /** A send was made or resumed here: look at once, not at the next poll. */
  wake(): void {
    for (const loop of this.#loops) loop.wake();
  }

  async stop(maxMs = DRAIN_MS): Promise<{ inDoubt: number; left: number | null }> {
    if (this.#running === null) return { inDoubt: 0, left: 0 };
    for (const loop of this.#loops) loop.stop();
    this.#stopped.abort();
    await Promise.race([this.#running, sleep(maxMs, undefined, { ref: false })]);
    const inDoubt = this.#loops.reduce((sum, loop) => sum + loop.inFlight, 0);
    await this.#lease.release().catch((error: unknown) => {
      this.#log.error(
        { err: error },
        'the ledger could not be written at the end; the next process sees to it',
      );
    });
    return { inDoubt, left: await countLeft(this.#ledger).catch(() => null) };
  }

  async #keepLease(): Promise<void> {
    let held = false;
    let faults = 0;
    while (!this.#stopped.signal.aborted) {
      try {
        if (held) held = await this.#lease.beat();
        else held = await this.#take();
        faults = 0;
      } catch (error) {
        if (faults++ % FAULTS_FOR_A_LINE === 0)
          this.#log.error({ err: error }, 'the right to send cannot be kept; trying again every second');
      }
      await sleep(held ? BEAT_MS : TAKE_MS, undefined, { signal: this.#stopped.signal }).catch(() => {});
    }
  }

  /** The clock on the wall decides: a time that went by while no process ran is found by the first that does. */
  async #startScheduled(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        const nowMs = Date.now();
        if (this.#lease.isFresh() && (await anyDue(this.#ledger, nowMs))) {
          const started = await this.#ledger.write((tx) => startDue(tx, nowMs));
          if (started > 0) this.#log.info({ started }, 'scheduled sends start');
          this.wake();
        }
      } catch {
        // Tried again soon, and told by whoever keeps the lease: it meets the same disk.
      }
      await sleep(DUE_MS, undefined, { signal: this.#stopped.signal }).catch(() => {});
    }
  }

  async #take(): Promise<boolean> {
    const why = 'The process that was sending died before it could read the answer.';
    let inDoubt = 0;
    const taken = await this.#lease.tryTake(async (tx) => {
      inDoubt = await recoverInDoubt(tx, why);
      await boundWaiting(tx, now().steadyMs, LONGEST_RETRY_MS);
    });
    if (!taken) return false;
    this.#log.info({ inDoubt }, 'this process sends');
    resumeBuilding(this.#ledger).catch((error: unknown) => {
      this.#log.error({ err: error }, 'an audience could not be built to its end');
    });
    this.wake();
    return true;
  }
}
