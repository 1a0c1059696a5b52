import { table } from './table.ts';

/** Wordings that a provider has to approve, and the messages that left by them. */
export const templateTables = [
  table(
    'templates',
    `
  seq SEQ,
  sender TEXT NOT NULL,
  name TEXT NOT NULL,
  language TEXT NOT NULL,         -- as the provider writes it
  content_key TEXT NOT NULL,      -- the same for the same wording
  category TEXT NOT NULL,         -- as the provider has it, which may be another than was asked for
  status TEXT NOT NULL,           -- DRAFT: the provider has not heard of it; else as the provider has it
  reason TEXT,                    -- why it was rejected or paused
  problem TEXT,                   -- JSON: why it could not be submitted or asked for; null: it could
  quality TEXT,
  content TEXT NOT NULL,          -- JSON
  samples TEXT,                   -- JSON: values of real leads, until it is submitted
  provider_id TEXT,
  submitted_at BIGINT,            -- milliseconds since 1970; null: not by us
  checked_at BIGINT,              -- when the provider was last heard of it
  check_at BIGINT,                -- when it is asked next, or submitted; null: nobody waits for it
  checks BIGINT NOT NULL DEFAULT 0, -- how often it was asked since something changed
  created_at TEXT NOT NULL,
  UNIQUE (sender, name, language)`,
    {
      owner: 'core/templates',
      order: ['seq'],
      moves: true,
      person: { samples: 'nulled, whoever they are of' },
      also: [
        'CREATE INDEX templates_by_content ON templates (sender, content_key)',
        'CREATE INDEX templates_to_check ON templates (sender, check_at) WHERE check_at IS NOT NULL',
      ],
    },
  ),

  // Written with the claim, one statement for a window.
  table(
    'template_messages',
    `
  send_seq BIGINT NOT NULL,
  position BIGINT NOT NULL,
  sender TEXT NOT NULL,
  at BIGINT NOT NULL,             -- when it was last claimed to leave by a template, milliseconds since 1970
  why TEXT NOT NULL,              -- never_wrote, window_closed, window_refused
  PRIMARY KEY (send_seq, position)`,
    {
      owner: 'core/deliveries',
      order: ['send_seq', 'position'],
      moves: true,
      also: ['CREATE INDEX template_messages_by_time ON template_messages (sender, at)'],
      sqlite: { tail: 'WITHOUT ROWID' },
    },
  ),
];
