import type { Log } from './log/log.ts';

/** Between rounds that fail. */
const FAULT_MS = 5_000;

/**
 * Work that is looked for again and again: so often, and at once when there may be some. What fails is tried again, and told
 * the first time and then once in sixty.
 */
export class Rounds {
  readonly #look: () => Promise<number>;
  readonly #fault: string;
  readonly #log: Log;
  #isRunning = false;
  #isEnded = false;
  #isWoken = false;
  #isDeaf = false;
  #rouse: () => void = () => {};

  /**
   * @param options.look one round; it answers how many milliseconds to rest, negative when nobody may wake it meanwhile
   * @param options.fault what the log says when one fails
   */
  constructor(options: { look: () => Promise<number>; fault: string; log: Log }) {
    this.#look = options.look;
    this.#fault = options.fault;
    this.#log = options.log;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** There may be something to do; also during a round, which another one follows then. */
  wake(): void {
    this.#isWoken = true;
    if (!this.#isDeaf) this.#rouse();
  }

  /** No other round begins. */
  stop(): void {
    this.#isEnded = true;
    this.#rouse();
  }

  async #run(): Promise<void> {
    let faults = 0;
    while (!this.#isEnded) {
      this.#isWoken = false;
      let restMs = FAULT_MS;
      try {
        restMs = await this.#look();
        faults = 0;
      } catch (error) {
        if (!this.#isEnded && faults++ % 60 === 0) this.#log.error({ err: error }, this.#fault);
      }
      this.#isDeaf = restMs < 0;
      if (!this.#isEnded && (this.#isDeaf || !this.#isWoken)) await this.#rest(Math.abs(restMs));
    }
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.#rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
