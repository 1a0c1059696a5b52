import { approvalTables } from './approvals.ts';
import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';

/** What people agreed to. Code of the version before would start what waits for an approval: it is refused. */
export const approvals: Migration = {
  oldestCode: 8,
  sqlite: approvalTables.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: approvalTables.flatMap((one) => statementsOf(one, 'postgres')),
};
