import pg from 'pg';
import { TidingsError } from '../../errors.ts';
import type { Ledger, Parameter, Transaction, Value } from '../ledger.ts';
import { migrate, NoLedger, type Opening } from '../migrate.ts';
import { holdIfRestored } from './home.ts';
import { readPostgresUrl } from './postgres-url.ts';
import { isAgainstAnother, storageError, unusable } from './problems.ts';

/** Connections of one process. A worker needs a few; a server's readers wait for each other briefly. */
export const MOST_CONNECTIONS = 10;
/** As `server_version_num` tells it. */
export const OLDEST_POSTGRES = 150_000;
/** Writes wait for each other with a connection in hand. Few of them do, so that sending, which need not wait, finds one. */
const MOST_WRITES = 4;
/** Work that met another's lock the wrong way round is done again this many times. */
const TRIES = 5;

/**
 * The planner is held to what these statements are made for, walks along an index, one row after the other: a table
 * that grew by a million rows a minute ago, before anybody gathered statistics, must not be read from end to end. Nor by
 * several processes at once: a plan for any range takes one for wide in a table of ten million rows, and would start two
 * for each read of fifty, which took 17 ms instead of 0.4.
 * A process that is stopped within a transaction loses it after some seconds, so that others do not wait for it.
 * What is committed is on disk, whatever is usual in this database: a claim that a crash undoes is a message sent twice.
 */
const SETTINGS = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_bitmapscan: 'off',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  plan_cache_mode: 'force_generic_plan',
  synchronous_commit: 'on',
  idle_in_transaction_session_timeout: '8s',
  lock_timeout: '20s',
  statement_timeout: '120s',
};

/**
 * Opens (and prepares) the schema of a PostgreSQL database, 15 or newer.
 * @param url `postgres://user:password@host:5432/database`, with an optional `?schema=name` (default `tidings`).
 * @throws TidingsError `configuration` when it cannot be used, or is from a newer version.
 */
export async function openPostgres(
  url: string,
  { opening = 'migrate', onMade = () => {} }: { opening?: Opening; onMade?: (place: string) => void } = {},
): Promise<PostgresLedger> {
  const { connectionString, schema, shown } = readPostgresUrl(url);
  const pool = new pg.Pool({
    connectionString: withSettings(connectionString, schema),
    application_name: 'tidings',
    max: MOST_CONNECTIONS,
    connectionTimeoutMillis: 10_000,
    // A host that vanished is noticed in some ten minutes; by what is usual, in two hours.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // Statements that follow each other leave without waiting: a transaction costs few journeys.
    pipeline: true,
  } as pg.PoolConfig);
  // Of a connection that was lost while nobody used it: the next one to ask gets a new one.
  pool.on('error', () => {});
  const ledger = new PostgresLedger(pool, schema);
  try {
    if (await ledger.prepare(opening, shown)) onMade(shown);
    return ledger;
  } catch (error) {
    await pool.end();
    if (error instanceof NoLedger || (error instanceof TidingsError && error.code === 'configuration')) {
      throw error;
    }
    throw unusable(shown, error);
  }
}

/**
 * The address with the settings of a connection, which so cost no statement. The driver takes options of the address
 * alone: those that somebody put there come first, those needed here win.
 */
export function withSettings(address: string, schema: string): string {
  const url = new URL(address);
  const needed = Object.entries({ ...SETTINGS, search_path: schema }).map(
    ([name, value]) => `-c ${name}=${value}`,
  );
  url.searchParams.set('options', [url.searchParams.get('options') ?? [], needed].flat().join(' '));
  return url.href;
}

export class PostgresLedger implements Ledger {
  readonly dialect = 'postgres';
  readonly schema: string;
  readonly #pool: pg.Pool;
  readonly #lockKey: number;
  #writing = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(pool: pg.Pool, schema: string) {
    this.#pool = pool;
    this.schema = schema;
    this.#lockKey = lockKey(schema);
  }

  /** @returns whether it was made just now. */
  async prepare(opening: Opening, place: string): Promise<boolean> {
    const version = Number(
      (await this.get<{ v: string }>("SELECT current_setting('server_version_num') AS v"))!.v,
    );
    if (version < OLDEST_POSTGRES) {
      throw new TidingsError('configuration', `PostgreSQL ${Math.floor(version / 10_000)} is too old.`, {
        fix: `Tidings needs PostgreSQL ${OLDEST_POSTGRES / 10_000} or newer.`,
      });
    }
    // Two processes that start at once: the loser of a race for the catalogue finds it done.
    if (opening !== 'existing') {
      await this.write((tx) => tx.run(`CREATE SCHEMA IF NOT EXISTS ${this.schema}`));
    }
    const isNew = await migrate(this, opening, place);
    await holdIfRestored(this);
    return isNew;
  }

  async all<T extends object>(sql: string, ...parameters: Parameter[]): Promise<T[]> {
    try {
      return (await this.#pool.query(toQuery(sql, parameters))).rows as T[];
    } catch (error) {
      throw storageError(error);
    }
  }

  async get<T extends object>(sql: string, ...parameters: Parameter[]): Promise<T | undefined> {
    return (await this.all<T>(sql, ...parameters))[0];
  }

  async write<T>(work: (tx: PostgresTransaction) => Promise<T>): Promise<T> {
    if (this.#writing < MOST_WRITES) this.#writing += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#transaction(`BEGIN; SELECT pg_advisory_xact_lock(${this.#lockKey})`, work);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#writing -= 1;
    }
  }

  writeConcurrently<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#transaction('BEGIN', work);
  }

  async #transaction<T>(begin: string, work: (tx: PostgresTransaction) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(begin, work);
      } catch (error) {
        if (tries === TRIES || !isAgainstAnother(error)) throw storageError(error);
      }
    }
  }

  async #once<T>(begin: string, work: (tx: PostgresTransaction) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    // Of a connection that is lost between two statements; the next one rejects.
    const onLost = (error: Error) => (broken = error);
    client.on('error', onLost);
    try {
      const begun = client.query(begin);
      begun.catch(() => {});
      try {
        const result = await work(new PostgresTransaction(client));
        await begun;
        const end = await client.query('COMMIT');
        // PostgreSQL answers the COMMIT of a transaction that failed with a roll-back.
        if (end.command !== 'COMMIT') throw new TidingsError('storage', 'The transaction was undone.');
        return result;
      } catch (error) {
        // What left behind a BEGIN that failed says only that something had failed before.
        const cause = await begun.then(
          () => error,
          (failed: unknown) => failed,
        );
        await client.query('ROLLBACK').catch((lost: Error) => (broken ??= lost));
        throw cause;
      }
    } finally {
      client.off('error', onLost);
      client.release(broken);
    }
  }

  /** Text with `$1` parameters, as libraries write it: pg-boss uses the same connections. */
  async executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> {
    return this.#pool.query(text, values);
  }

  async close(): Promise<void> {
    if (!this.#pool.ended) await this.#pool.end();
  }
}

export class PostgresTransaction implements Transaction {
  readonly dialect = 'postgres';
  readonly #client: pg.PoolClient;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  async all<T extends object>(sql: string, ...parameters: Parameter[]): Promise<T[]> {
    return (await this.#client.query(toQuery(sql, parameters))).rows as T[];
  }

  async get<T extends object>(sql: string, ...parameters: Parameter[]): Promise<T | undefined> {
    return (await this.all<T>(sql, ...parameters))[0];
  }

  async run(sql: string, ...parameters: Parameter[]): Promise<number> {
    return (await this.#client.query(toQuery(sql, parameters))).rowCount ?? 0;
  }

  /** Row by row, each as an array, while they come in: a table of any size is never in memory as a whole. */
  each(sql: string, onRow: (row: Value[]) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const query = new pg.Query<Value[]>({ ...toQuery(sql, []), rowMode: 'array' } as pg.QueryConfig);
      query.on('row', onRow);
      query.on('end', () => resolve());
      query.on('error', reject);
      this.#client.query(query);
    });
  }
}

interface Prepared {
  readonly text: string;
  /** Statements with a name are parsed and planned once for each connection. */
  readonly name: string | undefined;
}

const prepared = new Map<string, Prepared>();
/** Filters make many shapes of a query: beyond this many they are planned each time. */
const MOST_PREPARED = 300;
const INT8 = 20;
const asNumber = {
  getTypeParser: (oid: number, format: string) =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
};

function toQuery(sql: string, parameters: readonly Parameter[]): pg.QueryConfig {
  let known = prepared.get(sql);
  if (!known) {
    let count = 0;
    const text = sql.replaceAll(/ INDEXED BY \w+/g, '').replaceAll('?', () => `$${++count}`);
    known = { text, name: prepared.size < MOST_PREPARED && count > 0 ? `t${prepared.size}` : undefined };
    if (known.name) prepared.set(sql, known);
  }
  return { ...known, values: parameters.map(withoutNul), types: asNumber as pg.CustomTypesConfig };
}

/** PostgreSQL's text cannot hold the character 0, and nobody needs it. */
function withoutNul(parameter: Parameter): unknown {
  if (typeof parameter === 'string')
    return parameter.includes('\0') ? parameter.replaceAll('\0', '') : parameter;
  return Array.isArray(parameter) ? parameter.map(withoutNul) : parameter;
}

/** Advisory locks are known by a number; the schema's name makes one (FNV-1a, 32 bits). */
function lockKey(schema: string): number {
  let hash = 0x811c9dc5;
  for (const character of `tidings ${schema}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash;
}
