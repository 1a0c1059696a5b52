CREATE TABLE approvals (
  seq INTEGER PRIMARY KEY,
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
  reason TEXT                     -- a word of who decided to who had asked
);

CREATE UNIQUE INDEX approvals_by_code ON approvals (code) WHERE code IS NOT NULL;

CREATE INDEX approvals_of_send ON approvals (send_seq, seq);

CREATE INDEX approvals_open ON approvals (seq) WHERE code IS NOT NULL AND decision IS NULL;

CREATE TABLE attachments (
  hash TEXT PRIMARY KEY,          -- of its octets
  content TEXT NOT NULL,          -- base64
  kept_at BIGINT NOT NULL         -- when a send last asked for it, milliseconds since 1970
);

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

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at BIGINT NOT NULL,             -- milliseconds since 1970
  who TEXT NOT NULL,              -- as it was called then: key assistant, person ana, this machine
  who_id TEXT,                    -- of the key or the person, null: neither
  door TEXT NOT NULL,             -- mcp, http, cli
  client TEXT,                    -- the program, as it names itself
  operation TEXT NOT NULL,
  subject TEXT,                   -- id of what it was done to, never a contact
  answer TEXT NOT NULL            -- done, dry_run, or the code of the refusal
);

CREATE INDEX audit_by_time ON audit (at);

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

CREATE TABLE conversations (
  sender TEXT NOT NULL,
  contact TEXT NOT NULL,          -- normalised; the id at the provider while that is all there is
  user_id TEXT,                   -- the id at the provider; null: none was told
  last_inbound_at BIGINT,         -- when they last wrote, by the clock of the provider, milliseconds since 1970: never goes back
  refused_at BIGINT, farewell TEXT, farewell_at BIGINT, held_back_at BIGINT,              -- when the provider last said that they have not written lately, whatever we know
  PRIMARY KEY (sender, contact)
) WITHOUT ROWID;

CREATE INDEX conversations_by_contact ON conversations (contact);

CREATE INDEX conversations_by_user ON conversations (user_id) WHERE user_id IS NOT NULL;

CREATE INDEX conversations_to_confirm ON conversations (sender, contact) WHERE farewell IS NOT NULL;

CREATE TABLE creations (
  seq INTEGER PRIMARY KEY,
  asked TEXT NOT NULL,            -- keyed hash of the operation and its arguments
  idempotency_key TEXT,           -- keyed hash of the operation and the key of the call, null: it had none
  made_id TEXT NOT NULL,          -- what it made
  made_at BIGINT NOT NULL         -- milliseconds since 1970
);

CREATE INDEX creations_by_asked ON creations (asked, seq);

CREATE UNIQUE INDEX creations_by_key ON creations (idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE INDEX creations_by_time ON creations (made_at);

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

CREATE TABLE drafts (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  revision BIGINT NOT NULL,       -- grows with every change: whoever saves says which one it was written on
  title TEXT,                     -- its subject or first words, null: nothing is written yet
  channel TEXT,
  audience_id TEXT,               -- may be gone by now
  content TEXT NOT NULL,          -- JSON: arguments of sendBulkMessages
  created_at BIGINT NOT NULL,     -- milliseconds since 1970
  changed_at BIGINT NOT NULL,     -- milliseconds since 1970
  changed_by TEXT NOT NULL        -- as it was called then: person ana, key assistant, this machine
);

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

CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
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
  UNIQUE (provider, event_key)
);

CREATE INDEX events_by_contact ON events (contact, seq) WHERE contact IS NOT NULL;

CREATE INDEX events_by_lead ON events (lead_seq, seq) WHERE lead_seq IS NOT NULL;

CREATE INDEX events_by_send ON events (send_seq, seq) WHERE send_seq IS NOT NULL;

CREATE INDEX events_of_choices ON events (seq) WHERE type IN ('opted_out', 'opted_in', 'unsubscribed', 'complained');

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

CREATE TABLE key_days (
  key_id TEXT NOT NULL,
  day TEXT NOT NULL,              -- of UTC, 2026-11-26
  recipients BIGINT NOT NULL,
  PRIMARY KEY (key_id, day)
);

CREATE TABLE key_sends (
  key_id TEXT NOT NULL,
  send_id TEXT NOT NULL,
  recipients BIGINT NOT NULL,     -- that were counted for it, and may still be reached
  reached BIGINT NOT NULL,        -- sent and failed when they were counted
  PRIMARY KEY (key_id, send_id)
);

CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,      -- SHA-256 of the key, which nobody keeps
  role TEXT NOT NULL,             -- viewer, author, operator, admin
  daily BIGINT,                   -- recipients of live sends a day, null: no limit
  created_at BIGINT NOT NULL,     -- milliseconds since 1970
  expires_at BIGINT,              -- null: it does not
  revoked_at BIGINT,              -- null: it holds
  used_at BIGINT                  -- last use, to the minute, null: none
);

CREATE UNIQUE INDEX keys_by_name ON keys (name) WHERE revoked_at IS NULL;

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

CREATE TABLE oauth_clients (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,             -- as it names itself: nobody has looked whether it is true
  redirect_uris TEXT NOT NULL,    -- JSON: where codes may be taken to
  created_at BIGINT NOT NULL,     -- milliseconds since 1970
  allowed_at BIGINT               -- when somebody last let it in, null: nobody has, and it makes room for others
);

CREATE INDEX oauth_clients_unused ON oauth_clients (created_at, id) WHERE allowed_at IS NULL;

CREATE TABLE oauth_grants (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL,
  client_name TEXT NOT NULL,
  client_host TEXT NOT NULL,      -- where its codes are taken to
  user_id TEXT NOT NULL,          -- who let it in: it never may more than that person
  role TEXT NOT NULL,             -- viewer, author, operator
  resource TEXT NOT NULL,         -- the address its tokens are for
  redirect_uri TEXT NOT NULL,
  challenge TEXT NOT NULL,        -- PKCE, S256
  code_hash TEXT NOT NULL UNIQUE, -- SHA-256 of the code
  code_expires_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,     -- milliseconds since 1970, as the times below
  connected_at BIGINT,            -- when the code was used, null: not yet
  used_at BIGINT,                 -- last call, to the minute, null: none
  revoked_at BIGINT               -- null: it holds
);

CREATE INDEX oauth_grants_pending ON oauth_grants (code_expires_at) WHERE connected_at IS NULL;

CREATE TABLE oauth_tokens (
  hash TEXT PRIMARY KEY,          -- SHA-256 of the token, which nobody keeps
  grant_id TEXT NOT NULL,
  kind TEXT NOT NULL,             -- access, refresh
  expires_at BIGINT NOT NULL,     -- milliseconds since 1970
  used_at BIGINT                  -- when another was given for it: who comes with it again has stolen it, or was stolen from
);

CREATE INDEX oauth_tokens_by_end ON oauth_tokens (expires_at);

CREATE INDEX oauth_tokens_by_grant ON oauth_tokens (grant_id);

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

CREATE TABLE receipt_totals (
  send_seq BIGINT PRIMARY KEY,
  delivered BIGINT NOT NULL DEFAULT 0, -- whatever was read was delivered, told or not
  read BIGINT NOT NULL DEFAULT 0,
  bounced BIGINT NOT NULL DEFAULT 0,
  complained BIGINT NOT NULL DEFAULT 0,
  replied BIGINT NOT NULL DEFAULT 0,
  unsubscribed BIGINT NOT NULL DEFAULT 0,
  clicked BIGINT NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE receipts (
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
  PRIMARY KEY (send_seq, position)
) WITHOUT ROWID;

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
  completed_at TEXT, template TEXT, waiting_until BIGINT, attachments TEXT,
  UNIQUE (audience_seq, channel, mode, campaign_key)
);

CREATE INDEX sends_attachments ON sends (seq) WHERE attachments IS NOT NULL;

CREATE INDEX sends_running ON sends (sender, seq) WHERE state = 'running';

CREATE INDEX sends_scheduled ON sends (scheduled_at) WHERE state = 'scheduled';

CREATE INDEX sends_unfinished ON sends (channel, mode, sender) WHERE state <> 'completed';

CREATE TABLE sessions (
  hash TEXT PRIMARY KEY,          -- SHA-256 of what the cookie holds
  user_id TEXT,                   -- null: signed in with a key
  key_hash TEXT,                  -- of that key
  created_at BIGINT NOT NULL,     -- milliseconds since 1970
  seen_at BIGINT NOT NULL         -- to the minute
);

CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE sign_in_links (
  hash TEXT PRIMARY KEY,          -- SHA-256 of the link's secret
  user_id TEXT,                   -- whose password it sets, null: it makes the first person
  expires_at BIGINT NOT NULL      -- milliseconds since 1970
);

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

CREATE TABLE template_messages (
  send_seq BIGINT NOT NULL,
  position BIGINT NOT NULL,
  sender TEXT NOT NULL,
  at BIGINT NOT NULL,             -- when it was last claimed to leave by a template, milliseconds since 1970
  why TEXT NOT NULL,              -- never_wrote, window_closed, window_refused
  PRIMARY KEY (send_seq, position)
) WITHOUT ROWID;

CREATE INDEX template_messages_by_time ON template_messages (sender, at);

CREATE TABLE templates (
  seq INTEGER PRIMARY KEY,
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
  UNIQUE (sender, name, language)
);

CREATE INDEX templates_by_content ON templates (sender, content_key);

CREATE INDEX templates_to_check ON templates (sender, check_at) WHERE check_at IS NOT NULL;

CREATE TABLE test_messages (
  hash TEXT PRIMARY KEY,          -- of contact, lead, sender and text
  tried_at BIGINT NOT NULL,       -- milliseconds since 1970
  outcome TEXT                    -- JSON; null: on its way, or its process died
);

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,             -- viewer, author, operator, admin
  password TEXT,                  -- scrypt, with its costs and salt, null: not set yet
  created_at BIGINT NOT NULL,     -- milliseconds since 1970
  removed_at BIGINT               -- null: the person may sign in
);

CREATE UNIQUE INDEX users_by_name ON users (name) WHERE removed_at IS NULL;
