import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DkimKey } from './dkim-settings.ts';
import type { Signatures } from './sign-worker.ts';

interface Job {
  readonly message: string;
  readonly resolve: (signatures: string) => void;
  readonly reject: (error: Error) => void;
  /** Threads that ended with it in their hands. */
  losses: number;
}

interface Thread {
  readonly worker: Worker;
  /** Some that it signs, and some that wait for it, so that it never waits for us. */
  readonly batches: Job[][];
}

/** On a machine that does other things as well, whoever has more threads gets more of it: no fewer than libuv has. */
const FEWEST_THREADS = 4;
const MOST_THREADS = 16;
/** Many for few journeys between threads, few for messages that need not wait for many others. */
const BATCH = 6;
const BATCHES = 2;
/** A message at its largest, some of them. */
const LIMITS = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 8 };

/**
 * Signs in threads of its own, at least as many as there are cores: an RSA signature takes more processor time than all the rest of a
 * message. They begin with the first message; one that ends is replaced, and what it held is signed by another one.
 */
export class DkimSigner {
  readonly #keys: readonly DkimKey[];
  readonly #size: number;
  readonly #threads = new Set<Thread>();
  readonly #waiting: Job[] = [];
  #isGathering = false;
  #isClosed = false;

  constructor(keys: readonly DkimKey[], threads = usualThreads()) {
    this.#keys = keys;
    this.#size = threads;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * @param message with CRLF line ends
   * @returns the header fields to put before it. Rejects when it cannot be signed, or after {@link close}
   */
  sign(message: string): Promise<string> {
    if (this.#isClosed) return Promise.reject(new Error('closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, resolve, reject, losses: 0 });
      if (this.#isGathering) return;
      this.#isGathering = true;
      // What comes in the same turn of the event loop travels together.
      setImmediate(() => {
        this.#isGathering = false;
        this.#handOut();
      });
    });
  }

  /** Whoever still waits is told. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const held = [...this.#threads].flatMap(({ batches }) => batches.flat());
    for (const job of [...held, ...this.#waiting.splice(0)]) job.reject(new Error('closed'));
    const threads = [...this.#threads];
    this.#threads.clear();
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #handOut(): void {
    for (let round = 0; round < BATCHES && this.#waiting.length > 0; round++) {
      while (!this.#isClosed && this.#threads.size < this.#size && this.#threads.size < this.#waiting.length)
        this.#begin();
      for (const thread of this.#threads) {
        if (thread.batches.length > round) continue;
        // Shared out, where few wait: none is idle while another has a heap.
        const share = Math.ceil(this.#waiting.length / this.#threads.size);
        const jobs = this.#waiting.splice(0, Math.min(BATCH, share));
        if (jobs.length === 0) return;
        if (thread.batches.length === 0) thread.worker.ref();
        thread.batches.push(jobs);
        thread.worker.postMessage(jobs.map(({ message }) => message));
      }
    }
  }

  #begin(): void {
    // Compiled code stands beside compiled code, as source does beside source.
    const file = new URL(`./sign-worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, { workerData: this.#keys, resourceLimits: LIMITS });
    const thread: Thread = { worker, batches: [] };
    this.#threads.add(thread);
    worker.on('message', (signatures: Signatures) => {
      const jobs = thread.batches.shift() ?? [];
      // A process that has nothing else to do must not end before its signatures are there, and may end after them.
      if (thread.batches.length === 0) worker.unref();
      for (const [at, job] of jobs.entries()) {
        const signature = signatures[at];
        if (typeof signature === 'string') job.resolve(signature);
        else job.reject(new Error('the key signed nothing'));
      }
      this.#handOut();
    });
    worker.on('error', () => {}); // Told by its end.
    worker.on('exit', () => this.#ended(thread));
    worker.unref();
  }

  #ended(thread: Thread): void {
    if (!this.#threads.delete(thread)) return;
    for (const job of thread.batches.flat()) {
      job.losses += 1;
      if (job.losses > 1) job.reject(new Error('the threads that sign end'));
      else this.#waiting.push(job);
    }
    this.#handOut();
  }
}

function usualThreads(): number {
  return Math.min(Math.max(availableParallelism(), FEWEST_THREADS), MOST_THREADS);
}
