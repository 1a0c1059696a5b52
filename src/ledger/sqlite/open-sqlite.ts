import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { TidingsError } from '../../errors.ts';
import { isNothingThere, makeDataFilePrivate } from '../../private-files.ts';
import type { Ledger, Parameter, Transaction, Value } from '../ledger.ts';
import { migrate, NoLedger, type Opening } from '../migrate.ts';
import { refuseIfMoved } from './moved.ts';
import { isScrubDue, scrub } from './scrub.ts';

/** Another process may hold the write lock for as long as one of its transactions; longer than this is a fault. */
const BUSY_LIMIT_MS = 20_000;

/**
 * Opens (and creates) a data file. WAL, so that readers never wait for the writer; `synchronous=FULL`, so that a
 * commit survives a power cut: "claimed" must be on disk before a provider hears of a message.
 * @param evenIfMoved for whoever moves: everybody else must not use a file whose data went elsewhere.
 * @param file `:memory:` for one that is gone when it is closed.
 * @throws TidingsError `configuration` when the folder or file cannot be used, was moved, or is from another version.
 */
export async function openSqlite(
  file: string,
  {
    evenIfMoved = false,
    opening = 'migrate',
    onMade = () => {},
  }: { evenIfMoved?: boolean; opening?: Opening; onMade?: (place: string) => void } = {},
): Promise<SqliteLedger> {
  let writer: DatabaseSync | undefined;
  try {
    if (file !== IN_MEMORY) {
      if (opening === 'existing' && isNothingThere(file)) throw new NoLedger(file);
      makeDataFilePrivate(file);
    }
    writer = connect(file, WRITER_CACHE);
    const ledger = new SqliteLedger(writer, file, evenIfMoved);
    if (!evenIfMoved) await refuseIfMoved(ledger, file);
    if (await migrate(ledger, opening, file)) onMade(file);
    return ledger;
  } catch (error) {
    writer?.close();
    if (error instanceof NoLedger || (error instanceof TidingsError && error.code === 'configuration')) {
      throw error;
    }
    throw unusable(file, error);
  }
}

const IN_MEMORY = ':memory:';

/** Pages kept in memory, KiB. Whoever writes goes to indexes anywhere; whoever reads goes through pages once. */
const WRITER_CACHE = 4_000;
const READER_CACHE = 1_000;

function connect(file: string, cache: number): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 100 });
  // Switching a fresh file to WAL needs the lock of every process that opens it at the same moment.
  database.exec('PRAGMA busy_timeout = 5000');
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA busy_timeout = 100');
  database.exec('PRAGMA synchronous = FULL');
  database.exec('PRAGMA foreign_keys = ON');
  // What is deleted is overwritten. Measured with claims and settlements: no difference (10.4 and 10.3 µs a message).
  database.exec('PRAGMA secure_delete = ON');
  database.exec(`PRAGMA cache_size = -${cache}`);
  database.exec('PRAGMA journal_size_limit = 67108864');
  return database;
}

export class SqliteLedger implements Ledger {
  readonly dialect = 'sqlite';
  readonly #file: string;
  readonly #evenIfMoved: boolean;
  readonly #writer: Connection;
  readonly #reader: Connection;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(writer: DatabaseSync, file: string, evenIfMoved: boolean) {
    this.#file = file;
    this.#evenIfMoved = evenIfMoved;
    this.#writer = new Connection(writer);
    this.#reader = file === IN_MEMORY ? this.#writer : new Connection(connect(file, READER_CACHE));
  }

  all<T extends object>(sql: string, ...parameters: Parameter[]): Promise<T[]> {
    return this.#reader.all<T>(sql, ...parameters);
  }

  get<T extends object>(sql: string, ...parameters: Parameter[]): Promise<T | undefined> {
    return this.#reader.get<T>(sql, ...parameters);
  }

  /** Row by row, each as an array: a table of any size takes no more memory than its largest row. */
  iterate(sql: string): Iterable<Value[]> {
    return this.#reader.iterate(sql);
  }

  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => this.#transaction(work));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  writeConcurrently<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.write(work);
  }

  async #transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.#closed) throw new TidingsError('storage', 'The data file is closed.');
    try {
      await this.#begin();
      try {
        // It may have been moved since it was opened.
        if (!this.#evenIfMoved) await refuseIfMoved(this.#writer, this.#file);
        const result = await work(this.#writer);
        this.#writer.exec('COMMIT');
        return result;
      } catch (error) {
        this.#writer.rollback();
        throw error;
      }
    } catch (error) {
      throw storageError(error);
    }
  }

  /** Takes the write lock, leaving the event loop free while another process holds it. */
  async #begin(): Promise<void> {
    const startedAt = performance.now();
    for (let delayMs = 5; ; delayMs = Math.min(2 * delayMs, 100)) {
      try {
        this.#writer.exec('BEGIN IMMEDIATE');
        return;
      } catch (error) {
        if (!isBusy(error) || performance.now() - startedAt > BUSY_LIMIT_MS) throw error;
        await sleep(delayMs);
      }
    }
  }

  async cleanLog(): Promise<void> {
    const turn = this.#queue.then(() => {
      if (!this.#closed) this.#writer.truncateLog();
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async close(): Promise<void> {
    await this.#queue;
    if (this.#closed) return;
    this.#closed = true;
    const isDue = isScrubDue(this.#reader);
    if (this.#reader !== this.#writer) this.#reader.close();
    this.#writer.close();
    if (await isDue) scrub(this.#file);
  }
}

/** Rows need no lock where there is one writer. */
const FOR_UPDATE = / FOR UPDATE( OF \w+)?/g;

class Connection implements Transaction {
  readonly dialect = 'sqlite';
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async all<T extends object>(sql: string, ...parameters: Parameter[]): Promise<T[]> {
    return this.#do(() => this.#prepare(sql).all(...(parameters as Value[])) as T[]);
  }

  async get<T extends object>(sql: string, ...parameters: Parameter[]): Promise<T | undefined> {
    return this.#do(() => this.#prepare(sql).get(...(parameters as Value[])) as T | undefined);
  }

  async run(sql: string, ...parameters: Parameter[]): Promise<number> {
    return this.#do(() => Number(this.#prepare(sql).run(...(parameters as Value[])).changes));
  }

  iterate(sql: string): Iterable<Value[]> {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    return statement.iterate() as unknown as Iterable<Value[]>;
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** In the hands of readers or of another writer it stays: the next one who asks, or closes last, does it. */
  truncateLog(): void {
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  /** A full disk may have ended the transaction already. */
  rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql.replaceAll(FOR_UPDATE, ''));
      // Filters make many shapes of a query; a bound keeps a long-lived server flat.
      if (this.#statements.size >= 300) this.#statements.clear();
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #do<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storageError(error);
    }
  }
}

/** SQLite's result code without its extension (https://sqlite.org/rescode.html). */
function resultCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

const SQLITE_BUSY = 5;
const PROBLEMS: Record<number, { what: string; fix: string }> = {
  5: {
    what: 'Another process kept the data file locked for too long',
    fix: 'Try again; look for a stuck process.',
  },
  8: { what: 'The data file is read-only', fix: 'Make the data folder writable for this user.' },
  10: { what: 'The disk failed while the data file was used', fix: 'Check the disk, then start again.' },
  11: { what: 'The data file is damaged', fix: 'Restore it from a backup.' },
  13: { what: 'The disk is full', fix: 'Free some space; nothing that was confirmed is lost.' },
  14: {
    what: 'The data file cannot be opened',
    fix: 'Check that TIDINGS_DATA_DIR exists and can be written.',
  },
  26: { what: 'The data file is not a Tidings database', fix: 'Point TIDINGS_DATA_DIR at another folder.' },
};

function isBusy(error: unknown): boolean {
  return resultCode(error) === SQLITE_BUSY;
}

function storageError(error: unknown): unknown {
  const problem = PROBLEMS[resultCode(error) ?? -1];
  return problem
    ? new TidingsError('storage', `${problem.what}.`, { fix: problem.fix, cause: error })
    : error;
}

function unusable(file: string, error: unknown): TidingsError {
  const known = error instanceof TidingsError ? error : storageError(error);
  const cause = known instanceof Error ? known.message : String(known);
  const fix =
    known instanceof TidingsError ? known.fix : 'Set TIDINGS_DATA_DIR to a folder that this user can write.';
  return new TidingsError('configuration', `The data file ${file} cannot be used: ${cause}`, {
    fix,
    cause: error,
  });
}
