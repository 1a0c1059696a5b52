/** What a column can hold, in and out. */
export type Value = string | number | null;
export type Row = Record<string, Value>;

/** Statements are plain SQL with `?` parameters; rows are snake_case and never leave a store. */
export interface Reader {
  all<T extends object = Row>(sql: string, ...parameters: Value[]): Promise<T[]>;
  get<T extends object = Row>(sql: string, ...parameters: Value[]): Promise<T | undefined>;
}

export interface Transaction extends Reader {
  /** Resolves to the number of rows changed. */
  run(sql: string, ...parameters: Value[]): Promise<number>;
}

/**
 * Storage without business rules. A write is one transaction: committed and on disk when the promise resolves,
 * undone when `work` throws. Writes of one process run one after the other; keep them short.
 */
export interface Ledger extends Reader {
  write<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
