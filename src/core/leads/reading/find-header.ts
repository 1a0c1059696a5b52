import { looksLikeEmail, looksLikePhone } from './cell-kind.ts';
import { consentColumn } from './consent-columns.ts';
import { recognise } from './header-words.ts';

/** Rows at the head of a file among which the header is looked for: titles and notes of the program stand above it. */
const LOOKED_AT = 20;

/** How many of these headers name something we know. */
export function countKnown(row: readonly string[]): number {
  let known = 0;
  for (const cell of row) if (cell !== '' && recognise(cell)) known += 1;
  return known;
}

/** The place of the header among the first rows; -1: there is none, and the first row is a person already. */
export function findHeader(rows: readonly (readonly string[])[]): number | undefined {
  let best = { at: -1, known: 0 };
  for (const [at, row] of rows.slice(0, LOOKED_AT).entries()) {
    if (row.some(holdsContact)) {
      // People stand below the header, never above it.
      if (best.known > 0) break;
      if (at > 0 && namesColumns(rows[at - 1]!, row)) return at - 1;
      return row.some(looksLikeEmail) || countKnown(row) === 0 ? -1 : at;
    }
    const known = countKnown(row);
    const filled = row.filter((cell) => cell.trim() !== '').length;
    // A title of one cell above a table is no header of one column.
    const isTitle = filled === 1 && row.length > 1;
    if (
      known > best.known &&
      !(isTitle && at === 0 && rows.length > 1 && known < 2 && best.known === 0 && hasBetter(rows))
    )
      best = { at, known };
  }
  if (best.known > 0) return best.at;
  // Nothing known: names that values may still explain, above a row with a contact.
  const first = rows.findIndex((row) => row.some(holdsContact));
  return first > 0 ? first - 1 : first === 0 ? -1 : undefined;
}

/** In a language that is not known here, too: above an address stand letters, and each column is called otherwise. */
function namesColumns(row: readonly string[], below: readonly string[]): boolean {
  const filled = row.filter((cell) => cell.trim() !== '');
  return (
    filled.length > 0 &&
    new Set(filled).size === filled.length &&
    below.every((cell, at) => !holdsContact(cell) || /\p{L}/u.test(row[at] ?? ''))
  );
}

function hasBetter(rows: readonly (readonly string[])[]): boolean {
  return rows.slice(1, LOOKED_AT).some((row) => countKnown(row) > 1);
}

function holdsContact(cell: string): boolean {
  return looksLikeEmail(cell) || (looksLikePhone(cell) && consentColumn(cell, 0, '') === undefined);
}
