import { setTimeout as sleep, setImmediate as yieldTurn } from 'node:timers/promises';
import { TidingsError } from '../../errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../log/log.ts';
import { logEnded } from '../deliveries/send-ended.ts';
import { anyUnfolded } from './event.store.ts';
import { AT_ONCE, type Folded, foldEvents, type Reactions, skipEvent } from './fold-events.ts';

/** How late the effect of an event may be that another process took in, and died. */
const POLL_MS = 1_000;
/** What comes in meanwhile is folded along. */
const GATHER_MS = 50;
const FAULTS_FOR_A_LINE = 60;

/**
 * Lets what came in have its effect, in every process that runs: whichever comes first does it, and what one that was
 * killed has left is done by another, or by the next start.
 */
export class EventFolder {
  readonly #ledger: Ledger;
  readonly #log: Log;
  readonly #onFolded: (folded: Folded) => void;
  readonly #reactions: Reactions;
  readonly #ended = new AbortController();
  #running: Promise<void> | null = null;
  #wake: () => void = () => {};
  #isWoken = false;
  /** So many events are folded one by one: among them is one that breaks us. */
  #careful = 0;

  constructor(options: {
    ledger: Ledger;
    log: Log;
    reactions?: Reactions;
    /** Told after each commit. */
    onFolded?: (folded: Folded) => void;
  }) {
    this.#ledger = options.ledger;
    this.#log = options.log;
    this.#reactions = options.reactions ?? {};
    this.#onFolded = options.onFolded ?? (() => {});
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Something came in: not at the next poll. */
  wake(): void {
    this.#isWoken = true;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    let faults = 0;
    while (!signal.aborted) {
      try {
        if (await anyUnfolded(this.#ledger)) await this.#foldAll();
        faults = 0;
        await this.#rest();
      } catch (error) {
        const isOurs = !(error instanceof TidingsError);
        if (isOurs && this.#careful > 0) await this.#skip(error);
        else if (isOurs) this.#careful = AT_ONCE;
        if (faults++ % FAULTS_FOR_A_LINE === 0)
          this.#log.error(
            { err: error },
            'what providers said cannot be looked at; trying again every second',
          );
        await sleep(isOurs ? GATHER_MS : POLL_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #foldAll(): Promise<void> {
    for (let more = true; more && !this.#ended.signal.aborted; ) {
      const limit = this.#careful > 0 ? 1 : AT_ONCE;
      const folded = await this.#ledger.writeConcurrently((tx) => foldEvents(tx, limit, this.#reactions));
      if (this.#careful > 0) this.#careful -= 1;
      logEnded(this.#log, folded.ended);
      this.#onFolded(folded);
      more = folded.more;
      await yieldTurn();
    }
  }

  /** One that breaks us would keep all that come after it from being heard: it stays as it is written. */
  async #skip(error: unknown): Promise<void> {
    const seq = await this.#ledger.writeConcurrently(skipEvent).catch(() => null);
    this.#log.error({ err: error, event: seq }, 'an event has no effect: it cannot be read');
  }

  async #rest(): Promise<void> {
    const { signal } = this.#ended;
    if (!this.#isWoken) {
      const over = new AbortController();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        sleep(POLL_MS, undefined, { signal: over.signal }).then(resolve, () => {});
      });
      over.abort();
      this.#wake = () => {};
    }
    if (this.#isWoken) await sleep(GATHER_MS, undefined, { signal }).catch(() => {});
    this.#isWoken = false;
  }
}
