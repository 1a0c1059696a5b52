/**
 * Numbered, forward-only. A step that has been released is never edited.
 *
 * `seq` is a row's place in this file and never leaves it; `id` is what callers know. Times that only people read are
 * ISO 8601 text, times that are compared are milliseconds since 1970.
 */
export const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE leads (
      seq INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT,
      email TEXT,          -- as given
      phone TEXT,          -- as given
      email_key TEXT,      -- normalised; null when there is none or it cannot be used
      phone_key TEXT,      -- E.164; null when there is none or it cannot be used
      position TEXT,
      company TEXT,
      notes TEXT,
      status TEXT NOT NULL,
      origin TEXT,
      metadata TEXT NOT NULL,
      created_at TEXT NOT NULL,
      updated_at TEXT NOT NULL,
      deleted_at TEXT      -- set: erased; the row stays so that frozen audiences keep their pages
    )`,
    'CREATE INDEX leads_by_email ON leads (email_key) WHERE email_key IS NOT NULL',
    'CREATE INDEX leads_by_phone ON leads (phone_key) WHERE phone_key IS NOT NULL',
    // Who cannot be reached at all is known by what was given: a file imported twice makes nobody twice.
    `CREATE INDEX leads_unreachable ON leads (name, email, phone, company)
     WHERE email_key IS NULL AND phone_key IS NULL AND deleted_at IS NULL`,

    `CREATE TABLE audiences (
      seq INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      description TEXT,
      filters TEXT NOT NULL,
      max_leads INTEGER,             -- null: no limit was asked for
      page_size INTEGER NOT NULL,
      status TEXT NOT NULL,
      total_count INTEGER NOT NULL,
      scanned_seq INTEGER NOT NULL,  -- leads up to here have been looked at
      through_seq INTEGER NOT NULL,  -- the newest lead when the audience was asked for
      created_at TEXT NOT NULL,
      deleted_at TEXT
    )`,
    `CREATE TABLE audience_members (
      audience_seq INTEGER NOT NULL REFERENCES audiences,
      position INTEGER NOT NULL,     -- 1, 2, 3, … without gaps, in the order of leads.seq
      lead_seq INTEGER NOT NULL REFERENCES leads,
      PRIMARY KEY (audience_seq, position)
    ) WITHOUT ROWID`,
    'CREATE UNIQUE INDEX audience_members_by_lead ON audience_members (audience_seq, lead_seq)',

    `CREATE TABLE sends (
      seq INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      audience_seq INTEGER NOT NULL REFERENCES audiences,
      channel TEXT NOT NULL,
      campaign TEXT NOT NULL,
      mode TEXT NOT NULL,            -- sandbox or live: trying out never counts as having sent
      state TEXT NOT NULL,
      problem_code TEXT,             -- why it is paused, or what holds it up while it runs
      problem TEXT,
      revision INTEGER NOT NULL,     -- grows when the message changes
      message TEXT NOT NULL,
      format TEXT NOT NULL,
      subject TEXT,                  -- null: the channel has none
      from_name TEXT,                -- null: the configured one
      placeholder_policy TEXT NOT NULL,
      total INTEGER NOT NULL,        -- members of the audience
      frozen INTEGER NOT NULL,       -- delivery rows exist for positions 1 to here
      claimed INTEGER NOT NULL,      -- positions 1 to here have been claimed at least once, or were skipped
      in_flight INTEGER NOT NULL,
      sent INTEGER NOT NULL,
      failed INTEGER NOT NULL,       -- unknown ones too
      unknown INTEGER NOT NULL,
      skipped INTEGER NOT NULL,
      rate_per_second REAL,          -- measured; null: nothing measured in this run
      created_at TEXT NOT NULL,
      completed_at TEXT,
      UNIQUE (audience_seq, channel, campaign, mode)
    )`,
    "CREATE INDEX sends_running ON sends (channel, seq) WHERE state = 'running'",

    `CREATE TABLE deliveries (
      send_seq INTEGER NOT NULL REFERENCES sends,
      position INTEGER NOT NULL,
      lead_seq INTEGER NOT NULL REFERENCES leads,
      status TEXT NOT NULL,
      contact TEXT,                  -- null: the lead has none that can be used
      attempts INTEGER NOT NULL DEFAULT 0,  -- numbers the attempt id
      retries INTEGER NOT NULL DEFAULT 0,   -- transient failures in a row; bounded
      retry_at INTEGER,              -- set on a pending row that was tried before: when to try again
      error_code TEXT,
      error TEXT,
      provider_message_id TEXT,
      sent_at INTEGER,
      PRIMARY KEY (send_seq, position)
    ) WITHOUT ROWID`,
    // One row of a send for one contact. Neither changes while messages are sent: the index costs when rows are made.
    'CREATE INDEX deliveries_by_contact ON deliveries (send_seq, contact)',
    // Small: never more rows than the windows that are in flight. What a killed process leaves is found by it.
    "CREATE INDEX deliveries_sending ON deliveries (send_seq, position) WHERE status = 'sending'",
    'CREATE INDEX deliveries_retry ON deliveries (send_seq, retry_at) WHERE retry_at IS NOT NULL',
    "CREATE INDEX deliveries_failed ON deliveries (send_seq, position) WHERE status = 'failed'",
    "CREATE INDEX deliveries_skipped ON deliveries (send_seq, position) WHERE status = 'skipped'",

    `CREATE TABLE suppressions (
      channel TEXT NOT NULL,
      contact TEXT NOT NULL,         -- normalised
      reason TEXT NOT NULL,
      created_at TEXT NOT NULL,
      PRIMARY KEY (channel, contact)
    ) WITHOUT ROWID`,

    `CREATE TABLE outbox (
      seq INTEGER PRIMARY KEY,
      channel TEXT NOT NULL,
      delivery_id TEXT NOT NULL,
      attempt_id TEXT NOT NULL,
      recipient TEXT NOT NULL,
      sender TEXT,
      subject TEXT,
      text TEXT NOT NULL,
      recorded_at TEXT NOT NULL
    )`,

    `CREATE TABLE leases (
      name TEXT PRIMARY KEY,
      holder TEXT NOT NULL,
      fence INTEGER NOT NULL,        -- grows with every change of holder
      beat INTEGER NOT NULL          -- grows while the holder lives; no clock is compared between processes
    ) WITHOUT ROWID`,
  ],
  [
    // Milliseconds since 1970, by the clock on the wall; null: it was never to wait. Kept when it has started.
    'ALTER TABLE sends ADD COLUMN scheduled_at INTEGER',
    "CREATE INDEX sends_scheduled ON sends (scheduled_at) WHERE state = 'scheduled'",
  ],
];
