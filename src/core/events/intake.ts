import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../ledger/ledger.ts';
import { insertEvents } from './event.store.ts';
import type { ProviderEvent } from './event.ts';

/** What comes in meanwhile shares the commit: each takes the data file from whoever sends, and waits for the disk. */
const GATHER_MS = 20;
/** In one commit: some milliseconds, for a data file is written without leaving the turn. */
const MOST = 500;

interface Request {
  readonly events: readonly ProviderEvent[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes down what providers say: many requests in one commit, each answered after it. Whoever writes is never waited for
 * by whoever sends: what the events come to is for later (`EventFolder`).
 */
export class EventIntake {
  readonly #ledger: Ledger;
  readonly #onTaken: () => void;
  readonly #waiting: Request[] = [];
  #isWriting = false;

  /** @param onTaken called after a commit that brought something new */
  constructor(ledger: Ledger, onTaken: () => void) {
    this.#ledger = ledger;
    this.#onTaken = onTaken;
  }

  /** Resolves when they are on disk. Rejects when they are not: the provider brings them again. */
  take(events: readonly ProviderEvent[]): Promise<void> {
    if (events.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events, resolve, reject });
      if (!this.#isWriting) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      await sleep(GATHER_MS);
      const requests = this.#next();
      try {
        await this.#insert(requests);
      } catch (error) {
        if (requests.length === 1) requests[0]!.reject(error);
        // One of them may be what the database does not take: the others are not lost by it.
        else for (const one of requests) await this.#insert([one]).catch(one.reject);
      }
    }
    this.#isWriting = false;
  }

  #next(): Request[] {
    let count = 0;
    const most = this.#waiting.findIndex(({ events }, at) => {
      count += events.length;
      return at > 0 && count > MOST;
    });
    return this.#waiting.splice(0, most < 0 ? this.#waiting.length : most);
  }

  async #insert(requests: readonly Request[]): Promise<void> {
    const events = requests.flatMap((one) => one.events);
    const isNew = await this.#ledger.writeConcurrently((tx) => insertEvents(tx, events, Date.now()));
    for (const { resolve } of requests) resolve();
    if (isNew > 0) this.#onTaken();
  }
}
