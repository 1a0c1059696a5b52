import type { Dialect } from '../ledger.ts';
import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';
import { templateTables } from './templates.ts';

const statements = (dialect: Dialect) => [
  ...templateTables.flatMap((one) => statementsOf(one, dialect)),
  // By which template it reaches whom no text may reach, as JSON; null: everybody gets the text.
  'ALTER TABLE sends ADD COLUMN template TEXT',
  // When what it waits for is over, milliseconds since 1970; null: not known.
  'ALTER TABLE sends ADD COLUMN waiting_until BIGINT',
];

/** Templates, and how messages leave by them. Code of the version before goes on beside it: its sends are texts. */
export const templates: Migration = {
  oldestCode: 1,
  sqlite: statements('sqlite'),
  postgres: statements('postgres'),
};
