import { creationTables } from './creations.ts';
import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';

/** A call that made something is known again. Code of the version before goes on beside it. */
export const creations: Migration = {
  oldestCode: 1,
  sqlite: creationTables.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: creationTables.flatMap((one) => statementsOf(one, 'postgres')),
};
