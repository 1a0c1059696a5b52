import { table } from './table.ts';

/** What providers said later, what it came to, and who wrote to us. */
export const eventTables = [
  // As it came in, for EVENTS_KEEP_DAYS. Nothing changes a row, and rows come in the order of their numbers: whoever reads
  // them keeps the number of the last one (marks).
  table(
    'events',
    `
  seq SEQ,
  provider TEXT NOT NULL,         -- whatsapp-cloud, email-smtp
  event_key TEXT NOT NULL,        -- the same for the same event: a hash, of which nobody reads whom it is about
  type TEXT NOT NULL,             -- accepted, delivered, read: see core/events
  sender TEXT,                    -- the number or account that it is about; null: none was named
  send_seq BIGINT,                -- by the attempt id that travelled with the message; null: it is about none of ours
  position BIGINT,
  attempt BIGINT,
  lead_seq BIGINT,                -- whose delivery it was
  contact TEXT,                   -- who did something, normalised, or their id at the provider; null: nobody but that lead
  user_id TEXT,                   -- the id at the provider of whoever it is about; null: none was told
  occurred_at BIGINT NOT NULL,    -- by the clock of the provider, milliseconds since 1970
  received_at BIGINT NOT NULL,
  code TEXT,                      -- of an error, or what is unknown
  detail TEXT,                    -- JSON: what else it says; null: nothing
  UNIQUE (provider, event_key)`,
    {
      owner: 'core/events',
      order: ['seq'],
      moves: true,
      person: {
        contact: 'row deleted',
        user_id: 'row deleted',
        code: 'row deleted',
        detail: 'row deleted',
      },
      also: [
        'CREATE INDEX events_by_send ON events (send_seq, seq) WHERE send_seq IS NOT NULL',
        'CREATE INDEX events_by_lead ON events (lead_seq, seq) WHERE lead_seq IS NOT NULL',
        'CREATE INDEX events_by_contact ON events (contact, seq) WHERE contact IS NOT NULL',
        // Few, and asked for all the time by whoever sends.
        "CREATE INDEX events_of_choices ON events (seq) WHERE type IN ('opted_out', 'opted_in', 'unsubscribed', 'complained')",
      ],
    },
  ),

  // Beside the delivery, whose row is written twice and no more. Each stamp is the earliest that was told: whatever order
  // events come in, and however often, they leave the same.
  table(
    'receipts',
    `
  send_seq BIGINT NOT NULL,
  position BIGINT NOT NULL,
  attempt BIGINT NOT NULL,        -- the latest that something was told of
  accepted_at BIGINT,             -- all of them by the clock of the provider, milliseconds since 1970; null: not told
  delivered_at BIGINT,
  read_at BIGINT,
  bounced_at BIGINT,              -- it did not arrive after all
  complained_at BIGINT,
  replied_at BIGINT,
  unsubscribed_at BIGINT,
  clicked_at BIGINT,
  code TEXT,                      -- why it did not arrive
  PRIMARY KEY (send_seq, position)`,
    {
      owner: 'core/deliveries',
      order: ['send_seq', 'position'],
      moves: true,
      sqlite: { tail: 'WITHOUT ROWID' },
      postgres: { tail: 'WITH (fillfactor = 70)' },
    },
  ),

  // Moved by the transaction that moves receipts. Apart from the chunks, where whoever sends would wait for it.
  table(
    'receipt_totals',
    `
  send_seq BIGINT PRIMARY KEY,
  delivered BIGINT NOT NULL DEFAULT 0, -- whatever was read was delivered, told or not
  read BIGINT NOT NULL DEFAULT 0,
  bounced BIGINT NOT NULL DEFAULT 0,
  complained BIGINT NOT NULL DEFAULT 0,
  replied BIGINT NOT NULL DEFAULT 0,
  unsubscribed BIGINT NOT NULL DEFAULT 0,
  clicked BIGINT NOT NULL DEFAULT 0`,
    {
      owner: 'core/deliveries',
      order: ['send_seq'],
      moves: true,
      sqlite: { tail: 'WITHOUT ROWID' },
      postgres: { tail: 'WITH (fillfactor = 50)' },
    },
  ),

  // What a sender and a contact have with each other: when they last wrote, and by which id the provider knows them.
  table(
    'conversations',
    `
  sender TEXT NOT NULL,
  contact TEXT NOT NULL,          -- normalised; the id at the provider while that is all there is
  user_id TEXT,                   -- the id at the provider; null: none was told
  last_inbound_at BIGINT,         -- when they last wrote, by the clock of the provider, milliseconds since 1970: never goes back
  refused_at BIGINT,              -- when the provider last said that they have not written lately, whatever we know
  PRIMARY KEY (sender, contact)`,
    {
      owner: 'core/conversations',
      order: ['sender', 'contact'],
      moves: true,
      person: { contact: 'row deleted', user_id: 'row deleted' },
      also: [
        'CREATE INDEX conversations_by_contact ON conversations (contact)',
        'CREATE INDEX conversations_by_user ON conversations (user_id) WHERE user_id IS NOT NULL',
      ],
      sqlite: { tail: 'WITHOUT ROWID' },
    },
  ),
];
