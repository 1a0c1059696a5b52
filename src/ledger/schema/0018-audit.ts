import { auditTables } from './audit.ts';
import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';

/** What callers did is kept. Code of the version before goes on beside it. */
export const audit: Migration = {
  oldestCode: 1,
  sqlite: auditTables.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: auditTables.flatMap((one) => statementsOf(one, 'postgres')),
};
