import type { Ledger, Parameter, Transaction } from './ledger.ts';
import { Timings } from './timings.ts';

/** A ledger that knows how long its answers take, as whoever waits for them sees it: queues and locks included. */
export class TimedLedger implements Ledger {
  readonly dialect: Ledger['dialect'];
  readonly reads = new Timings();
  readonly writes = new Timings();
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.dialect = ledger.dialect;
  }

  all<T extends object>(sql: string, ...parameters: Parameter[]): Promise<T[]> {
    return timed(this.reads, () => this.#ledger.all<T>(sql, ...parameters));
  }

  get<T extends object>(sql: string, ...parameters: Parameter[]): Promise<T | undefined> {
    return timed(this.reads, () => this.#ledger.get<T>(sql, ...parameters));
  }

  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return timed(this.writes, () => this.#ledger.write(work));
  }

  writeConcurrently<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return timed(this.writes, () => this.#ledger.writeConcurrently(work));
  }

  async cleanLog(): Promise<void> {
    await this.#ledger.cleanLog?.();
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }
}

/** What failed took its time too. */
async function timed<T>(timings: Timings, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    return await work();
  } finally {
    timings.note(performance.now() - startedAt);
  }
}
