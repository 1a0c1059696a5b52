import { cleanPhone } from '../clean-phone.ts';
import { normalizePhone } from '../phone.ts';

/** What the values of a column look like, in the rows at the head of a file. */
export interface ColumnLook {
  readonly filled: number;
  readonly emails: number;
  /** Numbers that say so themselves: by a +, brackets, or a program's prefix. */
  readonly phones: number;
  /** Numbers that are usable in the country at hand. */
  readonly digits: number;
  /** Those that its plan does not know, besides. */
  readonly possible: number;
}

const EMAIL = /[^\s@<>]@[^\s@<>]+\.[^\s@<>]{2,}/;
const SAYS_PHONE =
  /^["'‘=\s\p{Cf}]*(?:\+|00[1-9]|p:\+?\d|tel:|sip:|whatsapp:|(?:https?:\/\/)?(?:wa\.me|api\.whatsapp)|\(\d{2,4}\)\s*\d{2,})|@(?:c\.us|s\.whatsapp\.net)$|^\d{3}[-. ]\d{3}[-. ]\d{4}$/iu;
const DATE = /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]|$)/;

export function looksLikeEmail(cell: string): boolean {
  return (
    cell.length < 400 && cell.includes('@') && EMAIL.test(cell) && !/@(?:c\.us|s\.whatsapp\.net)$/i.test(cell)
  );
}

export function looksLikePhone(cell: string): boolean {
  if (cell.length > 60 || DATE.test(cell)) return false;
  return SAYS_PHONE.test(cell) && (cell.match(/\p{Nd}/gu)?.length ?? 0) >= 7;
}

/** @returns whether the numbering plan knows it; undefined: it is none. */
function readNumber(cell: string, country: string | null): boolean | undefined {
  if (DATE.test(cell) || /[.,]\d{1,2}$/.test(cell)) return undefined;
  const clean = cleanPhone(cell);
  if (!clean.ok || (clean.text.match(/\d/g)?.length ?? 0) < 7) return undefined;
  const read = normalizePhone(cell, country);
  return read.ok ? !read.warning?.startsWith('its country') : undefined;
}

export function lookAt(
  rows: readonly (readonly string[])[],
  index: number,
  country: string | null,
): ColumnLook {
  let [filled, emails, phones, digits, possible] = [0, 0, 0, 0, 0];
  for (const row of rows) {
    const cell = row[index]?.trim();
    if (!cell) continue;
    filled += 1;
    if (looksLikeEmail(cell)) emails += 1;
    else if (looksLikePhone(cell)) phones += 1;
    else {
      const isKnown = readNumber(cell, country);
      if (isKnown) digits += 1;
      else if (isKnown === false) possible += 1;
    }
  }
  return { filled, emails, phones, digits, possible };
}
