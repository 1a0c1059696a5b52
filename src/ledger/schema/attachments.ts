import { table } from './table.ts';

/** Files that the messages of sends bring along. */
export const attachmentTables = [
  table(
    'attachments',
    `
  hash TEXT PRIMARY KEY,          -- of its octets
  content TEXT NOT NULL,          -- base64
  kept_at BIGINT NOT NULL         -- when a send last asked for it, milliseconds since 1970`,
    { owner: 'core/sends', order: ['hash'], moves: true },
  ),
];
