import { count } from '../amounts.ts';
import { oneLine } from '../visible.ts';

export type Cell = unknown;

const UUID = /^[0-9a-f]{8}-/;
const TIME = /^((\d{4}-\d\d-\d\d)T\d\d:\d\d):[\d.]+Z$/;
/** A time to its minute, then to its day: what is cut anywhere else is none. */
const SHORTER = ['$1Z', '$2'];
const PERCENT = /^[\d.]+%$/;
/** A contact cut shorter than this says nothing. */
const NARROWEST = 12;
const GAP = 2;

/** A line for each row, columns aligned, numbers to the right; fitted into `columns` of a terminal when that is given. */
export function table(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  columns = Number.POSITIVE_INFINITY,
): string {
  const right = header.map(
    (_, at) =>
      rows.some((row) => isAmount(row[at])) && rows.every((row) => isBlank(row[at]) || isAmount(row[at])),
  );
  const cells = [[...header], ...rows.map((row) => row.map(asText))];
  const cut = fitted(cells, columns);
  return cut ? align(cut, right) : stacked(header, rows, columns);
}

/** Where a row has no room beside its id: the id on a line, and what belongs to it below. */
function stacked(header: readonly string[], rows: readonly (readonly Cell[])[], columns: number): string {
  const id = header.findIndex((_, at) => rows.some((row) => UUID.test(asText(row[at]))));
  const without = (row: readonly Cell[]) => row.toSpliced(id, 1);
  const below = table(without(header).map(String), rows.map(without), columns - GAP).split('\n');
  return [header, ...rows]
    .flatMap((row, at) => [asText(row[id]), `${' '.repeat(GAP)}${below[at]}`])
    .join('\n');
}

/** A line for each field. */
export function fields(record: object): string {
  return align(Object.entries(record).map(([name, value]) => [name, asText(value)]));
}

function align(cells: readonly (readonly string[])[], right: readonly boolean[] = []): string {
  const widths = widest(cells);
  return cells
    .map((row) =>
      row
        .map((cell, at) => {
          const space = ' '.repeat(widths[at]! - width(cell));
          return right[at] ? space + cell : cell + space;
        })
        .join(' '.repeat(GAP))
        .trimEnd(),
    )
    .join('\n');
}

/**
 * Cuts the widest columns until a row is a line, times to their minute or day first. Ids stay whole: they are there to be
 * copied.
 * @returns null where no readable cut is enough and rows have an id; without one the terminal wraps them
 */
function fitted(given: string[][], columns: number): string[][] | null {
  if (room(widest(given), columns) >= 0) return given;
  const isTime = (given[0] ?? []).map((_, at) => given.some((row) => TIME.test(row[at] ?? '')));
  const hasId = given.some((row) => row.some((cell) => UUID.test(cell)));
  for (const shorter of SHORTER) {
    const cells = given.map((row) => row.map((cell) => cell.replace(TIME, shorter)));
    const cut = cutWidest(cells, isTime, columns);
    if (cut || (!hasId && shorter === SHORTER.at(-1))) return cut ?? cells;
  }
  return null;
}

/** @returns null where no readable cut is enough */
function cutWidest(cells: string[][], isTime: readonly boolean[], columns: number): string[][] | null {
  const widths = widest(cells);
  const whole = widths.map((_, at) => isTime[at] || cells.some((row) => UUID.test(row[at] ?? '')));
  for (let over = -room(widths, columns); over > 0; over--) {
    const most = Math.max(...widths.filter((_, at) => !whole[at]));
    if (most <= NARROWEST) return null;
    widths[widths.findIndex((one, at) => one === most && !whole[at])] = most - 1;
  }
  return cells.map((row) => row.map((cell, at) => (whole[at] ? cell : cut(cell, widths[at]!))));
}

/** What is left of a line, less than nothing where it is too long. */
const room = (widths: readonly number[], columns: number) =>
  columns - widths.reduce((sum, one) => sum + one + GAP, -GAP);

function cut(text: string, most: number): string {
  if (width(text) <= most) return text;
  let kept = '';
  let taken = 0;
  for (const { segment } of graphemesOf(text)) {
    taken += width(segment);
    if (taken > most - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

function widest(cells: readonly (readonly string[])[]): number[] {
  return (cells[0] ?? []).map((_, at) =>
    cells.reduce((most, row) => Math.max(most, width(row[at] ?? '')), 0),
  );
}

const isBlank = (value: Cell) => value === null || value === undefined || value === '';
const isAmount = (value: Cell) => typeof value === 'number' || PERCENT.test(String(value));

function asText(value: Cell): string {
  if (isBlank(value)) return '–';
  if (typeof value === 'number') return count(value);
  if (typeof value === 'object') return oneLine(JSON.stringify(value));
  return oneLine(String(value));
}

/** Made when a table is drawn: what ICU needs for it is 8 MB that a server, which draws none, does not carry. */
let segmenter: Intl.Segmenter | undefined;
function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}
const WIDE =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uff01-\uff60]|\ufe0f/u;

/** Columns that a text takes on a terminal. */
export function width(text: string): number {
  let columns = 0;
  for (const { segment } of graphemesOf(text)) columns += WIDE.test(segment) ? 2 : 1;
  return columns;
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)}%`;
}
