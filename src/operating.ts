import { setTimeout as sleep } from 'node:timers/promises';
import { TidingsError } from './core/errors.ts';
import { countSends } from './core/sends/send.store.ts';
import type { DispatcherControl, Operating } from './core/tidings.ts';
import { isOutdated } from './ledger/migrate.ts';
import type { TimedLedger } from './ledger/timed-ledger.ts';

/** Whoever asks whether all is well gives up after some seconds, and takes silence for the answer. */
const ANSWER_MS = 2_000;

/** What those who run it may ask. */
export function createOperating(
  ledger: TimedLedger,
  dispatcher: Pick<DispatcherControl, 'isStopping'>,
  answerMs = ANSWER_MS,
): Operating {
  // One question at a time, however often it is asked: a database that hangs is not buried under more of them.
  let asking: Promise<boolean> | null = null;
  const askSchema = () => {
    asking ??= isOutdated(ledger).finally(() => {
      asking = null;
    });
    return inTime(asking, answerMs);
  };
  return {
    database: ledger,
    ping: async () => void (await askSchema()),
    countSends: () => inTime(countSends(ledger), answerMs),
    async whyNotReady() {
      if (dispatcher.isStopping) return 'This process is stopping.';
      try {
        if (await askSchema())
          return 'A newer Tidings has changed the database: this version is to be upgraded.';
        // It may have been told meanwhile.
        return dispatcher.isStopping ? 'This process is stopping.' : null;
      } catch {
        return 'The database does not answer.';
      }
    },
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
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}
