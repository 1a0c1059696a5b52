import type { Migration } from './migrations.ts';

const statements = [
  // The language in which to tell a contact that their STOP was heard, empty: any; null: nothing is to be told.
  'ALTER TABLE conversations ADD COLUMN farewell TEXT',
  // When they were last told, milliseconds since 1970: noted before it leaves.
  'ALTER TABLE conversations ADD COLUMN farewell_at BIGINT',
  'CREATE INDEX conversations_to_confirm ON conversations (sender, contact) WHERE farewell IS NOT NULL',
];

/** Whoever leaves is told once. Code of the version before goes on beside it, and tells nobody. */
export const farewells: Migration = { oldestCode: 8, sqlite: statements, postgres: statements };
