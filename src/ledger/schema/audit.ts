import { table } from './table.ts';

/** Who did what: of callers, never of the people that they did it to. */
export const auditTables = [
  table(
    'audit',
    `
  seq SEQ,
  at BIGINT NOT NULL,             -- milliseconds since 1970
  who TEXT NOT NULL,              -- as it was called then: key assistant, person ana, this machine
  who_id TEXT,                    -- of the key or the person, null: neither
  door TEXT NOT NULL,             -- mcp, http, cli
  client TEXT,                    -- the program, as it names itself
  operation TEXT NOT NULL,
  subject TEXT,                   -- id of what it was done to, never a contact
  answer TEXT NOT NULL            -- done, dry_run, or the code of the refusal`,
    {
      owner: 'core/access',
      order: ['seq'],
      moves: true,
      also: ['CREATE INDEX audit_by_time ON audit (at)'],
    },
  ),
];
