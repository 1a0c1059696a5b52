import { table } from './table.ts';

/** What came in as files, so that it can be told, sent to and taken back. */
export const importTables = [
  table(
    'imports',
    `
  seq SEQ,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,             -- leads, suppressions
  file TEXT,                      -- what it was called, null: it had no name
  tags TEXT,                      -- JSON array, given to each lead of it, null: none
  origin TEXT,                    -- given to leads that had none
  country TEXT,                   -- of phones without a country code
  state TEXT NOT NULL,            -- running, completed, stopped, undone
  header TEXT,                    -- JSON: the columns of the file, null: it had none
  report TEXT NOT NULL,           -- JSON: moved by the transaction of each batch
  undo TEXT,                      -- JSON: how far it was taken back, null: nobody asked for that
  holder TEXT NOT NULL,           -- the process that reads it, as host and number
  beat_at BIGINT NOT NULL,        -- when that process last showed that it lives, milliseconds since 1970
  created_at TEXT NOT NULL,
  ended_at TEXT                   -- null: it runs, or its process died`,
    { owner: 'core/leads', order: ['seq'], moves: true },
  ),

  // Leads that were known before and stand in the file as well. Those that it made say so themselves.
  table(
    'import_leads',
    `
  import_seq BIGINT NOT NULL,
  lead_seq BIGINT NOT NULL,
  former TEXT,                    -- JSON: what it changed, as it was before, null: nothing
  PRIMARY KEY (import_seq, lead_seq)`,
    {
      owner: 'core/leads',
      order: ['import_seq', 'lead_seq'],
      moves: true,
      person: { former: 'nulled' },
      also: ['CREATE INDEX import_leads_by_lead ON import_leads (lead_seq, import_seq)'],
      sqlite: { tail: 'WITHOUT ROWID' },
    },
  ),

  // Rows that were not kept, or kept with a doubt: the first ones of each file.
  table(
    'import_rows',
    `
  import_seq BIGINT NOT NULL,
  kind TEXT NOT NULL,             -- reject, warning
  number BIGINT NOT NULL,
  line BIGINT NOT NULL,
  reason TEXT NOT NULL,
  record TEXT,                    -- JSON: the row as it stood in the file, null: it was no file
  PRIMARY KEY (import_seq, kind, number)`,
    {
      owner: 'core/leads',
      order: ['import_seq', 'kind', 'number'],
      moves: true,
      person: { reason: 'row deleted', record: 'row deleted' },
      sqlite: { tail: 'WITHOUT ROWID' },
    },
  ),

  // Who else says no, where an import made the suppression: what holds when that import is taken back.
  table(
    'suppression_grounds',
    `
  channel TEXT NOT NULL,
  contact TEXT NOT NULL,          -- as in suppressions
  import_seq BIGINT NOT NULL,     -- 0: said in another way
  reason TEXT NOT NULL,
  created_at TEXT NOT NULL,
  source TEXT,
  PRIMARY KEY (channel, contact, import_seq)`,
    {
      owner: 'core/suppressions',
      order: ['channel', 'contact', 'import_seq'],
      moves: true,
      person: { contact: 'hashed, unless another lead has it', source: 'nulled with the contact' },
      also: [
        'CREATE INDEX suppression_grounds_by_import ON suppression_grounds (import_seq, channel, contact)',
      ],
      sqlite: { tail: 'WITHOUT ROWID' },
    },
  ),
];
