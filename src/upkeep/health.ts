import { setTimeout as sleep } from 'node:timers/promises';
import type { DispatcherControl } from '../core/dispatch/dispatcher-control.ts';
import { countSends, type SendCount } from '../core/sends/send.store.ts';
import { TidingsError } from '../errors.ts';
import type { Dialect } from '../ledger/ledger.ts';
import { isOutdated } from '../ledger/migrate.ts';
import type { TimedLedger } from '../ledger/timed-ledger.ts';
import type { Timings } from '../ledger/timings.ts';

/** Whoever asks whether all is well gives up after some seconds, and takes silence for the answer. */
const ANSWER_MS = 2_000;

/** For those who run it: nothing of it is a caller's business, and nothing of it names a person. */
export interface Health {
  /** Asks the database a question; rejects when it cannot answer, or not in time. */
  ping(): Promise<void>;
  /** Why no work should come to this process, in a sentence; null: it is ready. Answers within seconds. */
  whyNotReady(): Promise<string | null>;
  /** Read from the ledger; not for every second. */
  countSends(): Promise<readonly SendCount[]>;
  readonly database: { readonly dialect: Dialect; readonly reads: Timings; readonly writes: Timings };
}

/** What those who run it may ask. */
export function createHealth(
  ledger: TimedLedger,
  dispatcher: Pick<DispatcherControl, 'isStopping'>,
  answerMs = ANSWER_MS,
): Health {
  const askSchema = bounded(() => isOutdated(ledger), answerMs);
  const stopping = 'This process is stopping.';
  return {
    database: ledger,
    ping: async () => void (await askSchema()),
    countSends: bounded(() => countSends(ledger), answerMs),
    async whyNotReady() {
      if (dispatcher.isStopping) return stopping;
      try {
        if (await askSchema())
          return 'A newer Tidings has changed the database: this version is to be upgraded.';
        // It may have been told meanwhile.
        return dispatcher.isStopping ? stopping : null;
      } catch {
        return 'The database does not answer.';
      }
    },
  };
}

/**
 * One question at a time, however often it is asked, and an answer within `answerMs` or none: a database that hangs is
 * not buried under questions. One that was lost on its way is asked again after five times as long.
 */
function bounded<T>(ask: () => Promise<T>, answerMs: number): () => Promise<T> {
  let asked: { readonly answer: Promise<T>; readonly at: number } | null = null;
  return () => {
    if (asked === null || performance.now() - asked.at > 5 * answerMs) {
      const mine = { answer: ask(), at: performance.now() };
      const over = () => {
        if (asked === mine) asked = null;
      };
      mine.answer.then(over, over);
      asked = mine;
    }
    return inTime(asked.answer, answerMs);
  };
}

async function inTime<T>(work: Promise<T>, maxMs: number): Promise<T> {
  const over = new AbortController();
  const late = sleep(maxMs, undefined, { signal: over.signal }).then(() => {
    throw new TidingsError('storage', `The database did not answer within ${maxMs / 1_000} s.`, {
      fix: 'Look after the database; nothing is lost.',
    });
  });
  late.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
