import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../ledger/ledger.ts';
import { isOutdated } from '../../ledger/migrate.ts';
import type { Log } from '../../log/log.ts';
import { resumeBuilding } from '../audiences/build-audience.ts';
import type { ContactLimit } from '../deliveries/contact-limit.ts';
import { recoverInDoubt } from '../deliveries/recover.ts';
import { LONGEST_RETRY_MS, now } from '../deliveries/resolve-outcome.ts';
import { capRetryDelays } from '../deliveries/retry.store.ts';
import type { Sender } from '../deliveries/sender.ts';
import type { FreshChoices } from '../events/fresh-choices.ts';
import { findHold, HOLD_FIX, whyHeld } from '../holds/hold.ts';
import { anyDue, countLeft, startDue } from '../sends/send.store.ts';
import type { Chore } from './chore.ts';
import type { DispatcherControl, SenderState } from './dispatcher-control.ts';
import { DRAIN_MS, drain, GIVE_UP_MS, within } from './drain.ts';
import { Inheritance } from './inheritance.ts';
import { Lease } from './lease.ts';
import { OwnedSends } from './owned-sends.ts';
import { Pacer } from './pace/pacer.ts';
import { FAULTS_FOR_A_LINE, SenderLoop } from './sender-loop.ts';
import type { StopSwitch } from './stop-switch.ts';
import type { Timing } from './timing.ts';

/**
 * Sends, for each sender in whichever process owns the lease of it: a process that only tries out (sandbox) keeps nobody
 * from sending, and is kept by nobody.
 *
 *   watching ──lease taken, doubt resolved──▶ sending ──stop──▶ draining ──▶ stopped
 *      ▲                                         │
 *      └──────────────── lease lost ─────────────┘
 *
 * When a newer Tidings has changed the tables, it drains, gives its leases back and takes none any more.
 */
export class Dispatcher implements DispatcherControl {
  readonly #ledger: Ledger;
  readonly #senders: readonly { sender: Sender; lease: Lease; loop: SenderLoop }[];
  readonly #inheritance: Inheritance;
  readonly #log: Log;
  readonly #chores: readonly Chore[];
  readonly #timing: Timing;
  readonly #ended = new AbortController();
  #sending: Promise<unknown> | null = null;
  #keeping: Promise<unknown> | null = null;
  #isStopping = false;
  #isOutdated = false;
  #tellHoldAt = 0;
  #stopping: Promise<{ inDoubt: number; left: number | null }> | null = null;

  constructor(options: {
    ledger: Ledger;
    senders: readonly Sender[];
    siteName: string | null;
    contactLimit?: ContactLimit | null;
    choices?: FreshChoices;
    stop?: StopSwitch;
    log: Log;
    timing: Timing;
    chores?: readonly Chore[];
  }) {
    this.#chores = options.chores ?? [];
    this.#ledger = options.ledger;
    this.#log = options.log;
    this.#timing = options.timing;
    this.#inheritance = new Inheritance(options);
    this.#senders = options.senders.map((sender) => {
      const lease = new Lease(options.ledger, sender.about.id, options.timing);
      const assignment = new OwnedSends(options.ledger, lease, sender.about.id);
      const pace = new Pacer(sender.about.ratePerSecond, performance.now());
      return { sender, lease, loop: new SenderLoop({ ...options, assignment, pace, sender }) };
    });
  }

  start(): void {
    this.#sending ??= Promise.all(this.#senders.map(({ loop }) => loop.run()));
    this.#keeping ??= Promise.all([this.#keepLeases(), this.#startScheduled(), this.#keepHouse()]);
  }

  /** A send was made or resumed here: look at once, not at the next poll. */
  wake(): void {
    for (const { loop } of this.#senders) loop.wake();
  }

  senders(): SenderState[] {
    return this.#senders.map(({ lease, loop }) => ({
      ...loop.state(),
      maySend: !this.#isOutdated && lease.isFresh(),
    }));
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** @returns how many outcomes nobody knows because of it, and how many messages wait for the next process. */
  async stop(maxMs = DRAIN_MS): Promise<{ inDoubt: number; left: number | null }> {
    this.#isStopping = true;
    if (this.#sending === null) return { inDoubt: 0, left: 0 };
    this.#stopping ??= this.#stop(this.#sending, maxMs);
    return this.#stopping;
  }

  /** The lease is kept to the end: nobody may call unknown what is still being waited for. */
  async #stop(sending: Promise<unknown>, maxMs: number): Promise<{ inDoubt: number; left: number | null }> {
    const inDoubt = await drain(this.#senders, sending, maxMs, this.#log);
    this.#ended.abort();
    await within(this.#keeping!, GIVE_UP_MS);
    await this.#release().catch((error: unknown) => {
      this.#log.error(
        { err: error },
        'the ledger could not be written at the end; the next process sees to it',
      );
    });
    return { inDoubt, left: await countLeft(this.#ledger).catch(() => null) };
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
          this.#senders.map(({ lease }) => lease).filter(({ isOwned }) => isOwned),
        );
        await this.#stopIfOutdated();
        if (this.#stopping === null && !this.#isOutdated) {
          await this.#takeAll();
          if (await this.#inheritance.take((sender) => this.#owns(sender))) this.wake();
        }
        faults = 0;
      } catch (error) {
        if (faults++ % FAULTS_FOR_A_LINE === 0)
          this.#log.error({ err: error }, 'the right to send cannot be kept; trying again every second');
      }
      const hasAll = this.#senders.every(({ lease }) => lease.isOwned);
      const { leaseBeatMs, leaseTakeMs } = this.#timing;
      const { signal } = this.#ended;
      await sleep(hasAll ? leaseBeatMs : leaseTakeMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Asked with each beat: a newer server brings the data up to date while this one still runs. */
  async #stopIfOutdated(): Promise<void> {
    if (this.#isOutdated || !(await isOutdated(this.#ledger))) return;
    this.#isOutdated = true;
    this.#log.error({}, 'a newer Tidings has changed the data: this version sends nothing more; upgrade it');
    for (const { loop } of this.#senders) loop.stop();
    // What is in flight is written down first, so that the next holder finds nothing in doubt.
    this.#sending
      ?.then(() => this.#release())
      .catch((error: unknown) =>
        this.#log.error({ err: error }, 'the right to send could not be given back'),
      );
  }

  /** The clock on the wall decides: a time that went by while no process ran is found by the first that does. */
  async #startScheduled(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      try {
        const nowMs = Date.now();
        if (this.#stopping === null && this.#ownsAny() && (await anyDue(this.#ledger, nowMs))) {
          const started = await this.#ledger.write((tx) => startDue(tx, nowMs));
          if (started > 0) this.#log.info({ started }, 'scheduled sends start');
          this.wake();
        }
      } catch {
        // Tried again soon, and told by whoever keeps the lease: it meets the same disk.
      }
      await sleep(this.#timing.dueMs, undefined, { signal: this.#ended.signal }).catch(() => {});
    }
  }

  /** Each by itself: one that fails keeps no other from being done. */
  async #keepHouse(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      for (const [fault, work] of this.#chores) {
        if (this.#stopping !== null) return;
        await work().catch((error: unknown) =>
          this.#log.error({ err: error }, `${fault}; trying again in a minute`),
        );
      }
      await sleep(this.#timing.housekeepingMs, undefined, { signal: this.#ended.signal }).catch(() => {});
    }
  }

  #owns(sender: string): boolean {
    return this.#senders.some(({ sender: { about }, lease }) => about.id === sender && lease.isFresh());
  }

  #ownsAny(): boolean {
    return this.#senders.some(({ lease }) => lease.isFresh());
  }

  /** Told once a minute. */
  async #isHeld(): Promise<boolean> {
    const hold = await findHold(this.#ledger);
    if (hold && performance.now() >= this.#tellHoldAt) {
      this.#tellHoldAt = performance.now() + this.#timing.tellHoldMs;
      this.#log.warn({ fix: HOLD_FIX }, whyHeld(hold));
    }
    return hold !== null;
  }

  async #takeAll(): Promise<void> {
    if (this.#senders.every(({ lease }) => lease.isOwned) || (await this.#isHeld())) return;
    const why = 'The process that was sending died before it could read the answer.';
    let hasTaken = false;
    for (const { sender, lease } of this.#senders) {
      if (lease.isOwned) continue;
      let inDoubt = 0;
      const isTaken = await lease.tryTake(async (tx) => {
        inDoubt = await recoverInDoubt(tx, sender.about.id, why);
        await capRetryDelays(tx, now().steadyMs, LONGEST_RETRY_MS);
      });
      if (!isTaken) continue;
      hasTaken = true;
      this.#log.info({ sender: sender.about.id, inDoubt }, 'this process sends');
    }
    if (!hasTaken) return;
    resumeBuilding(this.#ledger, this.#log).catch((error: unknown) => {
      this.#log.error({ err: error }, 'audiences could not be built to their end');
    });
    this.wake();
  }
}
