import { accessTables } from './access.ts';
import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';

/** Keys and people, with what each may do. Code of the version before goes on beside it. */
export const access: Migration = {
  oldestCode: 1,
  sqlite: accessTables.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: accessTables.flatMap((one) => statementsOf(one, 'postgres')),
};
