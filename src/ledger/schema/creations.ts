import { table } from './table.ts';

/** Calls that made something, kept for a day: so that one that is made again is seen, or answered as before. */
export const creationTables = [
  table(
    'creations',
    `
  seq SEQ,
  asked TEXT NOT NULL,            -- keyed hash of the operation and its arguments
  idempotency_key TEXT,           -- keyed hash of the operation and the key of the call, null: it had none
  made_id TEXT NOT NULL,          -- what it made
  made_at BIGINT NOT NULL         -- milliseconds since 1970`,
    {
      owner: 'operations',
      order: ['seq'],
      moves: true,
      also: [
        'CREATE INDEX creations_by_asked ON creations (asked, seq)',
        'CREATE UNIQUE INDEX creations_by_key ON creations (idempotency_key) WHERE idempotency_key IS NOT NULL',
        'CREATE INDEX creations_by_time ON creations (made_at)',
      ],
    },
  ),
];
