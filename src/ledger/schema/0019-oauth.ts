import type { Migration } from './migrations.ts';
import { oauthTables } from './oauth.ts';
import { statementsOf } from './table.ts';

/** People connect apps. Code of the version before goes on beside it, and takes none of their tokens. */
export const oauth: Migration = {
  oldestCode: 1,
  sqlite: oauthTables.flatMap((one) => statementsOf(one, 'sqlite')),
  postgres: oauthTables.flatMap((one) => statementsOf(one, 'postgres')),
};
