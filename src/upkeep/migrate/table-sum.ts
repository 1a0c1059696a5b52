import { createHash } from 'node:crypto';
import type { Value } from '../../ledger/ledger.ts';

/** What a table holds, in short: equal for two tables with the same rows in the same order, and for no others. */
export interface TableSum {
  readonly table: string;
  readonly rows: number;
  /** SHA-256 in hexadecimal. */
  readonly checksum: string;
}

/** Characters that are gathered before they are hashed: one call for many rows. */
const GATHER = 65_536;

/** Sums up rows as they go by. A row is a JSON array: text cannot be mistaken for null, nor two columns for one. */
export class Summing {
  readonly #table: string;
  readonly #hash = createHash('sha256');
  #rows = 0;
  #gathered = '';

  constructor(table: string) {
    this.#table = table;
  }

  /** @returns the size of the row in characters. */
  add(row: readonly Value[]): number {
    const line = JSON.stringify(row);
    this.#rows += 1;
    this.#gathered += line;
    if (this.#gathered.length > GATHER) {
      this.#hash.update(this.#gathered);
      this.#gathered = '';
    }
    return line.length;
  }

  end(): TableSum {
    const checksum = this.#hash.update(this.#gathered).digest('hex');
    return { table: this.#table, rows: this.#rows, checksum };
  }
}

export function isSame(one: readonly TableSum[], other: readonly TableSum[]): boolean {
  return one.length === other.length && one.every((sum, at) => isEqual(sum, other[at]!));
}

export function isEqual(one: TableSum, other: TableSum): boolean {
  return one.table === other.table && one.rows === other.rows && one.checksum === other.checksum;
}
