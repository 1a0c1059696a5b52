import { table } from './table.ts';

/** Apps that people have connected: who asks for access, what a person has given, and the tokens it is used by. */
export const oauthTables = [
  // Only those that registered themselves: who has an address of its own is read there.
  table(
    'oauth_clients',
    `
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,             -- as it names itself: nobody has looked whether it is true
  redirect_uris TEXT NOT NULL,    -- JSON: where codes may be taken to
  created_at BIGINT NOT NULL,     -- milliseconds since 1970
  allowed_at BIGINT               -- when somebody last let it in, null: nobody has, and it makes room for others`,
    {
      owner: 'core/access',
      order: ['id'],
      moves: true,
      also: ['CREATE INDEX oauth_clients_unused ON oauth_clients (created_at, id) WHERE allowed_at IS NULL'],
    },
  ),

  table(
    'oauth_grants',
    `
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
  revoked_at BIGINT               -- null: it holds`,
    {
      owner: 'core/access',
      order: ['id'],
      moves: true,
      also: [
        'CREATE INDEX oauth_grants_pending ON oauth_grants (code_expires_at) WHERE connected_at IS NULL',
      ],
    },
  ),

  table(
    'oauth_tokens',
    `
  hash TEXT PRIMARY KEY,          -- SHA-256 of the token, which nobody keeps
  grant_id TEXT NOT NULL,
  kind TEXT NOT NULL,             -- access, refresh
  expires_at BIGINT NOT NULL,     -- milliseconds since 1970
  used_at BIGINT                  -- when another was given for it: who comes with it again has stolen it, or was stolen from`,
    {
      owner: 'core/access',
      order: ['hash'],
      moves: true,
      also: [
        'CREATE INDEX oauth_tokens_by_grant ON oauth_tokens (grant_id)',
        'CREATE INDEX oauth_tokens_by_end ON oauth_tokens (expires_at)',
      ],
    },
  ),
];
