import { configDefaults, defineConfig } from 'vitest/config';

const shared = { testTimeout: 30_000, hookTimeout: 60_000, pool: 'forks' } as const;

/** Everything on SQLite; what uses a database on PostgreSQL too, and what is about many workers there only. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'sqlite',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/workers/**'],
        },
      },
      {
        test: {
          ...shared,
          name: 'postgres',
          env: { TIDINGS_TEST_ON: 'postgres' },
          include: ['src/ledger/postgres/*.test.ts', 'test/core/*.test.ts', 'test/workers/*.test.ts'],
          globalSetup: 'test/support/postgres-setup.ts',
        },
      },
    ],
  },
});
