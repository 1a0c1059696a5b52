import { TidingsError } from '../../errors.ts';
import type { Transaction } from '../../ledger/ledger.ts';
import { openPostgres, type PostgresTransaction } from '../../ledger/postgres/open-postgres.ts';
import { readPostgresUrl } from '../../ledger/postgres/postgres-url.ts';
import { markMoved, whereMoved } from '../../ledger/sqlite/moved.ts';
import type { SqliteLedger } from '../../ledger/sqlite/open-sqlite.ts';
import { copyTable, sumOfSource, sumOfTarget } from './copy-table.ts';
import { cutChunks } from './cut-chunks.ts';
import { refuseWhileInUse, refuseWhileUnfinished } from './in-use.ts';
import { openSource } from './source.ts';
import { isEqual, isSame, type TableSum } from './table-sum.ts';
import { type MovedTable, tablesToMove } from './tables.ts';
import { clear, isEmpty, lockTarget, readMark, refuseUnlessLater, settleTable, writeMark } from './target.ts';

export interface MoveOptions {
  /** The data file. */
  readonly file: string;
  /** `postgres://…`. */
  readonly url: string;
  onProgress?(progress: MoveProgress): void;
}

export interface MoveProgress {
  /** Rows read or written so far in this step, of about `total`. */
  readonly done: number;
  readonly total: number;
  readonly step: 'comparing' | 'copying' | 'checking';
  readonly table: string;
}

export interface MoveReport {
  /** `replaced`: an older copy of the same file that nobody had touched. */
  readonly outcome: 'copied' | 'replaced' | 'already_there';
  readonly sums: readonly TableSum[];
  /** The target, for people: without user and password. */
  readonly place: string;
}

/**
 * Moves everything in a data file to PostgreSQL.
 *
 *   source: at rest ──write lock──▶ copied ──▶ marked as moved          (committed first)
 *   target: empty ──one transaction: copy, read back, compare, mark──▶ whole   (committed last)
 *
 * The copy is one transaction: killed in the middle it never was, and nobody sends from a half. The source is marked
 * just before it is committed, so that at no moment both may send; killed between the two, neither may, and the same
 * command again copies anew.
 *
 * What the target may hold before: nothing; or exactly what an earlier move has put there, by the sums that were stored
 * with it. Then it is what the source holds now, and nothing is to be done; or the source has gone on since, and the
 * copy is replaced. Anything else was done there, and is not touched. A file that was moved goes to no second place.
 * @throws TidingsError `conflict` when the source is in use, or the target holds anything else; `storage` when the copy
 * is not what was read: it is undone.
 */
export async function moveToPostgres(options: MoveOptions): Promise<MoveReport> {
  const place = readPostgresUrl(options.url).shown;
  const source = await openSource(options.file);
  try {
    await refuseWhileInUse(source, options.file);
    const target = await openPostgres(options.url);
    try {
      let isMarked = false;
      const work = async (there: PostgresTransaction) => {
        await lockTarget(there);
        // Nobody else writes into the file from here on.
        const report = await source.write((here) => new Move(options, place, source, here, there).run());
        isMarked = true;
        return report;
      };
      return await target.write(work).catch((error: unknown) => {
        throw isMarked ? endUnknown(place, error) : error;
      });
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

class Move {
  readonly #options: MoveOptions;
  readonly #place: string;
  readonly #source: SqliteLedger;
  readonly #here: Transaction;
  readonly #there: PostgresTransaction;

  constructor(
    options: MoveOptions,
    place: string,
    source: SqliteLedger,
    here: Transaction,
    there: PostgresTransaction,
  ) {
    this.#options = options;
    this.#place = place;
    this.#source = source;
    this.#here = here;
    this.#there = there;
  }

  async run(): Promise<MoveReport> {
    const { file } = this.#options;
    await refuseWhileUnfinished(this.#here, file);
    await this.#refuseIfElsewhere();
    const tables = await tablesToMove(this.#here, this.#there);
    const total = await this.#count(tables);
    const isFresh = await isEmpty(this.#there);
    if (!isFresh) {
      const before = await this.#untouched(tables, total);
      const now = await this.#sum('comparing', tables, total, sumOfSource, this.#source);
      if (isSame(before, now)) {
        await markMoved(this.#here, this.#place);
        return { outcome: 'already_there', sums: now, place: this.#place };
      }
      await refuseUnlessLater(this.#here, this.#there, file);
      await clear(this.#there);
    }
    const sums = await this.#copy(tables, total);
    const held = await this.#cut(tables, sums);
    await writeMark(this.#there, { source: file, moved_at: new Date().toISOString(), sums, held });
    await markMoved(this.#here, this.#place);
    return { outcome: isFresh ? 'copied' : 'replaced', sums, place: this.#place };
  }

  /** What was moved once has gone on there: another copy of the old state would send again to who was sent to since. */
  async #refuseIfElsewhere(): Promise<void> {
    const { file } = this.#options;
    const moved = await whereMoved(this.#here);
    if (!moved || moved.place === this.#place) return;
    throw new TidingsError('conflict', `${file} was moved to ${moved.place}, not to ${this.#place}.`, {
      fix: 'Give that address as it was given then; or first take that move back: tidings migrate --undo.',
    });
  }

  async #copy(tables: readonly MovedTable[], total: number): Promise<TableSum[]> {
    const progress = this.#progress('copying', total);
    const read: TableSum[] = [];
    for (const table of tables) {
      read.push(await copyTable(this.#source, this.#there, table, progress(table.name)));
      await settleTable(this.#there, table);
    }
    const written = await this.#sum('checking', tables, total, sumOfTarget, this.#there);
    for (const [at, sum] of read.entries()) if (!isEqual(sum, written[at]!)) throw differs(sum, written[at]!);
    return read;
  }

  /** @returns what the target holds then. */
  async #cut(tables: readonly MovedTable[], sums: readonly TableSum[]): Promise<TableSum[]> {
    await cutChunks(this.#there);
    const chunks = await sumOfTarget(this.#there, tables.find(({ name }) => name === 'chunks')!, () => {});
    return sums.map((sum) => (sum.table === chunks.table ? chunks : sum));
  }

  /** What the source held at the last move, when the target holds just what that has put there. */
  async #untouched(tables: readonly MovedTable[], total: number): Promise<readonly TableSum[]> {
    const mark = await readMark(this.#there);
    if (!mark) {
      throw new TidingsError('conflict', `The target ${this.#place} holds data of its own.`, {
        fix: 'Nothing was changed. Name an empty database, or another schema: postgres://…?schema=NAME.',
      });
    }
    const held = await this.#sum('comparing', tables, total, sumOfTarget, this.#there);
    if (isSame(held, mark.held)) return mark.sums;
    throw new TidingsError(
      'conflict',
      `The target ${this.#place} has been used since ${mark.source} was moved there (${mark.moved_at.slice(0, 16)}Z).`,
      {
        fix: 'Nothing was changed. Go on there: set DATABASE_URL to it, and do not start from the file again.',
      },
    );
  }

  async #count(tables: readonly MovedTable[]): Promise<number> {
    let total = 0;
    for (const { rows } of tables)
      total += (await this.#here.get<{ n: number }>(`SELECT count(*) AS n FROM ${rows}`))!.n;
    return total;
  }

  async #sum<From>(
    step: MoveProgress['step'],
    tables: readonly MovedTable[],
    total: number,
    sumOf: (from: From, table: MovedTable, onRows: (count: number) => void) => Promise<TableSum>,
    from: From,
  ): Promise<TableSum[]> {
    const progress = this.#progress(step, total);
    const sums: TableSum[] = [];
    for (const table of tables) sums.push(await sumOf(from, table, progress(table.name)));
    return sums;
  }

  #progress(step: MoveProgress['step'], total: number): (table: string) => (count: number) => void {
    let done = 0;
    return (table) => (count) => {
      done += count;
      this.#options.onProgress?.({ done, total, step, table });
    };
  }
}

/** It came to the commit of the target, and what became of that is not known. */
function endUnknown(place: string, cause: unknown): TidingsError {
  const why = cause instanceof TidingsError ? ` (${cause.message})` : '';
  return new TidingsError('storage', `Everything was copied, but ${place} may not have stored it${why}.`, {
    fix: 'Run the same command again: it looks at what is there, and copies again if need be. Nobody sends from the file meanwhile.',
    cause,
  });
}

function differs(read: TableSum, written: TableSum): TidingsError {
  const show = ({ rows, checksum }: TableSum) => `${rows} rows, checksum ${checksum.slice(0, 16)}`;
  return new TidingsError(
    'storage',
    `The copy of ${read.table} is not what was read (${show(read)}): PostgreSQL holds ${show(written)}.`,
    {
      fix: 'The copy was undone, and the file is as it was. Look for triggers or rules on the target, or use another database.',
    },
  );
}
