import pg from 'pg';
import { TidingsError } from '../../errors.ts';
import { HOLD } from '../../ledger/marks.ts';
import { NEWEST, refuseUnreleased } from '../../ledger/migrate.ts';
import { MOST_CONNECTIONS, OLDEST_POSTGRES, withSettings } from '../../ledger/postgres/open-postgres.ts';
import { type PostgresUrl, readPostgresUrl } from '../../ledger/postgres/postgres-url.ts';
import { storageError, unusable } from '../../ledger/postgres/problems.ts';
import { JOB_CONNECTIONS } from '../../queue/pg-boss-queue.ts';
import type { Check } from './check.ts';
import { bad, checkHold, failed, good, warning } from './check.ts';
import { checkClock } from './check-clock.ts';

const ANSWER_MS = 5_000;
const FOR_EACH_PROCESS = MOST_CONNECTIONS + JOB_CONNECTIONS;

type Facts = Record<string, string | number | boolean | null>;

/** Looks and changes nothing: a database is brought to this version by a server or worker that starts, not by a look. */
export async function checkPostgres(url: string): Promise<Check[]> {
  let known: PostgresUrl;
  try {
    known = readPostgresUrl(url);
  } catch (error) {
    return [failed('database', error)];
  }
  const client = new pg.Client({
    connectionString: withSettings(known.connectionString, known.schema),
    application_name: 'tidings doctor',
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return await checkAll(client, known);
  } catch (error) {
    return [failed('database', unusable(known.shown, error))];
  } finally {
    await client.end().catch(() => {});
  }
}

async function checkAll(client: pg.Client, { schema, shown }: PostgresUrl): Promise<Check[]> {
  const ask = async (sql: string, values: unknown[] = []) =>
    (await client.query<Facts>(sql, values)).rows[0]!;
  const { version, readable } = await ask(
    "SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS readable",
  );
  if (Number(version) < OLDEST_POSTGRES) {
    const fix = `Tidings needs PostgreSQL ${OLDEST_POSTGRES / 10_000} or newer.`;
    return [bad('database', `${shown} is PostgreSQL ${readable}, which is too old`, fix)];
  }
  return [
    good('database', `${shown} answers: PostgreSQL ${readable}`),
    await checkSchema(client, ask, schema),
    ...(await checkRestored(client)),
    await checkDurability(ask),
    await checkTime(ask),
    await checkConnections(ask),
    await checkJobs(ask, `${schema}_jobs`),
  ];
}

/** A hold that was placed; one for a restore that no process has noticed yet is placed by the first to start. */
async function checkRestored(client: pg.Client): Promise<Check[]> {
  const { rows } = await client
    .query<{ value: string }>('SELECT value FROM marks WHERE name = $1', [HOLD])
    .catch(() => ({ rows: [] }));
  return checkHold(rows[0] ? { since: rows[0].value } : null);
}

type Ask = (sql: string, values?: unknown[]) => Promise<Facts>;

async function checkSchema(client: pg.Client, ask: Ask, schema: string): Promise<Check> {
  const name = 'schema';
  const { made } = await ask("SELECT to_regclass('schema_migrations') IS NOT NULL AS made");
  if (!made) return checkMayCreate(ask, name, schema, 'does not exist yet: the first start makes it');
  const { version } = await ask('SELECT coalesce(max(version), 0)::int AS version FROM schema_migrations');
  try {
    refuseUnreleased(Number(version), schema);
  } catch (error) {
    return failed(name, error);
  }
  const { oldest } = await ask('SELECT max(oldest_code)::int AS oldest FROM schema_migrations');
  if (Number(oldest) > NEWEST) {
    const detail = `${schema} is at version ${version}; this Tidings knows ${NEWEST} and cannot use it`;
    return bad(name, detail, 'Run the newer Tidings, or restore a backup made before the upgrade.');
  }
  const why = await whyNotWritable(client);
  if (why) return { ...failed(name, why), detail: `${schema} cannot be written: ${why.message}` };
  const state =
    version === NEWEST
      ? 'as this Tidings needs it'
      : Number(version) > NEWEST
        ? 'newer than this Tidings, which can use it'
        : `the next start brings it to ${NEWEST}`;
  return good(name, `${schema} is at version ${version} (${state}) and can be written`);
}

/** Written and taken back. */
async function whyNotWritable(client: pg.Client): Promise<TidingsError | null> {
  try {
    await client.query('BEGIN');
    await client.query("DELETE FROM marks WHERE name = 'doctor'");
    await client.query("INSERT INTO marks (name, value) VALUES ('doctor', 'was here')");
    return null;
  } catch (error) {
    const known = storageError(error);
    return known instanceof TidingsError ? known : new TidingsError('storage', 'It was refused.');
  } finally {
    await client.query('ROLLBACK').catch(() => {});
  }
}

async function checkMayCreate(ask: Ask, name: string, schema: string, what: string): Promise<Check> {
  const { may } = await ask(
    `SELECT coalesce(has_schema_privilege(to_regnamespace($1), 'CREATE'),
       has_database_privilege(current_database(), 'CREATE')) AS may`,
    [schema],
  );
  if (may) return good(name, `${schema} ${what}`);
  const fix = 'Grant the user of DATABASE_URL CREATE on the database.';
  return bad(name, `${schema} ${what}, and the user of DATABASE_URL may not`, fix);
}

/** "Claimed" must be on disk before a provider hears of a message: what is forgotten would be sent again. */
async function checkDurability(ask: Ask): Promise<Check> {
  const settings = await ask(
    // `synchronous_commit` is what our own connections say it is.
    "SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes",
  );
  const off = Object.keys(settings).filter((name) => settings[name] === 'off');
  if (off.length === 0) return good('durability', 'a commit survives a power cut');
  return warning(
    'durability',
    `${off.join(', ')} off: a power cut can lose what was sent, and it would be sent again`,
    `Set ${off.map((name) => `${name} = on`).join(', ')} in postgresql.conf.`,
  );
}

async function checkTime(ask: Ask): Promise<Check> {
  const askedAt = Date.now();
  const { now } = await ask('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now');
  const answeredAt = Date.now();
  const matters =
    "Scheduled sends start by the database's clock, and a time that is given is read by this one.";
  return checkClock('clock', "the database's", (askedAt + answeredAt) / 2 - Number(now), matters);
}

async function checkConnections(ask: Ask): Promise<Check> {
  const { most, used } = await ask(
    `SELECT current_setting('max_connections')::int
         - coalesce(current_setting('superuser_reserved_connections', true)::int, 0)
         - coalesce(current_setting('reserved_connections', true)::int, 0) AS most,
       (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS used`,
  );
  // This look is one of them.
  const free = Number(most) - Number(used) + 1;
  const detail =
    `${free} of ${most} connections are free; a server or worker takes up to ${FOR_EACH_PROCESS}, ` +
    `so there is room for ${Math.max(0, Math.floor(free / FOR_EACH_PROCESS))} more`;
  if (free >= FOR_EACH_PROCESS) return good('connections', detail);
  return warning('connections', detail, 'Raise max_connections, or run fewer processes.');
}

async function checkJobs(ask: Ask, schema: string): Promise<Check> {
  const name = 'jobs';
  const { made, may } = await ask(
    `SELECT to_regnamespace($1) IS NOT NULL AS made,
       coalesce(has_schema_privilege(to_regnamespace($1), 'USAGE'), false) AS may`,
    [schema],
  );
  if (!made) return checkMayCreate(ask, name, schema, 'does not exist yet: the first to send makes it');
  if (may) return good(name, `${schema} can be used`);
  return bad(name, `${schema} may not be used`, `GRANT ALL ON SCHEMA ${schema} to the user of DATABASE_URL.`);
}
