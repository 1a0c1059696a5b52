import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';
import { TABLES } from './tables.ts';

/** Version 0.1.0. */
export const first: Migration = {
  oldestCode: 1,
  sqlite: TABLES.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: TABLES.flatMap((one) => statementsOf(one, 'postgres')),
};
