import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest, longest first: what begins last must not be what all wait for. */
const LONGEST = [
  'test/workers/kill',
  'test/workers/torture',
  'test/torture/torture',
  'test/linear',
  'test/soak/soak',
  'test/move/migrate',
  'test/browser/access',
  'test/browser/drafts',
  'test/opening',
  'test/browser/work',
  'test/bench',
  'test/kill',
  'test/core/sends',
  'test/core/templates',
  'test/cli',
  'test/backup',
  'test/machine-fails',
  'test/bad-actors',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

/**
 * About texts, mails and arguments more than about statements: on PostgreSQL only with `npm run test:all`, which is for who
 * changes the dialects or what these are about.
 */
const MOSTLY_TEXT = [
  'any-text',
  'bounce-rules',
  'bounces',
  'confirm',
  'dry-run',
  'effects',
  'export-leads',
  'farewells',
  'forward-events',
  'inherited',
  'large-messages',
  'long-html',
  'message-text',
  'refusals',
  'rehearsal',
  'unsubscribe',
  'workbooks',
].map((name) => `test/core/${name}.test.ts`);

// Hundreds of processes are started, each of which would compile the whole source: half of what starting one costs.
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/tests') };
const shared = { env, testTimeout: 60_000, hookTimeout: 120_000, pool: 'forks' } as const;

/** Everything on SQLite; what uses a database on PostgreSQL too, and what is about many workers there only. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // The long ones wait more than they work: for leases, retries, other processes.
    maxWorkers: 3,
    projects: [
      {
        test: {
          ...shared,
          name: 'sqlite',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [
            ...configDefaults.exclude,
            'src/ledger/postgres/*.test.ts',
            'test/workers/**',
            'test/move/**',
            'test/servers/**',
            'test/browser/**',
          ],
        },
      },
      {
        // Mail servers that nobody here wrote; .ci/install-mail-servers fetches them, those that are missing are skipped.
        test: {
          ...shared,
          testTimeout: 180_000,
          hookTimeout: 90_000,
          name: 'servers',
          include: ['test/servers/*.test.ts'],
        },
      },
      {
        // The dashboard in Debian's Chromium (`apt-get install chromium`); where there is none they are skipped.
        test: {
          ...shared,
          name: 'browser',
          include: ['test/browser/*.test.ts'],
          globalSetup: 'test/support/build-web.ts',
        },
      },
      {
        test: {
          ...shared,
          name: 'postgres',
          env: { ...env, TIDINGS_TEST_ON: 'postgres' },
          include: [
            'src/ledger/postgres/*.test.ts',
            'test/core/*.test.ts',
            'test/schema.test.ts',
            'test/main-job.test.ts',
            'test/cli.test.ts',
            'test/fuzz/http.test.ts',
            'test/bad-actors.test.ts',
            'test/workers/*.test.ts',
            'test/move/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, ...(process.env['TIDINGS_TEST_ALL'] ? [] : MOSTLY_TEXT)],
          globalSetup: 'test/support/postgres-setup.ts',
        },
      },
    ],
  },
});
