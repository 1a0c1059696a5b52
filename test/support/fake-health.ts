import type { SenderState } from '../../src/core/dispatch/dispatcher-control.ts';
import { Timings } from '../../src/ledger/timings.ts';
import type { Health } from '../../src/upkeep/health.ts';

/** A process that nothing is wrong with. */
export function fakeHealth(isHealthy: () => boolean = () => true): Health {
  return {
    async ping() {
      if (!isHealthy()) throw new Error('disk gone');
    },
    whyNotReady: async () => (isHealthy() ? null : 'The database does not answer.'),
    countSends: async () => [],
    database: { dialect: 'sqlite', reads: new Timings(), writes: new Timings() },
  };
}

export const fakeSenders = { senders: (): SenderState[] => [], isStopping: false };
