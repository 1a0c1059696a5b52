import { table } from './table.ts';

/** Who may call: keys and people. Rows of both stay when they are revoked, so that who did something can be told later. */
export const accessTables = [
  table(
    'keys',
    `
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,      -- SHA-256 of the key, which nobody keeps
  role TEXT NOT NULL,             -- viewer, author, operator, admin
  daily BIGINT,                   -- recipients of live sends a day, null: no limit
  created_at BIGINT NOT NULL,     -- milliseconds since 1970
  expires_at BIGINT,              -- null: it does not
  revoked_at BIGINT,              -- null: it holds
  used_at BIGINT                  -- last use, to the minute, null: none`,
    {
      owner: 'core/access',
      order: ['id'],
      moves: true,
      also: ['CREATE UNIQUE INDEX keys_by_name ON keys (name) WHERE revoked_at IS NULL'],
    },
  ),

  table(
    'users',
    `
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,             -- viewer, author, operator, admin
  password TEXT,                  -- scrypt, with its costs and salt, null: not set yet
  created_at BIGINT NOT NULL,     -- milliseconds since 1970
  removed_at BIGINT               -- null: the person may sign in`,
    {
      owner: 'core/access',
      order: ['id'],
      moves: true,
      also: ['CREATE UNIQUE INDEX users_by_name ON users (name) WHERE removed_at IS NULL'],
    },
  ),

  table(
    'sign_in_links',
    `
  hash TEXT PRIMARY KEY,          -- SHA-256 of the link's secret
  user_id TEXT,                   -- whose password it sets, null: it makes the first person
  expires_at BIGINT NOT NULL      -- milliseconds since 1970`,
    { owner: 'core/access', order: ['hash'], moves: false },
  ),

  table(
    'sessions',
    `
  hash TEXT PRIMARY KEY,          -- SHA-256 of what the cookie holds
  user_id TEXT,                   -- null: signed in with a key
  key_hash TEXT,                  -- of that key
  created_at BIGINT NOT NULL,     -- milliseconds since 1970
  seen_at BIGINT NOT NULL         -- to the minute`,
    {
      owner: 'core/access',
      order: ['hash'],
      moves: false,
      also: ['CREATE INDEX sessions_by_user ON sessions (user_id)'],
    },
  ),
];
