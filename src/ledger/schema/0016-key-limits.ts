import { keyLimitTables } from './key-limits.ts';
import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';

/** Keys have a limit of recipients a day. Code of the version before goes on beside it. */
export const keyLimits: Migration = {
  oldestCode: 1,
  sqlite: keyLimitTables.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: keyLimitTables.flatMap((one) => statementsOf(one, 'postgres')),
};
