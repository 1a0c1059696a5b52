import type { Migration } from './migrations.ts';

const statements = [
  // When the provider last held marketing back for a contact, milliseconds since 1970.
  'ALTER TABLE conversations ADD COLUMN held_back_at BIGINT',
];

/** Whom a provider holds marketing back for gets none for a day. Code of the version before goes on beside it. */
export const heldBack: Migration = { oldestCode: 8, sqlite: statements, postgres: statements };
