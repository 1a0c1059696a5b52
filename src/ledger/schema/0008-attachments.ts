import type { Dialect } from '../ledger.ts';
import { attachmentTables } from './attachments.ts';
import type { Migration } from './migrations.ts';
import { statementsOf } from './table.ts';

const statements = (dialect: Dialect) => [
  ...attachmentTables.flatMap((one) => statementsOf(one, dialect)),
  // What its messages bring along, as JSON, without what it holds; null: nothing.
  'ALTER TABLE sends ADD COLUMN attachments TEXT',
  'CREATE INDEX sends_attachments ON sends (seq) WHERE attachments IS NOT NULL',
];

/** Files beside the message. Code of the version before would send without them: it is refused. */
export const attachments: Migration = {
  oldestCode: 11,
  sqlite: statements('sqlite'),
  postgres: statements('postgres'),
};
