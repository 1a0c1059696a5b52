import { draftTables } from './drafts.ts';
import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';

/** Messages that are being written are kept. Code of the version before goes on beside it. */
export const drafts: Migration = {
  oldestCode: 1,
  sqlite: draftTables.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: draftTables.flatMap((one) => statementsOf(one, 'postgres')),
};
