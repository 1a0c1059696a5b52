import type { Reader } from '../../ledger/ledger.ts';
import { findStop } from '../sends/stop-all.ts';
import type { Companion } from './with-companions.ts';

/** So soon a stop by another process is known: well within a second. */
const LOOK_MS = 200;
/** What was read longer ago is not believed: who cannot ask whether sending was stopped does not send. */
const BELIEVED_MS = 10_000;

/**
 * Whether all sending was stopped, for whoever is about to hand over a message: asked for each of them, so it is a value in
 * memory, read anew by its own clock however slowly or fast messages leave. Until it was read once nothing leaves.
 */
export class StopSwitch implements Companion {
  readonly #ledger: Reader;
  readonly #onStart: () => void;
  #isStopped = true;
  #readAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isEnded = false;

  /** @param onStart called when sending may begin, or go on */
  constructor(ledger: Reader, onStart: () => void) {
    this.#ledger = ledger;
    this.#onStart = onStart;
  }

  maySend(): boolean {
    return !this.#isStopped && performance.now() - this.#readAt < BELIEVED_MS;
  }

  start(): void {
    if (this.#timer === undefined && !this.#isEnded) void this.#look();
  }

  wake(): void {}

  /** What is in flight is finished: it is asked until the process is over. */
  stop(): void {}

  close(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const startedAt = performance.now();
    try {
      const before = this.maySend();
      this.#isStopped = (await findStop(this.#ledger)) !== null;
      this.#readAt = startedAt;
      if (!before && this.maySend()) this.#onStart();
    } catch {
      // Told by whoever keeps the right to send: it meets the same database.
    }
    if (!this.#isEnded) this.#timer = setTimeout(() => void this.#look(), LOOK_MS).unref();
  }
}
