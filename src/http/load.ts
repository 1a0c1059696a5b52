import type { ServerResponse } from 'node:http';
import type { Principal } from '../core/access/principal.ts';
import { TidingsError } from '../errors.ts';
import type { Refusals } from './refusals.ts';

/** Bodies that have come in, and answers that nobody has fetched yet, all together. */
const BYTES_MAX = 48 * 1024 * 1024;
/** What is read for an answer is in memory more than once until it is out. */
const READS_AT_ONCE = 6;
const READS_WAITING_MAX = 500;
const READ_WAIT_MS = 10_000;
/** A file goes through in flat memory, but that is some megabytes of rows each. */
const UPLOADS_AT_ONCE = 4;
/** Whoever does not fetch an answer for so long is gone. */
const UNFETCHED_MS = 60_000;

/** What the routes of the door find in their context. */
export type HeldEnv = { Variables: { held: Held; principal: Principal } };

/** One request's part of the load, given back when its answer is out or its caller gone. */
export interface Held {
  /** @throws TidingsError `busy` */
  body(bytes: number): void;
  /** The answer is made: from here on it only has to be fetched. */
  answered(): void;
  end(): void;
}

/**
 * What callers can make this process keep in memory at once has a ceiling; beyond it they are told to come back. Reads
 * take turns, so that the largest answers there are do not exist many times over.
 */
export class Load {
  readonly #refusals: Refusals;
  readonly #answers = new Set<ServerResponse>();
  readonly #waiting: (() => void)[] = [];
  #bodyBytes = 0;
  #reads = 0;
  #uploads = 0;

  constructor(refusals: Refusals) {
    this.#refusals = refusals;
  }

  hold(outgoing: ServerResponse | undefined): Held {
    let bytes = 0;
    const end = () => {
      this.#bodyBytes -= bytes;
      bytes = 0;
      if (outgoing) this.#answers.delete(outgoing);
    };
    if (outgoing) {
      this.#answers.add(outgoing);
      outgoing.once('close', end);
    }
    return {
      body: (more) => {
        if (this.#bytes() + more > BYTES_MAX) throw this.#busy();
        this.#bodyBytes += more;
        bytes += more;
      },
      answered: () => {
        if (outgoing) outgoing.setTimeout(UNFETCHED_MS, () => outgoing.destroy());
        else end();
      },
      end,
    };
  }

  /** @throws TidingsError `busy` */
  async read<T>(work: () => Promise<T>): Promise<T> {
    this.#refuseWhenFull();
    if (this.#reads >= READS_AT_ONCE) await this.#turn();
    else this.#reads++;
    try {
      this.#refuseWhenFull();
      return await work();
    } finally {
      // Where the database answers at once, whoever only wants to know whether all is well would never get a turn.
      await new Promise(setImmediate);
      const next = this.#waiting.shift();
      if (next) next();
      else this.#reads--;
    }
  }

  /** @throws TidingsError `busy` */
  async upload<T>(work: () => Promise<T>): Promise<T> {
    if (this.#uploads >= UPLOADS_AT_ONCE) throw this.#busy();
    this.#uploads++;
    try {
      return await work();
    } finally {
      this.#uploads--;
    }
  }

  #bytes(): number {
    let bytes = this.#bodyBytes;
    for (const answer of this.#answers) bytes += answer.writableLength;
    return bytes;
  }

  #refuseWhenFull(): void {
    if (this.#bytes() > BYTES_MAX) throw this.#busy();
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= READS_WAITING_MAX) throw this.#busy();
    return new Promise((resolve, reject) => {
      const take = () => {
        clearTimeout(late);
        resolve();
      };
      const late = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(this.#busy());
      }, READ_WAIT_MS);
      this.#waiting.push(take);
    });
  }

  #busy(): TidingsError {
    this.#refusals.count('busy');
    return new TidingsError('busy', 'Too much is asked of this server at once; nothing was done.', {
      fix: 'Try again in a few seconds, with less at the same time.',
    });
  }
}
