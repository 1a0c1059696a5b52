import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../../src/ledger/ledger.ts';

const LOOK_MS = 100;
/** The last commit that a process sent before it died may still be on its way. */
const SETTLED_MS = 150;

/**
 * What ended the hold of a worker on its chunks; nobody could take them for a part of the time, because the database was
 * away (`databaseAway`), or because all the others were dead, too, or had not come up yet (`aloneThen`).
 */
export type Takeovers = Readonly<Record<'killed' | 'stalled' | 'databaseAway' | 'aloneThen', number[]>>;

interface Waiting {
  readonly since: number;
  /** Where its rows in flight stand in `inDoubt`. */
  readonly at: number;
  how: keyof Takeovers;
}

/** Follows the chunks of workers that died or fell silent, until none is left in their hands. */
export class Recoveries {
  /** From the death of a worker until others have all its chunks; milliseconds. */
  readonly tookMs: Takeovers = { killed: [], stalled: [], databaseAway: [], aloneThen: [] };
  /** What each of them had in doubt. */
  readonly inDoubt: number[] = [];
  readonly #ledger: Ledger;
  readonly #isAnyoneUp: () => boolean;
  readonly #waiting = new Map<string, Waiting>();
  readonly #followed = new Map<string, Promise<number>>();
  readonly #stopped = new AbortController();
  readonly #running: Promise<void>;

  /** @param isAnyoneUp whether any worker could take over now */
  constructor(ledger: Ledger, isAnyoneUp: () => boolean) {
    this.#ledger = ledger;
    this.#isAnyoneUp = isAnyoneUp;
    this.#running = this.#watch();
  }

  get waiting(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  /** It, or the line to it, is away for whoever was to take what is waiting now. */
  databaseIsAway(): void {
    for (const waiting of this.#waiting.values()) waiting.how = 'databaseAway';
  }

  #noteIfAlone(): void {
    if (this.#isAnyoneUp()) return;
    for (const waiting of this.#waiting.values()) if (waiting.how === 'killed') waiting.how = 'aloneThen';
  }

  /** @returns how many of its rows were in flight. */
  follow(holder: string, how: keyof Takeovers): Promise<number> {
    // Of a process that died before it had a name.
    if (holder === '') return Promise.resolve(0);
    const known = this.#followed.get(holder) ?? this.#begin(holder, how);
    this.#followed.set(holder, known);
    return known;
  }

  async #begin(holder: string, how: keyof Takeovers): Promise<number> {
    const since = performance.now();
    await sleep(SETTLED_MS);
    const inDoubt = await this.#inFlightOf(holder);
    this.#waiting.set(holder, { since, how, at: this.inDoubt.push(inDoubt) - 1 });
    return inDoubt;
  }

  /** Asked until there is an answer: the database may be away, or go away now. */
  async #inFlightOf(holder: string): Promise<number> {
    const sql = 'SELECT CAST(coalesce(sum(in_flight), 0) AS BIGINT) AS n FROM chunks WHERE holder = ?';
    for (;;) {
      const row = await this.#ledger.get<{ n: number }>(sql, holder).catch(() => null);
      if (row) return row.n;
      await sleep(LOOK_MS);
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      this.#noteIfAlone();
      // The database may be away; so may its answer.
      const rows = await this.#ledger
        .all<{ holder: string; n: number }>(
          'SELECT holder, CAST(sum(in_flight) AS BIGINT) AS n FROM chunks WHERE holder IS NOT NULL GROUP BY holder',
        )
        .catch(() => null);
      const inFlight = new Map(rows?.map(({ holder, n }) => [holder, n]));
      for (const [holder, { since, how, at }] of rows ? this.#waiting : []) {
        const left = inFlight.get(holder);
        if (left !== undefined) {
          // A claim that waited for a lock when its process died comes true later than SETTLED_MS.
          this.inDoubt[at] = Math.max(this.inDoubt[at]!, left);
          continue;
        }
        this.#waiting.delete(holder);
        this.#followed.delete(holder);
        this.tookMs[how].push(performance.now() - since);
      }
      await sleep(LOOK_MS, undefined, { signal: this.#stopped.signal }).catch(() => {});
    }
  }
}
