import { accessTables } from './access.ts';
import { approvalTables } from './approvals.ts';
import { attachmentTables } from './attachments.ts';
import { auditTables } from './audit.ts';
import { confirmationTables } from './confirmations.ts';
import { creationTables } from './creations.ts';
import { draftTables } from './drafts.ts';
import { eventTables } from './events.ts';
import { importTables } from './imports.ts';
import { keyLimitTables } from './key-limits.ts';
import { oauthTables } from './oauth.ts';
import { outboxTables } from './outbox.ts';
import { ownTables } from './own.ts';
import { peopleTables } from './people.ts';
import { sendingTables } from './sending.ts';
import type { Table } from './table.ts';
import { templateTables } from './templates.ts';
import { testTables } from './tests.ts';

/** What 0.1.0 made: released, and never edited. */
export const FIRST_TABLES: readonly Table[] = [
  ...peopleTables,
  ...sendingTables,
  ...outboxTables,
  ...ownTables,
];

/**
 * Every table there is, after those it refers to, with whose it is and what becomes of its rows: the order of imports,
 * `tidings migrate` and the list of personal columns follow from it.
 *
 * `seq` is a row's place in this database and never leaves it; `id` is what callers know. Times that only people read
 * are ISO 8601 text, times that are compared are milliseconds since 1970.
 */
export const TABLES: readonly Table[] = [
  ...FIRST_TABLES,
  ...importTables,
  ...testTables,
  ...confirmationTables,
  ...eventTables,
  ...creationTables,
  ...templateTables,
  ...approvalTables,
  ...accessTables,
  ...attachmentTables,
  ...keyLimitTables,
  ...auditTables,
  ...draftTables,
  ...oauthTables,
];
