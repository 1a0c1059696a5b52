import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';
import { testTables } from './tests.ts';

/** Test messages are known when they are asked for again. Code of the version before goes on beside it. */
export const tests: Migration = {
  oldestCode: 1,
  sqlite: testTables.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: testTables.flatMap((one) => statementsOf(one, 'postgres')),
};
