import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** What makes a test slow: another process, a second database, a file that waits for leases and retries on purpose. */
const SLOW =
  /node:child_process|tidings-process|system-postgres|postgres-server|\/torture\/|\/soak\/|\/fuzz\//;
const WAITS = [
  'sends',
  'schedule',
  'ledger-model',
  'erased',
  'refusals',
  'retention',
  'repeat',
  'commit-of-unknown-end',
].map((name) => `test/core/${name}.test.ts`);

const tests = globSync(['src/**/*.test.ts', 'test/**/*.test.ts']);
const slow = tests.filter((file) => SLOW.test(readFileSync(file, 'utf8')));

/** `npm run test:quick`: what can be known in half a minute, on a data file, in this process. `npm test` is the answer. */
export default defineConfig({
  test: {
    testTimeout: 30_000,
    pool: 'forks',
    // They wait more than they work.
    maxWorkers: 4,
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [
      ...slow,
      ...WAITS,
      'src/ledger/postgres/**',
      'test/{workers,move,servers,torture,soak,fuzz}/**',
    ],
  },
});
