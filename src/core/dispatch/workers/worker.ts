import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../../ledger/ledger.ts';
import { isOutdated } from '../../../ledger/migrate.ts';
import type { Log } from '../../../log/log.ts';
import { resumeBuilding } from '../../audiences/build-audience.ts';
import type { ContactLimit } from '../../deliveries/contact-limit.ts';
import { LONGEST_RETRY_MS, now } from '../../deliveries/resolve-outcome.ts';
import { capRetryDelays } from '../../deliveries/retry.store.ts';
import { logEnded } from '../../deliveries/send-ended.ts';
import type { Sender } from '../../deliveries/sender.ts';
import type { FreshChoices } from '../../events/fresh-choices.ts';
import { findHold, HOLD_FIX, whyHeld } from '../../holds/hold.ts';
import { newId } from '../../new-id.ts';
import { countLeft, startDue } from '../../sends/send.store.ts';
import type { Chore } from '../chore.ts';
import type { DispatcherControl, SenderState } from '../dispatcher-control.ts';
import { DRAIN_MS, drain, GIVE_UP_MS, within } from '../drain.ts';
import { SharedPace } from '../pace/shared-pace.ts';
import { FAULTS_FOR_A_LINE, SenderLoop } from '../sender-loop.ts';
import type { StopSwitch } from '../stop-switch.ts';
import type { Timing } from '../timing.ts';
import { hideSenders, inherit, showSenders } from './inherit.ts';
import type { JobQueue } from './job-queue.ts';
import { beat, endBeat, LostWorkers } from './lost-workers.ts';
import { OwnedChunks } from './owned-chunks.ts';
import { completeStopped, makeAllRows, plan, planOwned, planStarts } from './plan.ts';
import { FREEZE_QUEUE, START_QUEUE } from './queues.ts';

/**
 * One of many processes that send: takes chunks of running sends as jobs, delivers them, gives them back.
 *
 *   working ──stop──▶ draining (nothing more is taken or claimed) ──▶ everything given back ──▶ stopped
 *
 * Everyone plans: the work is the same whoever does it, and nobody has to be elected.
 */
export class Worker implements DispatcherControl {
  readonly #ledger: Ledger;
  readonly #queue: JobQueue;
  readonly #log: Log;
  readonly #chores: readonly Chore[];
  readonly #timing: Timing;
  readonly #name = newId();
  readonly #lost: LostWorkers;
  readonly #parts: readonly {
    readonly sender: Sender;
    readonly chunks: OwnedChunks;
    readonly loop: SenderLoop;
  }[];
  /** Nothing new is begun. */
  readonly #stopping = new AbortController();
  /** Nothing is in flight any more, or it was not waited for. */
  readonly #drained = new AbortController();
  #isStopping = false;
  #isHeld = false;
  #tellHoldAt = 0;
  #running: Promise<unknown> | null = null;
  #ending: Promise<{ inDoubt: number; left: number | null }> | null = null;
  #nudge = new AbortController();
  #planning: 'no' | 'yes' | 'and again' = 'no';

  constructor(options: {
    ledger: Ledger;
    queue: JobQueue;
    senders: readonly Sender[];
    siteName: string | null;
    contactLimit?: ContactLimit | null;
    choices?: FreshChoices;
    stop?: StopSwitch;
    log: Log;
    timing: Timing;
    chores?: readonly Chore[];
  }) {
    const { ledger, queue, log, timing } = options;
    this.#ledger = ledger;
    this.#queue = queue;
    this.#log = log;
    this.#timing = timing;
    this.#chores = options.chores ?? [];
    this.#lost = new LostWorkers({ ledger, queue, worker: this.#name, log, timing });
    this.#parts = options.senders.map((sender) => {
      const chunks = new OwnedChunks({
        ledger,
        queue,
        sender: sender.about.id,
        worker: this.#name,
        log,
        timing,
      });
      const pace = new SharedPace(ledger, sender.about, () => chunks.count > 0);
      return { sender, chunks, loop: new SenderLoop({ ...options, assignment: chunks, pace, sender }) };
    });
  }

  start(): void {
    if (this.#running) return;
    // As it stands in the ledger, beside the chunks that it delivers.
    this.#log.info({ holder: this.#name }, 'takes part in sending');
    const { signal } = this.#stopping;
    const { keepMs, planMs, watchMs, inheritMs, jobPollMs, housekeepingMs } = this.#timing;
    const keeping = this.#repeat(keepMs, this.#drained.signal, 'jobs cannot be kept', () => this.#keep());
    this.#running = Promise.all([
      this.#repeat(planMs, signal, 'work cannot be laid out', () => this.#plan()),
      this.#repeat(watchMs, signal, 'other workers cannot be watched', () => this.#lost.look()),
      this.#repeat(inheritMs, signal, 'senders that are gone cannot be followed', () => this.#inherit()),
      this.#repeat(jobPollMs, signal, 'scheduled sends cannot be started', () => this.#startScheduled()),
      this.#repeat(jobPollMs, signal, 'the rows of a send cannot be made', () => this.#makeRows()),
      ...this.#housekeeping().map(([fault, task]) => this.#repeat(housekeepingMs, signal, fault, task)),
      ...this.#parts.map(({ chunks, loop }) => this.#deliver(chunks, loop)),
    ]).then(async () => {
      this.#drained.abort();
      await keeping;
      await this.#ledger.writeConcurrently((tx) => endBeat(tx, this.#name)).catch(() => {});
    });
  }

  /** A send was made or resumed here: looked at by the first worker that has room. */
  wake(): void {
    if (this.#planning !== 'no') {
      this.#planning = 'and again';
      return;
    }
    this.#planning = 'yes';
    Promise.all([this.#plan(), planStarts(this.#ledger, this.#queue)])
      .catch((error: unknown) => this.#log.debug({ err: error }, 'the next plan will see it'))
      .then(() => {
        const again = this.#planning === 'and again';
        this.#planning = 'no';
        this.#look();
        if (again) this.wake();
      });
  }

  /** Looks for jobs now, not at the next poll. */
  #look(): void {
    this.#nudge.abort();
    this.#nudge = new AbortController();
    for (const { loop } of this.#parts) loop.wake();
  }

  senders(): SenderState[] {
    const maySend = this.#running !== null && !this.#stopping.signal.aborted && !this.#isHeld;
    return this.#parts.map(({ loop }) => ({ ...loop.state(), maySend }));
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  async stop(maxMs = DRAIN_MS): Promise<{ inDoubt: number; left: number | null }> {
    this.#isStopping = true;
    if (this.#running === null) return { inDoubt: 0, left: 0 };
    this.#ending ??= this.#stop(this.#running, maxMs);
    return this.#ending;
  }

  /** Jobs are kept to the end: nobody may call unknown what is still being waited for. */
  async #stop(running: Promise<unknown>, maxMs: number): Promise<{ inDoubt: number; left: number | null }> {
    this.#stopping.abort();
    const inDoubt = await drain(this.#parts, running, maxMs, this.#log);
    await within(running, GIVE_UP_MS);
    this.#drained.abort();
    const senders = this.#parts.map(({ sender }) => sender);
    await within(
      hideSenders(this.#ledger, senders).catch(() => {}),
      GIVE_UP_MS,
    );
    return { inDoubt, left: await countLeft(this.#ledger).catch(() => null) };
  }

  async #deliver(chunks: OwnedChunks, loop: SenderLoop): Promise<void> {
    const sending = loop.run();
    await this.#repeat(this.#timing.jobPollMs, this.#stopping.signal, 'no work can be taken', async () => {
      await chunks.giveBack((key) => loop.isOpen(key));
      if (await chunks.fill()) loop.wake();
    });
    await sending;
    // Of a loop that was abandoned something is open still: it stays in doubt, and whoever takes the chunk next says so.
    await chunks
      .giveBack((key) => loop.isOpen(key), true)
      .catch((error: unknown) => {
        this.#log.error(
          { err: error },
          'work could not be given back; it goes to another worker in some seconds',
        );
      });
  }

  async #plan(): Promise<void> {
    const hold = await findHold(this.#ledger);
    this.#isHeld = hold !== null;
    if (hold) {
      if (performance.now() < this.#tellHoldAt) return;
      this.#tellHoldAt = performance.now() + this.#timing.tellHoldMs;
      return this.#log.warn({ fix: HOLD_FIX }, whyHeld(hold));
    }
    logEnded(this.#log, await plan(this.#ledger, this.#queue));
  }

  async #inherit(): Promise<void> {
    const senders = this.#parts.map(({ sender }) => sender);
    await showSenders(this.#ledger, senders, this.#timing);
    if (this.#isHeld) return;
    if ((await inherit(this.#ledger, senders, this.#log, this.#timing)) > 0) await this.#plan();
  }

  async #keep(): Promise<void> {
    const beatAt = performance.now();
    await beat(this.#ledger, this.#name);
    for (const { chunks } of this.#parts) await chunks.keep(beatAt);
  }

  async #startScheduled(): Promise<void> {
    const jobs = await this.#queue.take(START_QUEUE, 10, []);
    if (jobs.length === 0) return;
    // The clock of the database is the one that all machines share.
    const clock = 'SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS now';
    const started = await this.#ledger.writeConcurrently(async (tx) =>
      startDue(tx, (await tx.get<{ now: number }>(clock))!.now),
    );
    for (const job of jobs) await this.#queue.done(START_QUEUE, job);
    if (started > 0) this.#log.info({ started }, 'scheduled sends start');
    this.wake();
  }

  async #makeRows(): Promise<void> {
    for (const job of await this.#queue.take(FREEZE_QUEUE, 1, [])) {
      await makeAllRows(this.#ledger, job.data.send, async () => {
        await this.#plan();
        this.#look();
        await this.#queue.keep(FREEZE_QUEUE, [job]);
        return !this.#stopping.signal.aborted;
      });
      await this.#queue.done(FREEZE_QUEUE, job);
    }
  }

  /** Each by itself: one that fails keeps no other from being done. */
  #housekeeping(): readonly (readonly [fault: string, task: () => Promise<unknown>])[] {
    const ledger = this.#ledger;
    return [
      ['scheduled sends cannot be planned', () => planStarts(ledger, this.#queue)],
      ['what is owned cannot be planned', () => planOwned(ledger, this.#queue)],
      ['stopped sends cannot be completed', () => completeStopped(ledger)],
      ['audiences cannot be built', () => resumeBuilding(ledger, this.#log)],
      [
        'waiting cannot be bounded',
        () => ledger.writeConcurrently((tx) => capRetryDelays(tx, now().steadyMs, LONGEST_RETRY_MS)),
      ],
      ...this.#chores,
      ['the version of the database cannot be asked for', () => this.#stopIfOutdated()],
    ];
  }

  async #stopIfOutdated(): Promise<void> {
    if (!(await isOutdated(this.#ledger))) return;
    this.#log.error(
      {},
      'a newer Tidings has changed the database: this version sends nothing more; upgrade it',
    );
    for (const { loop } of this.#parts) loop.stop();
    this.#stopping.abort();
  }

  /** Until `ended`; a database that is away is waited for. */
  async #repeat(
    everyMs: number,
    ended: AbortSignal,
    fault: string,
    work: () => Promise<unknown>,
  ): Promise<void> {
    let faults = 0;
    while (!ended.aborted) {
      const nudge = this.#nudge.signal;
      try {
        await work();
        faults = 0;
      } catch (error) {
        if (faults++ % FAULTS_FOR_A_LINE === 0) this.#log.error({ err: error }, `${fault}; trying again`);
      }
      const waitMs = faults > 0 ? Math.max(everyMs, 1_000) : everyMs;
      await sleep(waitMs, undefined, { signal: AbortSignal.any([nudge, ended]) }).catch(() => {});
    }
  }
}
