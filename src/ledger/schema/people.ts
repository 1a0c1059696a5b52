import { table } from './table.ts';

const CONTACT_FOLLOWS = 'hashed, unless another lead has it';

/** People, selections of them, and who must not be written to. */
export const peopleTables = [
  table(
    'leads',
    `
  seq SEQ,
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
  deleted_at TEXT                 -- set: erased; the row stays so that frozen audiences keep their pages`,
    {
      owner: 'core/leads',
      order: ['seq'],
      moves: true,
      person: {
        name: 'nulled',
        first_name: 'nulled',
        last_name: 'nulled',
        email: 'nulled',
        phone: 'nulled',
        email_key: 'nulled',
        phone_key: 'nulled',
        position: 'nulled',
        company: 'nulled',
        notes: 'nulled',
        origin: 'nulled',
        metadata: 'emptied',
        tags: 'nulled',
        segment_id: 'nulled',
        campaign_id: 'nulled',
        assignee_id: 'nulled',
      },
      also: [
        'CREATE INDEX leads_by_email ON leads (email_key) WHERE email_key IS NOT NULL',
        'CREATE INDEX leads_by_phone ON leads (phone_key) WHERE phone_key IS NOT NULL',
      ],
      // Who cannot be reached at all is known by what was given: a file imported twice makes nobody twice.
      sqlite: {
        also: [
          `CREATE INDEX leads_unreachable ON leads (name, email, phone, company)
     WHERE email_key IS NULL AND phone_key IS NULL AND deleted_at IS NULL`,
        ],
      },
      // What was given may be longer than an index row may be: the beginning of the name is enough to find the few.
      postgres: {
        also: [
          `CREATE INDEX leads_unreachable ON leads (substr(coalesce(name, ''), 1, 200))
     WHERE email_key IS NULL AND phone_key IS NULL AND deleted_at IS NULL`,
        ],
      },
    },
  ),

  table(
    'audiences',
    `
  seq SEQ,
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
  error TEXT                      -- why it has the status "error"; null: it has not`,
    {
      owner: 'core/audiences',
      order: ['seq'],
      moves: true,
      person: {
        name: 'contacts and full names are replaced',
        description: 'contacts and full names are replaced',
        filters: 'replaced where they look for the person',
      },
    },
  ),

  table(
    'audience_members',
    `
  audience_seq BIGINT NOT NULL REFERENCES audiences,
  position BIGINT NOT NULL,       -- 1, 2, 3, … without gaps, in the order of leads.seq
  lead_seq BIGINT NOT NULL,
  PRIMARY KEY (audience_seq, position)`,
    {
      owner: 'core/audiences',
      order: ['audience_seq', 'position'],
      moves: true,
      sqlite: {
        constraints: ['FOREIGN KEY (lead_seq) REFERENCES leads'],
        tail: 'WITHOUT ROWID',
        also: ['CREATE UNIQUE INDEX audience_members_by_lead ON audience_members (audience_seq, lead_seq)'],
      },
    },
  ),

  table(
    'suppressions',
    `
  channel TEXT NOT NULL,
  contact TEXT NOT NULL,          -- normalised
  reason TEXT NOT NULL,
  created_at TEXT NOT NULL,
  source TEXT,                    -- the file, column and value that it was read from, null: another way
  PRIMARY KEY (channel, contact)`,
    {
      owner: 'core/suppressions',
      order: ['channel', 'contact'],
      moves: true,
      person: { contact: CONTACT_FOLLOWS, source: 'nulled with the contact' },
      sqlite: { tail: 'WITHOUT ROWID' },
    },
  ),

  // Those that no longer hold.
  table(
    'suppression_history',
    `
  seq SEQ,
  channel TEXT NOT NULL,
  contact TEXT NOT NULL,
  reason TEXT NOT NULL,
  created_at TEXT NOT NULL,
  ended_at TEXT NOT NULL,
  ended_by TEXT NOT NULL,         -- the door it was lifted through, or the reason that took its place
  source TEXT`,
    {
      owner: 'core/suppressions',
      order: ['seq'],
      moves: true,
      person: { contact: CONTACT_FOLLOWS, source: 'nulled with the contact' },
      also: ['CREATE INDEX suppression_history_by_contact ON suppression_history (contact, seq)'],
    },
  ),

  // What is left of people who were erased: that they are not brought back unseen.
  table(
    'erased_contacts',
    `
  hash TEXT PRIMARY KEY,
  erased_at TEXT NOT NULL`,
    { owner: 'core/suppressions', order: ['hash'], moves: true },
  ),

  // What is still to be done of an erasure: it ends when nothing of the person is in flight any more.
  table(
    'erasures',
    `
  seq SEQ,
  leads TEXT NOT NULL,            -- JSON: numbers of leads
  contacts TEXT NOT NULL,         -- JSON: as they were, while they are looked for
  through_send BIGINT NOT NULL`,
    {
      owner: 'person',
      order: ['seq'],
      moves: true,
      person: { contacts: 'row deleted when nothing is in flight any more' },
    },
  ),
];
