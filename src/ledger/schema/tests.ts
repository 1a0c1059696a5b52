import { table } from './table.ts';

/** Messages to contacts of one's own, before a send: kept for a day, so that a call made again sends nothing twice. */
export const testTables = [
  table(
    'test_messages',
    `
  hash TEXT PRIMARY KEY,          -- of contact, lead, sender and text
  tried_at BIGINT NOT NULL,       -- milliseconds since 1970
  outcome TEXT                    -- JSON; null: on its way, or its process died`,
    { owner: 'core/sends', order: ['hash'], moves: false },
  ),
];
