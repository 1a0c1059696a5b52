import { TidingsError } from '../../errors.ts';
import { openPostgres } from '../../ledger/postgres/open-postgres.ts';
import { readPostgresUrl } from '../../ledger/postgres/postgres-url.ts';
import { unmarkMoved, whereMoved } from '../../ledger/sqlite/moved.ts';
import { sumOfTarget } from './copy-table.ts';
import { openSource } from './source.ts';
import { isSame, type TableSum } from './table-sum.ts';
import { tablesToMove } from './tables.ts';
import { clear, isEmpty, lockTarget, readMark, removeMark } from './target.ts';

/**
 * Takes a move back, as long as nothing was done in the target: empties it, then lets the file be used again. In this
 * order, so that at no moment both may send; killed in between, neither may, and the same command ends it.
 * @throws TidingsError `conflict` when the file was not moved, or not there, or the target has been used since.
 */
export async function undoMove({ file, url }: { file: string; url: string }): Promise<{ place: string }> {
  const place = readPostgresUrl(url).shown;
  const source = await openSource(file);
  try {
    const moved = await whereMoved(source);
    if (!moved) {
      throw new TidingsError('conflict', `${file} was not moved: there is nothing to undo.`, {
        fix: 'It can be used as it is.',
      });
    }
    if (moved.place !== place) {
      throw new TidingsError('conflict', `${file} was moved to ${moved.place}, not to ${place}.`, {
        fix: 'Nothing was changed. Give the address as it was given then, with --to or DATABASE_URL.',
      });
    }
    const target = await openPostgres(url);
    try {
      await target.write(async (tx) => {
        await lockTarget(tx);
        if (await isEmpty(tx)) return;
        const mark = await readMark(tx);
        const sums: TableSum[] = [];
        for (const table of await tablesToMove(source, tx)) sums.push(await sumOfTarget(tx, table, () => {}));
        if (!mark || !isSame(sums, mark.held)) throw usedSince(place);
        await clear(tx);
        await removeMark(tx);
      });
    } finally {
      await target.close();
    }
    await source.write(unmarkMoved);
    return { place };
  } finally {
    await source.close();
  }
}

function usedSince(place: string): TidingsError {
  return new TidingsError('conflict', `The data in ${place} has been used since the move.`, {
    fix: 'Nothing was changed: the file does not know what was done there, and going back would send it again.',
  });
}
