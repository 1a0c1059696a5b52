CREATE TABLE audience_members (
  audience_seq BIGINT NOT NULL REFERENCES audiences,
  position BIGINT NOT NULL,       -- 1, 2, 3, … without gaps, in the order of leads.seq
  lead_seq BIGINT NOT NULL,
  PRIMARY KEY (audience_seq, position)
  , FOREIGN KEY (lead_seq) REFERENCES leads
) WITHOUT ROWID;

CREATE UNIQUE INDEX audience_members_by_lead ON audience_members (audience_seq, lead_seq);

CREATE TABLE audiences (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT,
  filters TEXT NOT NULL,          -- JSON
  max_leads BIGINT,               -- null: no limit was asked for
  page_size BIGINT NOT NULL,
  status TEXT NOT NULL,
  total_count BIGINT NOT NULL,
  scanned_seq BIGINT NOT NULL,    -- leads up to here have been looked at
  through_seq BIGINT NOT NULL,    -- the newest lead when the audience was asked for
  created_at TEXT NOT NULL,
  deleted_at TEXT,
  error TEXT                      -- why it has the status "error"; null: it has not
);

CREATE TABLE chunks (
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
  PRIMARY KEY (send_seq, number)
) WITHOUT ROWID;

CREATE TABLE confirmations (
  hash TEXT PRIMARY KEY,          -- of the token
  asked TEXT NOT NULL,            -- hash of the call
  counts TEXT NOT NULL,           -- JSON: whom it would reach
  made_at BIGINT NOT NULL,        -- milliseconds since 1970
  send_id TEXT                    -- the send that it was used for; null: it was not used
);

CREATE TRIGGER delivery_errors_made AFTER INSERT ON deliveries WHEN NEW.error_code IS NOT NULL AND NEW.status <> 'sent'
    BEGIN
      INSERT INTO delivery_errors
      SELECT NEW.send_seq, 0, CASE NEW.status WHEN 'sending' THEN 'pending' ELSE NEW.status END, NEW.error_code, 1, NEW.position WHERE NEW.error_code IS NOT NULL AND NEW.status <> 'sent'
      ON CONFLICT (send_seq, number, status, code) DO UPDATE SET count = delivery_errors.count + excluded.count,
        sample_position = CASE WHEN excluded.count > 0 THEN excluded.sample_position ELSE delivery_errors.sample_position END;
    END;

CREATE TRIGGER delivery_errors_moved AFTER UPDATE OF error_code ON deliveries WHEN coalesce(OLD.error_code, NEW.error_code) IS NOT NULL
    AND (CASE OLD.status WHEN 'sending' THEN 'pending' ELSE OLD.status END <> CASE NEW.status WHEN 'sending' THEN 'pending' ELSE NEW.status END OR OLD.error_code IS DISTINCT FROM NEW.error_code)
    BEGIN
      INSERT INTO delivery_errors
      SELECT OLD.send_seq, 0, CASE OLD.status WHEN 'sending' THEN 'pending' ELSE OLD.status END, OLD.error_code, -1, OLD.position WHERE OLD.error_code IS NOT NULL AND OLD.status <> 'sent'
      ON CONFLICT (send_seq, number, status, code) DO UPDATE SET count = delivery_errors.count + excluded.count,
        sample_position = CASE WHEN excluded.count > 0 THEN excluded.sample_position ELSE delivery_errors.sample_position END;
      INSERT INTO delivery_errors
      SELECT NEW.send_seq, 0, CASE NEW.status WHEN 'sending' THEN 'pending' ELSE NEW.status END, NEW.error_code, 1, NEW.position WHERE NEW.error_code IS NOT NULL AND NEW.status <> 'sent'
      ON CONFLICT (send_seq, number, status, code) DO UPDATE SET count = delivery_errors.count + excluded.count,
        sample_position = CASE WHEN excluded.count > 0 THEN excluded.sample_position ELSE delivery_errors.sample_position END;
    END;

CREATE TABLE deliveries (
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
  PRIMARY KEY (send_seq, position)
  , FOREIGN KEY (send_seq) REFERENCES sends
  , FOREIGN KEY (lead_seq) REFERENCES leads
) WITHOUT ROWID;

CREATE INDEX deliveries_by_contact ON deliveries (send_seq, contact);

CREATE INDEX deliveries_failed ON deliveries (send_seq, position) WHERE status = 'failed';

CREATE INDEX deliveries_retry ON deliveries (send_seq, retry_at) WHERE retry_at IS NOT NULL;

CREATE INDEX deliveries_sending ON deliveries (send_seq, position) WHERE status = 'sending';

CREATE INDEX deliveries_skipped ON deliveries (send_seq, position) WHERE status = 'skipped';

CREATE TABLE delivery_errors (
  send_seq BIGINT NOT NULL,
  number BIGINT NOT NULL,         -- of the chunk
  status TEXT NOT NULL,           -- failed, skipped, or pending: in flight again too
  code TEXT NOT NULL,
  count BIGINT NOT NULL,
  sample_position BIGINT NOT NULL, -- of a row that came to it lately
  PRIMARY KEY (send_seq, number, status, code)
) WITHOUT ROWID;

CREATE TABLE erased_contacts (
  hash TEXT PRIMARY KEY,
  erased_at TEXT NOT NULL
);

CREATE TABLE erasures (
  seq INTEGER PRIMARY KEY,
  leads TEXT NOT NULL,            -- JSON: numbers of leads
  contacts TEXT NOT NULL,         -- JSON: as they were, while they are looked for
  through_send BIGINT NOT NULL
);

CREATE TABLE import_leads (
  import_seq BIGINT NOT NULL,
  lead_seq BIGINT NOT NULL,
  former TEXT,                    -- JSON: what it changed, as it was before, null: nothing
  PRIMARY KEY (import_seq, lead_seq)
) WITHOUT ROWID;

CREATE INDEX import_leads_by_lead ON import_leads (lead_seq, import_seq);

CREATE TABLE import_rows (
  import_seq BIGINT NOT NULL,
  kind TEXT NOT NULL,             -- reject, warning
  number BIGINT NOT NULL,
  line BIGINT NOT NULL,
  reason TEXT NOT NULL,
  record TEXT,                    -- JSON: the row as it stood in the file, null: it was no file
  PRIMARY KEY (import_seq, kind, number)
) WITHOUT ROWID;

CREATE TABLE imports (
  seq INTEGER PRIMARY KEY,
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
  ended_at TEXT                   -- null: it runs, or its process died
);

CREATE TABLE leads (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  name TEXT,
  first_name TEXT,                -- as given; null: the name was given whole, or not at all
  last_name TEXT,
  email TEXT,                     -- as given
  phone TEXT,                     -- as given
  email_key TEXT,                 -- normalised; null when there is none or it cannot be used
  phone_key TEXT,                 -- E.164, one for an account of WhatsApp however it is dialled; null when there is none or it cannot be used
  position TEXT,
  company TEXT,
  notes TEXT,
  status TEXT NOT NULL,
  origin TEXT,
  metadata TEXT NOT NULL,         -- JSON
  tags TEXT,                      -- JSON array; null: none
  segment_id TEXT,                -- from metadata, to filter by; null: the lead has none
  campaign_id TEXT,
  assignee_id TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  deleted_at TEXT                 -- set: erased; the row stays so that frozen audiences keep their pages
, import_seq BIGINT);

CREATE INDEX leads_by_email ON leads (email_key) WHERE email_key IS NOT NULL;

CREATE INDEX leads_by_import ON leads (import_seq) WHERE import_seq IS NOT NULL;

CREATE INDEX leads_by_phone ON leads (phone_key) WHERE phone_key IS NOT NULL;

CREATE INDEX leads_unreachable ON leads (name, email, phone, company)
     WHERE email_key IS NULL AND phone_key IS NULL AND deleted_at IS NULL;

CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  fence BIGINT NOT NULL,          -- grows with every change of holder
  beat BIGINT NOT NULL            -- grows while the holder lives; no clock is compared between processes
) WITHOUT ROWID;

CREATE TABLE marks (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY,
  text_seq BIGINT NOT NULL,
  channel TEXT NOT NULL,
  position BIGINT NOT NULL,       -- in its send
  recipient TEXT NOT NULL,
  subject TEXT,
  fields TEXT NOT NULL,           -- JSON: the values of this recipient
  recorded_at TEXT NOT NULL
);

CREATE INDEX outbox_by_channel ON outbox (channel, seq);

CREATE INDEX outbox_by_text ON outbox (text_seq, position, seq);

CREATE TABLE outbox_bodies (
  text_seq INTEGER PRIMARY KEY,                   -- given: that of outbox_texts
  parts TEXT NOT NULL             -- JSON: pieces of text, and numbers of values
);

CREATE TABLE outbox_texts (
  seq INTEGER PRIMARY KEY,
  send_id TEXT NOT NULL,          -- known to callers
  hash TEXT NOT NULL,             -- of all that messages with this text share
  channel TEXT NOT NULL,
  sender TEXT,                    -- null: none was asked for
  entries BIGINT NOT NULL,
  UNIQUE (send_id, hash)
);

CREATE TABLE refusals (
  seq INTEGER PRIMARY KEY,
  sender TEXT NOT NULL,
  send_seq BIGINT NOT NULL,
  position BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  reason TEXT,                    -- why to suppress, once it is trusted; null: it says nothing about the contact
  state TEXT NOT NULL,            -- open, put_back
  followed BIGINT NOT NULL,       -- 1: somebody was accepted since
  counted BIGINT NOT NULL         -- 0: refused again although others were accepted since it was put back
);

CREATE UNIQUE INDEX refusals_by_delivery ON refusals (send_seq, position);

CREATE INDEX refusals_by_sender ON refusals (sender, send_seq);

CREATE TABLE schema_migrations (
  version INTEGER PRIMARY KEY,
  applied_at TEXT NOT NULL,
  oldest_code INTEGER NOT NULL    -- whose code still works on what this step left
);

CREATE TABLE send_texts (
  content_hash TEXT NOT NULL,
  send_seq BIGINT NOT NULL,
  PRIMARY KEY (content_hash, send_seq)
);

CREATE TABLE sender_buckets (
  id TEXT PRIMARY KEY,
  bucket TEXT NOT NULL,           -- JSON
  seen_at BIGINT NOT NULL DEFAULT 0 -- when a worker last showed that it serves it, milliseconds since 1970 by the database's clock
);

CREATE TABLE sends (
  seq INTEGER PRIMARY KEY,
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
  UNIQUE (audience_seq, channel, mode, campaign_key)
);

CREATE INDEX sends_running ON sends (sender, seq) WHERE state = 'running';

CREATE INDEX sends_scheduled ON sends (scheduled_at) WHERE state = 'scheduled';

CREATE INDEX sends_unfinished ON sends (channel, mode, sender) WHERE state <> 'completed';

CREATE TABLE suppression_grounds (
  channel TEXT NOT NULL,
  contact TEXT NOT NULL,          -- as in suppressions
  import_seq BIGINT NOT NULL,     -- 0: said in another way
  reason TEXT NOT NULL,
  created_at TEXT NOT NULL,
  source TEXT,
  PRIMARY KEY (channel, contact, import_seq)
) WITHOUT ROWID;

CREATE INDEX suppression_grounds_by_import ON suppression_grounds (import_seq, channel, contact);

CREATE TABLE suppression_history (
  seq INTEGER PRIMARY KEY,
  channel TEXT NOT NULL,
  contact TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at TEXT NOT NULL,
  ended_at TEXT NOT NULL,
  ended_by TEXT NOT NULL,         -- the door it was lifted through, or the reason that took its place
  source TEXT
);

CREATE INDEX suppression_history_by_contact ON suppression_history (contact, seq);

CREATE TABLE suppressions (
  channel TEXT NOT NULL,
  contact TEXT NOT NULL,          -- normalised
  reason TEXT NOT NULL,
  created_at TEXT NOT NULL,
  source TEXT, import_seq BIGINT,                    -- the file, column and value that it was read from, null: another way
  PRIMARY KEY (channel, contact)
) WITHOUT ROWID;

CREATE INDEX suppressions_by_import ON suppressions (import_seq, channel, contact) WHERE import_seq IS NOT NULL;

CREATE TABLE test_messages (
  hash TEXT PRIMARY KEY,          -- of contact, lead, sender and text
  tried_at BIGINT NOT NULL,       -- milliseconds since 1970
  outcome TEXT                    -- JSON; null: on its way, or its process died
);
