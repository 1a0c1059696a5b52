import { Timings } from '../../src/ledger/timings.ts';
import type { Operating, SenderState } from '../../src/tidings.ts';

/** A process that nothing is wrong with. */
export function fakeOperating(isHealthy: () => boolean = () => true): Operating {
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
