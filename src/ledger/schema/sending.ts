import { countErrors } from './count-errors.ts';
import { table } from './table.ts';

/** Updated all the time by many: few rows to a page, cleared by vacuum as soon as it is worth it. */
const BUSY = 'WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)';

/** What is sent, to whom, how far it has come, and who sends it. */
export const sendingTables = [
  table(
    'sends',
    `
  seq SEQ,
  id TEXT NOT NULL UNIQUE,
  audience_seq BIGINT NOT NULL REFERENCES audiences,
  channel TEXT NOT NULL,
  campaign TEXT NOT NULL,
  campaign_key TEXT NOT NULL,     -- without regard to case
  mode TEXT NOT NULL,             -- sandbox or live: trying out never counts as having sent
  sender TEXT NOT NULL,           -- by which it leaves; another one, when that is configured nowhere any more
  state TEXT NOT NULL,
  problem_code TEXT,              -- why it is paused, or why its messages wait while it runs
  problem TEXT,
  problem_since BIGINT,           -- milliseconds since 1970; null: there is none
  provider_said TEXT,             -- about the problem
  waiting_for TEXT,               -- while it runs, what pending messages wait for; null: for their turn only
  revision BIGINT NOT NULL,       -- grows when the message changes
  message TEXT NOT NULL,
  format TEXT NOT NULL,
  subject TEXT,                   -- null: the channel has none
  from_name TEXT,                 -- null: the configured one
  placeholder_policy TEXT NOT NULL,
  repeat_allowed BIGINT NOT NULL DEFAULT 0, -- 1: its people may get a text again that they got lately
  total BIGINT NOT NULL,          -- members of the audience
  frozen_through BIGINT NOT NULL, -- delivery rows exist for positions 1 to here
  created_at TEXT NOT NULL,
  scheduled_at BIGINT,            -- milliseconds since 1970; null: it was never to wait. Kept when it has started
  completed_at TEXT,
  UNIQUE (audience_seq, channel, mode, campaign_key)`,
    {
      owner: 'core/sends',
      order: ['seq'],
      moves: true,
      // What was written to everybody: RETAIN_MESSAGES_DAYS removes it, an erasure does not look into it.
      person: { provider_said: 'nulled where the person is in the send' },
      also: [
        "CREATE INDEX sends_running ON sends (sender, seq) WHERE state = 'running'",
        // What a sender that is gone has left is found by it alone: the texts of sends are long.
        "CREATE INDEX sends_unfinished ON sends (channel, mode, sender) WHERE state <> 'completed'",
        "CREATE INDEX sends_scheduled ON sends (scheduled_at) WHERE state = 'scheduled'",
      ],
      postgres: { tail: 'WITH (fillfactor = 70)' },
    },
  ),

  // The work of a send is cut into chunks, each with its own place and totals: workers never wait for one row.
  table(
    'chunks',
    `
  send_seq BIGINT NOT NULL REFERENCES sends,
  number BIGINT NOT NULL,
  first_position BIGINT NOT NULL,
  last_position BIGINT NOT NULL,
  claimed_through BIGINT NOT NULL, -- positions up to here have been claimed at least once, or were skipped
  in_flight BIGINT NOT NULL DEFAULT 0,
  sent BIGINT NOT NULL DEFAULT 0,
  failed BIGINT NOT NULL DEFAULT 0, -- unknown ones too
  unknown BIGINT NOT NULL DEFAULT 0,
  skipped BIGINT NOT NULL DEFAULT 0,
  rate_per_second DOUBLE PRECISION, -- measured; null: nothing measured in this run
  holder TEXT,                    -- the worker that delivers it; null: nobody, or there is one process only
  fence BIGINT NOT NULL DEFAULT 0, -- grows with every change of holder
  PRIMARY KEY (send_seq, number)`,
    {
      owner: 'core/sends',
      order: ['send_seq', 'number'],
      moves: true,
      sqlite: { tail: 'WITHOUT ROWID' },
      postgres: { tail: BUSY },
    },
  ),

  // Which texts a send has said.
  table(
    'send_texts',
    `
  content_hash TEXT NOT NULL,
  send_seq BIGINT NOT NULL,
  PRIMARY KEY (content_hash, send_seq)`,
    { owner: 'core/sends', order: ['content_hash', 'send_seq'], moves: true },
  ),

  // On PostgreSQL no foreign keys: they would take a lock on the lead and the send for each row, and the code deletes
  // neither. No index there holds a column that a delivery that goes well changes (status, attempts), and pages have
  // room, so that its two updates are heap-only (HOT) and leave nothing for vacuum to clear out of an index.
  table(
    'deliveries',
    `
  send_seq BIGINT NOT NULL,
  position BIGINT NOT NULL,
  lead_seq BIGINT NOT NULL,
  status TEXT NOT NULL,
  contact TEXT,                   -- null: the lead has none that can be used
  attempts BIGINT NOT NULL DEFAULT 0, -- numbers the attempt id
  retries BIGINT NOT NULL DEFAULT 0, -- transient failures in a row; bounded
  retry_at BIGINT,                -- set on a pending row that was tried before: when to try again
  error_code TEXT,
  error TEXT,
  provider_said TEXT,             -- apart from our own words
  provider_message_id TEXT,
  sent_at BIGINT,
  PRIMARY KEY (send_seq, position)`,
    {
      owner: 'core/deliveries',
      order: ['send_seq', 'position'],
      moves: true,
      person: {
        contact: 'hashed, unless another lead has it',
        error: 'nulled',
        provider_said: 'nulled',
        provider_message_id: 'nulled: with it, a provider could tell who it was',
      },
      sqlite: {
        constraints: ['FOREIGN KEY (send_seq) REFERENCES sends', 'FOREIGN KEY (lead_seq) REFERENCES leads'],
        tail: 'WITHOUT ROWID',
        also: [
          // One row of a send for one contact. Neither changes while messages are sent: it costs when rows are made.
          'CREATE INDEX deliveries_by_contact ON deliveries (send_seq, contact)',
          // Small: never more rows than the windows that are in flight. What a killed process leaves is found by it.
          "CREATE INDEX deliveries_sending ON deliveries (send_seq, position) WHERE status = 'sending'",
          'CREATE INDEX deliveries_retry ON deliveries (send_seq, retry_at) WHERE retry_at IS NOT NULL',
          "CREATE INDEX deliveries_failed ON deliveries (send_seq, position) WHERE status = 'failed'",
          "CREATE INDEX deliveries_skipped ON deliveries (send_seq, position) WHERE status = 'skipped'",
        ],
      },
      postgres: {
        tail: 'WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.5)',
        also: [
          // Only who asks for a contact may use it. While it covered all rows, a plan made for a small table took it for
          // a claim too, since it begins with the send: each claim then read the whole send.
          'CREATE INDEX deliveries_by_contact ON deliveries (send_seq, contact) WHERE contact IS NOT NULL',
          'CREATE INDEX deliveries_retry ON deliveries (send_seq, position, retry_at) WHERE retry_at IS NOT NULL',
          // Failed, skipped, or pending after an error: whatever has something to tell.
          'CREATE INDEX deliveries_told ON deliveries (send_seq, position) WHERE error_code IS NOT NULL',
        ],
      },
    },
  ),

  // How many rows of a send have something to tell, by what it is: shown without looking at the rows. By chunk, so that
  // workers do not wait for one row. Nobody writes it but the triggers, whichever way a row changes.
  table(
    'delivery_errors',
    `
  send_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,         -- of the chunk
  status TEXT NOT NULL,           -- failed, skipped, or pending: in flight again too
  code TEXT NOT NULL,
  count BIGINT NOT NULL,
  sample_position BIGINT NOT NULL, -- of a row that came to it lately
  PRIMARY KEY (send_seq, number, status, code)`,
    {
      owner: 'core/deliveries',
      order: ['send_seq', 'number', 'status', 'code'],
      // Counted there as rows come in.
      moves: false,
      sqlite: { tail: 'WITHOUT ROWID', also: countErrors.sqlite },
      postgres: { tail: BUSY, also: countErrors.postgres },
    },
  ),

  // Refusals of which it is not known yet whose fault they were, by sender: few rows, and none in a send that goes well.
  table(
    'refusals',
    `
  seq SEQ,
  sender TEXT NOT NULL,
  send_seq BIGINT NOT NULL,
  position BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  reason TEXT,                    -- why to suppress, once it is trusted; null: it says nothing about the contact
  state TEXT NOT NULL,            -- open, put_back
  followed BIGINT NOT NULL,       -- 1: somebody was accepted since
  counted BIGINT NOT NULL         -- 0: refused again although others were accepted since it was put back`,
    {
      owner: 'core/deliveries',
      order: ['seq'],
      moves: true,
      also: [
        'CREATE UNIQUE INDEX refusals_by_delivery ON refusals (send_seq, position)',
        'CREATE INDEX refusals_by_sender ON refusals (sender, send_seq)',
      ],
    },
  ),

  // The right to send.
  table(
    'leases',
    `
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  fence BIGINT NOT NULL,          -- grows with every change of holder
  beat BIGINT NOT NULL            -- grows while the holder lives; no clock is compared between processes`,
    {
      owner: 'core/dispatch',
      order: ['name'],
      moves: false,
      sqlite: { tail: 'WITHOUT ROWID' },
      postgres: { tail: 'WITH (fillfactor = 50)' },
    },
  ),

  // The token bucket of each sender, shared by all workers. One process alone has no use for it.
  table(
    'sender_buckets',
    `
  id TEXT PRIMARY KEY,
  bucket TEXT NOT NULL,           -- JSON
  seen_at BIGINT NOT NULL DEFAULT 0 -- when a worker last showed that it serves it, milliseconds since 1970 by the database's clock`,
    { owner: 'core/dispatch', order: ['id'], moves: false, postgres: { tail: BUSY } },
  ),
];
