import { table } from './table.ts';

/** What people have agreed to, were asked and have not answered, or have refused: one row each time. */
export const approvalTables = [
  table(
    'approvals',
    `
  seq SEQ,
  send_seq BIGINT NOT NULL REFERENCES sends (seq),
  code TEXT,                      -- by which a person names it; null: it was a form, answered at once
  content_hash TEXT NOT NULL,     -- of exactly what the message was
  recipients BIGINT NOT NULL,     -- whom it was to reach from then on
  reached BIGINT NOT NULL,        -- sent and failed before
  counts TEXT NOT NULL,           -- JSON: whom it was to reach, one by one, as a hash
  starts_at BIGINT,               -- not before, milliseconds since 1970; null: at once
  asked_by TEXT NOT NULL,
  asked_at BIGINT NOT NULL,       -- milliseconds since 1970
  decision TEXT,                  -- approved, rejected, or void; null: nobody has answered
  decided_by TEXT,
  decided_at BIGINT,              -- milliseconds since 1970
  reason TEXT                     -- a word of who decided to who had asked`,
    {
      owner: 'core/sends',
      order: ['seq'],
      moves: true,
      also: [
        'CREATE INDEX approvals_of_send ON approvals (send_seq, seq)',
        'CREATE UNIQUE INDEX approvals_by_code ON approvals (code) WHERE code IS NOT NULL',
        'CREATE INDEX approvals_open ON approvals (seq) WHERE code IS NOT NULL AND decision IS NULL',
      ],
    },
  ),
];
