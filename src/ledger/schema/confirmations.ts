import { table } from './table.ts';

/** What dry runs have told, so that a call can ask for exactly that: once, and within minutes. */
export const confirmationTables = [
  table(
    'confirmations',
    `
  hash TEXT PRIMARY KEY,          -- of the token
  asked TEXT NOT NULL,            -- hash of the call
  counts TEXT NOT NULL,           -- JSON: whom it would reach
  made_at BIGINT NOT NULL,        -- milliseconds since 1970
  send_id TEXT                    -- the send that it was used for; null: it was not used`,
    { owner: 'core/sends', order: ['hash'], moves: false },
  ),
];
