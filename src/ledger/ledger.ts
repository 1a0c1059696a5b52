/** What a column can hold, in and out. */
export type Value = string | number | null;
export type Row = Record<string, Value>;
/** What a statement can be given. Arrays are for PostgreSQL's `unnest`: one statement for many rows. */
export type Parameter = Value | readonly Value[];

export type Dialect = 'sqlite' | 'postgres';

/**
 * What differs between the databases, side by side: a statement, or the function that does it. Whoever looks for all
 * differences looks for this word.
 */
export function byDialect<T>(
  choices: Readonly<Record<Dialect, T>>,
): (of: { readonly dialect: Dialect }) => T {
  return ({ dialect }) => choices[dialect];
}

/**
 * Statements are plain SQL with `?` parameters that both databases read; rows are snake_case and never leave a store.
 * `INDEXED BY name` is for SQLite and `FOR UPDATE [OF alias]` for PostgreSQL: the other one does not see it. Where a
 * statement must differ, its store says so with `byDialect`.
 */
export interface Reader {
  readonly dialect: Dialect;
  all<T extends object = Row>(sql: string, ...parameters: Parameter[]): Promise<T[]>;
  get<T extends object = Row>(sql: string, ...parameters: Parameter[]): Promise<T | undefined>;
}

export interface Transaction extends Reader {
  /** Resolves to the number of rows changed. */
  run(sql: string, ...parameters: Parameter[]): Promise<number>;
}

/**
 * Storage without business rules. A write is one transaction: committed and on disk when the promise resolves,
 * undone when `work` throws. Keep writes short. `work` may be run again when the database asks for it (a deadlock).
 *
 * When the line to a PostgreSQL server is lost during the commit, the promise rejects although the work may be done:
 * whoever writes must be able to write again.
 */
export interface Ledger extends Reader {
  /** One after the other, over all processes that share the database: what was read within still holds at the end. */
  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * Beside other writes, for rows that only their holder changes, which the work locks before it reads them. On SQLite
   * the same as `write`.
   */
  writeConcurrently<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** What was deleted leaves the file beside the data as well, unless somebody is reading: then it does so later. */
  cleanLog?(): Promise<void>;
  close(): Promise<void>;
}
