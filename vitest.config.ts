import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Thousands of cases each: as long as all others of `src/` together. Some look at the heap, which is to be theirs alone. */
export const MANY_CASES = [
  'src/cli/hostile.test.ts',
  'src/core/leads/csv/read-leads-csv.test.ts',
  'src/core/leads/xlsx/hostile.test.ts',
  'src/operations/read-arguments.test.ts',
];

/** They wait for real seconds (a refusal that pauses, a time that comes), or go through large files. */
const LONG_OF_CORE = [
  'bounce-rules',
  'export-leads',
  'forward-events',
  'refusals',
  'schedule',
  'templates',
  'workbooks',
].map((name) => `test/core/${name}.test.ts`);

/**
 * What `npm test` leaves to `npm run test:rest`, so that whoever changes code has an answer in three minutes. Everything
 * else runs in `npm test` on SQLite, and so does what is new.
 */
const LATER = [
  // The long proofs: many kills, calls, cases. A short one of each sort is in `npm test`.
  'test/torture/{torture,whatsapp}.test.ts',
  'test/fuzz/{http,provider,smtp-replies}.test.ts',
  'test/{kill,soak/soak,linear,bench}.test.ts',
  ...MANY_CASES,
  ...LONG_OF_CORE,
  // What is handed out rather than what is written: pages, examples, packages, containers.
  'test/{container,examples,operating-files,package,pages}.test.ts',
  // They start one program after the other, or wait for a machine that fails.
  'test/{backup,bad-actors,cli,cost,database-causes,faults,logs,machine-fails,opening,private-files}.test.ts',
  'test/doors/{memory,ready}.test.ts',
];

/** What of PostgreSQL is in `npm test`: what opens, writes in all ways there are, and commits, and so holds the dialect; two workers. */
const DIALECT = ['src/ledger/postgres/*.test.ts', 'test/schema.test.ts', 'test/workers/short.test.ts'];
const OF_CORE_IN_DIALECT = ['test/core/{commit-of-unknown-end,imports}.test.ts'];

/** About texts, mails and arguments more than about statements: on PostgreSQL only in `npm run test:all`. */
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

// Hundreds of processes are started, each of which would compile the whole source: half of what starting one costs.
const env = { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/tests') };
const shared = {
  env,
  testTimeout: 60_000,
  hookTimeout: 120_000,
  pool: 'forks',
} as const;

const onPostgres = {
  env: { ...env, TIDINGS_TEST_ON: 'postgres' },
  globalSetup: 'test/support/postgres-setup.ts',
};

const inside = {
  include: ['src/**/*.test.ts', 'test/core/*.test.ts'],
  exclude: [
    ...configDefaults.exclude,
    'src/ledger/postgres/*.test.ts',
    ...MANY_CASES,
    // It looks at the heap, too.
    'test/core/workbooks.test.ts',
  ],
};
const sqlite = {
  include: ['test/**/*.test.ts', ...MANY_CASES],
  exclude: [
    ...configDefaults.exclude,
    'test/core/!(workbooks).test.ts',
    'test/workers/**',
    'test/move/**',
    'test/servers/**',
    'test/browser/**',
  ],
};
/** As `inside`, on PostgreSQL. */
const insidePostgres = {
  include: ['test/core/*.test.ts'],
  exclude: [...configDefaults.exclude, 'test/core/workbooks.test.ts'],
};
const postgres = {
  include: [
    'src/ledger/postgres/*.test.ts',
    'test/core/workbooks.test.ts',
    'test/schema.test.ts',
    'test/main-job.test.ts',
    'test/cli.test.ts',
    'test/fuzz/http.test.ts',
    'test/bad-actors.test.ts',
    'test/workers/*.test.ts',
    'test/move/*.test.ts',
  ],
  exclude: configDefaults.exclude,
};

/**
 * Which files: `soon` (`npm test`) and `rest` (`npm run test:rest`) have each one once between them, which is what CI runs;
 * without a mode all are there, so that each can be named.
 */
const MODES: Record<
  string,
  Record<'inside' | 'sqlite' | 'insidePostgres' | 'postgres', object> & { others: boolean }
> = {
  soon: {
    inside: { ...inside, exclude: [...inside.exclude, ...LATER] },
    sqlite: { ...sqlite, exclude: [...sqlite.exclude, ...LATER] },
    insidePostgres: { ...insidePostgres, include: OF_CORE_IN_DIALECT },
    postgres: { ...postgres, include: DIALECT },
    others: false,
  },
  rest: {
    inside: { ...inside, include: LONG_OF_CORE },
    sqlite: { ...sqlite, include: LATER },
    insidePostgres: {
      ...insidePostgres,
      exclude: [...insidePostgres.exclude, ...OF_CORE_IN_DIALECT, ...MOSTLY_TEXT],
    },
    postgres: { ...postgres, exclude: [...postgres.exclude, ...DIALECT, ...MOSTLY_TEXT] },
    others: true,
  },
};

/** Everything on SQLite; what uses a database on PostgreSQL too, and what is about many workers there only. */
export default defineConfig(({ mode }) => {
  const files = MODES[mode] ?? { inside, sqlite, insidePostgres, postgres, others: true };
  return {
    test: {
      sequence: { sequencer: LongestFirst },
      // They wait more than they work: for leases, retries, other processes. The long ones start many of those themselves.
      maxWorkers: mode === 'soon' ? 4 : 3,
      projects: [
        // Its files leave nothing behind that others see: the modules of a worker are loaded once for all of them.
        { test: { ...shared, name: 'inside', isolate: false, ...files.inside } },
        { test: { ...shared, name: 'sqlite', ...files.sqlite } },
        {
          // Mail servers that nobody here wrote; .ci/install-mail-servers fetches them, those that are missing are skipped.
          test: {
            ...shared,
            testTimeout: 180_000,
            hookTimeout: 90_000,
            name: 'servers',
            include: files.others ? ['test/servers/*.test.ts'] : [],
          },
        },
        {
          // The dashboard in Debian's Chromium (`apt-get install chromium`); where there is none they are skipped.
          test: {
            ...shared,
            name: 'browser',
            include: files.others ? ['test/browser/*.test.ts'] : [],
            globalSetup: 'test/support/build-web.ts',
          },
        },
        {
          test: {
            ...shared,
            ...onPostgres,
            name: 'postgres-inside',
            isolate: false,
            ...files.insidePostgres,
          },
        },
        { test: { ...shared, ...onPostgres, name: 'postgres', ...files.postgres } },
      ],
    },
  };
});
