import { fillLeadFilters } from './fill-lead-filters.ts';
import type { Dialect, Transaction } from './ledger.ts';
import { postgresOutbox, sqliteOutbox } from './outbox-steps.ts';
import { postgresPerson, sqlitePerson } from './person-steps.ts';
import { postgresSchema } from './postgres/first-schema.ts';
import { rekeyEmails } from './rekey-emails.ts';
import { firstSchema } from './sqlite/first-schema.ts';

export type Migration = Readonly<Record<Dialect, readonly string[]>> & {
  /** The oldest schema version whose code still works on what this step leaves: others are refused. */
  readonly oldestCode: number;
  /** What SQL cannot say of the rows, after the statements and in their transaction: a batch of them in memory at a time. */
  readonly rows?: (tx: Transaction) => Promise<void>;
};

const LEAD_FILTERS = ['segment_id', 'campaign_id', 'assignee_id'].map(
  (column) => `ALTER TABLE leads ADD COLUMN ${column} TEXT`,
);
/** Why an audience has the status `error`; null: it has not. */
const AUDIENCE_ERROR = 'ALTER TABLE audiences ADD COLUMN error TEXT';

const SCHEDULED = "CREATE INDEX sends_scheduled ON sends (scheduled_at) WHERE state = 'scheduled'";

/**
 * Numbered, forward-only. A step that has been released is never edited. Both databases are at the same version when
 * they hold the same columns; PostgreSQL came with the second one.
 *
 * `seq` is a row's place in this database and never leaves it; `id` is what callers know. Times that only people read
 * are ISO 8601 text, times that are compared are milliseconds since 1970.
 */
export const migrations: readonly Migration[] = [
  { oldestCode: 0, sqlite: firstSchema, postgres: postgresSchema },

  // The work of a send is cut into chunks, each with its own place and totals: workers never wait for one row.
  {
    oldestCode: 2,
    sqlite: [
      `CREATE TABLE chunks (
        send_seq INTEGER NOT NULL REFERENCES sends,
        number INTEGER NOT NULL,
        first_position INTEGER NOT NULL,
        last_position INTEGER NOT NULL,
        claimed INTEGER NOT NULL,      -- positions up to here have been claimed at least once, or were skipped
        in_flight INTEGER NOT NULL DEFAULT 0,
        sent INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,    -- unknown ones too
        unknown INTEGER NOT NULL DEFAULT 0,
        skipped INTEGER NOT NULL DEFAULT 0,
        rate_per_second REAL,          -- measured; null: nothing measured in this run
        holder TEXT,                   -- the worker that delivers it; null: nobody, or there is one process only
        fence INTEGER NOT NULL DEFAULT 0,     -- grows with every change of holder
        PRIMARY KEY (send_seq, number)
      ) WITHOUT ROWID`,
      `INSERT INTO chunks (send_seq, number, first_position, last_position, claimed, in_flight, sent, failed, unknown,
         skipped) SELECT seq, 0, 1, total, claimed, in_flight, sent, failed, unknown, skipped FROM sends`,
      ...['claimed', 'in_flight', 'sent', 'failed', 'unknown', 'skipped', 'rate_per_second'].map(
        (column) => `ALTER TABLE sends DROP COLUMN ${column}`,
      ),
    ],
    postgres: [],
  },

  // Milliseconds since 1970, by the clock on the wall; null: it was never to wait. Kept when it has started.
  {
    oldestCode: 3,
    sqlite: ['ALTER TABLE sends ADD COLUMN scheduled_at INTEGER', SCHEDULED],
    postgres: ['ALTER TABLE sends ADD COLUMN scheduled_at BIGINT', SCHEDULED],
  },

  // Only who asks for a contact may use this index. While it covered all rows, a plan made for a small table took it for
  // a claim too, since it begins with the send: each claim then read the whole send.
  {
    oldestCode: 3,
    sqlite: [],
    postgres: [
      'DROP INDEX deliveries_by_contact',
      'CREATE INDEX deliveries_by_contact ON deliveries (send_seq, contact) WHERE contact IS NOT NULL',
    ],
  },

  // Emails are known by what goes over the wire. Code that does not know it would make rows that nobody else finds.
  { oldestCode: 5, sqlite: [], postgres: [], rows: rekeyEmails },

  // The sandbox keeps one copy of the text of a send, and of each message only what differs.
  { oldestCode: 6, sqlite: sqliteOutbox, postgres: postgresOutbox },

  // From metadata, null: the lead has none. One lead whose metadata a database cannot read breaks no filter.
  {
    oldestCode: 7,
    sqlite: [...LEAD_FILTERS, AUDIENCE_ERROR],
    postgres: [...LEAD_FILTERS, AUDIENCE_ERROR],
    rows: fillLeadFilters,
  },

  // What is left of people who were erased, and of suppressions that no longer hold. Older code would bring both back.
  { oldestCode: 8, sqlite: sqlitePerson, postgres: postgresPerson },
];
