import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';
import { FIRST_TABLES } from './tables.ts';

/** Version 0.1.0. */
export const first: Migration = {
  oldestCode: 1,
  sqlite: FIRST_TABLES.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: FIRST_TABLES.flatMap((one) => statementsOf(one, 'postgres')),
};
