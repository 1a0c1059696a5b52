import { byDialect, type Dialect } from '../ledger.ts';
import { importTables } from './imports.ts';
import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';

// With the row's own number on both: SQLite puts it into every index by itself.
const LEADS_BY_IMPORT = byDialect({
  sqlite: 'CREATE INDEX leads_by_import ON leads (import_seq) WHERE import_seq IS NOT NULL',
  postgres: 'CREATE INDEX leads_by_import ON leads (import_seq, seq) WHERE import_seq IS NOT NULL',
});

const statements = (dialect: Dialect) => [
  ...importTables.flatMap((one) => statementsOf(one, dialect)),
  // The import that made the lead; null: none did.
  'ALTER TABLE leads ADD COLUMN import_seq BIGINT',
  LEADS_BY_IMPORT({ dialect }),
  // The import that alone says so; null: it was said in another way.
  'ALTER TABLE suppressions ADD COLUMN import_seq BIGINT',
  'CREATE INDEX suppressions_by_import ON suppressions (import_seq, channel, contact) WHERE import_seq IS NOT NULL',
];

/** Imports are kept. Code of the version before goes on beside it: its leads come from no import. */
export const imports: Migration = {
  oldestCode: 1,
  sqlite: statements('sqlite'),
  postgres: statements('postgres'),
};
