import { table } from './table.ts';

/** What the sandbox keeps: one copy of the text of a send, and of each message only what differs. */
export const outboxTables = [
  table(
    'outbox_texts',
    `
  seq SEQ,
  send_id TEXT NOT NULL,          -- known to callers
  hash TEXT NOT NULL,             -- of all that messages with this text share
  channel TEXT NOT NULL,
  sender TEXT,                    -- null: none was asked for
  entries BIGINT NOT NULL,
  UNIQUE (send_id, hash)`,
    { owner: 'providers/sandbox', order: ['seq'], moves: true },
  ),

  // Apart from the counts, which change all the time: a text can be 2 MB.
  table(
    'outbox_bodies',
    `
  text_seq SEQ,                   -- given: that of outbox_texts
  parts TEXT NOT NULL             -- JSON: pieces of text, and numbers of values`,
    { owner: 'providers/sandbox', order: ['text_seq'], moves: true },
  ),

  table(
    'outbox',
    `
  seq SEQ,
  text_seq BIGINT NOT NULL,
  channel TEXT NOT NULL,
  position BIGINT NOT NULL,       -- in its send
  recipient TEXT NOT NULL,
  subject TEXT,
  fields TEXT NOT NULL,           -- JSON: the values of this recipient
  recorded_at TEXT NOT NULL`,
    {
      owner: 'providers/sandbox',
      order: ['seq'],
      moves: true,
      person: { recipient: 'row deleted', subject: 'row deleted', fields: 'row deleted' },
      also: [
        'CREATE INDEX outbox_by_text ON outbox (text_seq, position, seq)',
        'CREATE INDEX outbox_by_channel ON outbox (channel, seq)',
      ],
    },
  ),
];
