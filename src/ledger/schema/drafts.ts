import { table } from './table.ts';

/** Messages that are being written: not yet sends, and of no count. */
export const draftTables = [
  table(
    'drafts',
    `
  seq SEQ,
  id TEXT NOT NULL UNIQUE,
  revision BIGINT NOT NULL,       -- grows with every change: whoever saves says which one it was written on
  title TEXT,                     -- its subject or first words, null: nothing is written yet
  channel TEXT,
  audience_id TEXT,               -- may be gone by now
  content TEXT NOT NULL,          -- JSON: arguments of sendBulkMessages
  created_at BIGINT NOT NULL,     -- milliseconds since 1970
  changed_at BIGINT NOT NULL,     -- milliseconds since 1970
  changed_by TEXT NOT NULL        -- as it was called then: person ana, key assistant, this machine`,
    { owner: 'core/sends', order: ['seq'], moves: true },
  ),
];
