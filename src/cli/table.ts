import { oneLine } from '../visible.ts';

export type Cell = unknown;

const UUID = /^[0-9a-f]{8}-/;
const PERCENT = /^[\d.]+%$/;
/** A contact cut shorter than this says nothing. */
const NARROWEST = 16;
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
  return align(fitted([[...header], ...rows.map((row) => row.map(asText))], columns), right);
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
 * Cuts the widest columns until a row is a line. Ids stay whole: they are there to be copied. Where no readable cut is
 * enough, all stays as it is and the terminal wraps it.
 */
function fitted(cells: string[][], columns: number): string[][] {
  const widths = widest(cells);
  const whole = widths.map((_, at) => cells.some((row) => UUID.test(row[at] ?? '')));
  let over = widths.reduce((sum, one) => sum + one + GAP, -GAP) - columns;
  while (over-- > 0) {
    const most = Math.max(...widths.filter((_, at) => !whole[at]));
    if (most <= NARROWEST) return cells;
    widths[widths.findIndex((one, at) => one === most && !whole[at])] = most - 1;
  }
  return cells.map((row) => row.map((cell, at) => (whole[at] ? cell : cut(cell, widths[at]!))));
}

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

/** As `toLocaleString('en')`, without the memory of ICU: help texts are made whatever the command. */
export function count(amount: number): string {
  const [whole, decimals] = String(Math.round(amount * 1_000) / 1_000).split('.');
  const grouped = whole!.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)}%`;
}
