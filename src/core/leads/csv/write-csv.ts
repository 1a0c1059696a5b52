/** A row of a CSV that a spreadsheet shows as text: every cell quoted, and nothing in it run as a formula. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => `"${asText(cell).replaceAll('"', '""')}"`).join(',')}\r\n`;
}

/**
 * A spreadsheet runs a value that starts with = + - @ TAB or CR as a formula, some that starts with the full-width form
 * of one (https://owasp.org/www-community/attacks/CSV_Injection), and the cells come from strangers. An apostrophe
 * before it makes it text. Lines within a cell are treated alike: a program that cuts a file at its line breaks makes
 * rows of them.
 */
function asText(cell: string): string {
  return mapLines(cell, (line, isFirst) => (looksLikeFormula(line, isFirst) ? `'${line}` : line));
}

/**
 * What {@link csvLine} was given, from what a parser read. A value that had an apostrophe there itself was written with
 * one more, so that exactly one is taken off.
 */
export function fromText(cell: string): string {
  if (!cell.includes("'")) return cell;
  return mapLines(cell, (line, isFirst) =>
    line.startsWith("'") && looksLikeFormula(line.slice(1), isFirst) ? line.slice(1) : line,
  );
}

const FORMULA = /^'*[^\S\r\n]*[=+\-@\t＝＋－＠]/;
const CARRIAGE_RETURN = /^'*\r/;
/**
 * Numbers such as +52 55 1234 5678 or -3 stay as they are: they cannot call anything, and whoever opens the file in a
 * spreadsheet would find an apostrophe before each phone.
 */
const NUMBER = /^[+-][\d\s().\-/]*$/;

function looksLikeFormula(line: string, isFirst: boolean): boolean {
  return (FORMULA.test(line) && !NUMBER.test(line)) || (isFirst && CARRIAGE_RETURN.test(line));
}

/** Each line with its line break. */
function mapLines(cell: string, change: (line: string, isFirst: boolean) => string): string {
  return cell
    .split(/(?<=\n|\r(?!\n))/)
    .map((line, at) => change(line, at === 0))
    .join('');
}
