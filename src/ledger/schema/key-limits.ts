import { table } from './table.ts';

/** What keys with a daily limit have used of it. */
export const keyLimitTables = [
  table(
    'key_days',
    `
  key_id TEXT NOT NULL,
  day TEXT NOT NULL,              -- of UTC, 2026-11-26
  recipients BIGINT NOT NULL,
  PRIMARY KEY (key_id, day)`,
    { owner: 'core/access', order: ['key_id', 'day'], moves: true },
  ),

  // So that going on with a send is not counted a second time.
  table(
    'key_sends',
    `
  key_id TEXT NOT NULL,
  send_id TEXT NOT NULL,
  recipients BIGINT NOT NULL,     -- that were counted for it, and may still be reached
  reached BIGINT NOT NULL,        -- sent and failed when they were counted
  PRIMARY KEY (key_id, send_id)`,
    { owner: 'core/access', order: ['key_id', 'send_id'], moves: true },
  ),
];
