import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** What makes a test slow: another process, a second database, a file that waits for leases and retries on purpose. */
const SLOW =
  /node:child_process|tidings-process|system-postgres|postgres-server|\/torture\/|\/soak\/|\/fuzz\//;
const WAITS = ['test/core/schedule.test.ts', 'test/core/ledger-model.test.ts', 'test/core/erased.test.ts'];

const tests = globSync(['src/**/*.test.ts', 'test/**/*.test.ts']);
const slow = tests.filter((file) => SLOW.test(readFileSync(file, 'utf8')));

/** `npm run test:quick`: what can be known in half a minute, on a data file, in this process. `npm test` is the answer. */
export default defineConfig({
  test: {
    testTimeout: 30_000,
    pool: 'forks',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [
      ...slow,
      ...WAITS,
      'src/ledger/postgres/**',
      'test/{workers,move,servers,torture,soak,fuzz}/**',
    ],
  },
});
