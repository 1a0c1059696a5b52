import { globSync, readFileSync } from 'node:fs';
import { configDefaults, defineConfig } from 'vitest/config';
import { MANY_CASES } from './vitest.config.ts';

/** Another process, a second database. */
const OUTSIDE = /node:child_process|tidings-process|postgres-server/;
/** `npm run test:quick`: what of `src/` can be known in half a minute, in this process. `npm test` is the answer. */
export default defineConfig({
  test: {
    testTimeout: 30_000,
    pool: 'forks',
    isolate: false,
    // They wait a little, too.
    maxWorkers: 3,
    include: ['src/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      ...globSync('src/**/*.test.ts').filter((file) => OUTSIDE.test(readFileSync(file, 'utf8'))),
      ...MANY_CASES,
    ],
  },
});
