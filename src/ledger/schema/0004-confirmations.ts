import { confirmationTables } from './confirmations.ts';
import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';

/** Dry runs are remembered until they are confirmed. Code of the version before goes on beside it. */
export const confirmations: Migration = {
  oldestCode: 1,
  sqlite: confirmationTables.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: confirmationTables.flatMap((one) => statementsOf(one, 'postgres')),
};
