import { HOLD, HOME } from '../marks.ts';
import { table } from './table.ts';

/** What a database knows of itself. */
export const ownTables = [
  // Single values that belong to a database: keys, counters, what is still to be done.
  table(
    'marks',
    `
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL`,
    { owner: 'ledger', order: ['name'], moves: { where: `name NOT IN ('${HOLD}', '${HOME}')` } },
  ),

  table(
    'schema_migrations',
    `
  version INTEGER PRIMARY KEY,
  applied_at TEXT NOT NULL,
  oldest_code INTEGER NOT NULL    -- whose code still works on what this step left`,
    { owner: 'ledger', order: ['version'], moves: false },
  ),
];
