import { TidingsError } from '../errors.ts';

/** Rows in memory at once while they may be long: a lead can be 120 KB, and many callers ask at the same time. */
const STEP = 20;
/** Rows this short in the middle (characters) are read to the end of the page at once. */
const SHORT = 2_000;
/**
 * Characters of JSON after which a page ends early. Over MCP the same stands in an answer twice, once as JSON within
 * JSON, where every quote takes two more: 4 MB at most.
 */
const PAGE_MAX = 1_300_000;

/**
 * A page of a list: at most `limit` rows, and no more than an answer may hold. What is long is to be shortened by `show`;
 * it is read in steps, so that no page is in memory whole before that.
 * @returns `next`: the place of the last row shown, null when there is nothing behind it.
 */
export async function readPage<Row extends object, Shown, Place>(page: {
  readonly limit: number;
  /** The place behind which the page begins. */
  readonly after: Place;
  readonly read: (after: Place, limit: number) => Promise<readonly Row[]>;
  readonly placeOf: (row: Row) => Place;
  readonly show: (row: Row) => Shown;
}): Promise<{ shown: Shown[]; next: Place | null }> {
  const shown: Shown[] = [];
  let { after } = page;
  let size = 0;
  let step = STEP;
  for (;;) {
    const wanted = Math.min(step, page.limit - shown.length);
    const rows = await page.read(after, wanted + 1);
    let read = 0;
    for (const row of rows.slice(0, wanted)) {
      const one = page.show(row);
      size += JSON.stringify(one).length;
      if (size > PAGE_MAX && shown.length > 0) return { shown, next: after };
      shown.push(one);
      after = page.placeOf(row);
      read += lengthOf(row);
    }
    if (rows.length <= wanted) return { shown, next: null };
    if (shown.length === page.limit) return { shown, next: after };
    step = read < wanted * SHORT ? page.limit : STEP;
    // A data file answers at once: others would not get their turn between long rows.
    if (step === STEP) await new Promise(setImmediate);
  }
}

function lengthOf(row: object): number {
  let length = 0;
  for (const value of Object.values(row)) if (typeof value === 'string') length += value.length;
  return length;
}

/** Cursors are opaque to callers; mostly they are the `seq` of the last row shown. */
export function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (!/^\d{1,15}$/.test(cursor)) throw noCursor(cursor);
  return Number(cursor);
}

export function noCursor(cursor: string): TidingsError {
  return new TidingsError('invalid_argument', `"${cursor}" is not a cursor of this list.`, {
    fix: 'Use next_cursor as it was given, with the same order and filters.',
  });
}
