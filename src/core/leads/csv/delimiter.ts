import { countKnown } from '../reading/find-header.ts';

const CANDIDATES = [',', ';', '\t', '|'] as const;
const LOOKED_AT = 20;

/**
 * The delimiter that makes the header mean most; else the one that cuts the first rows most evenly. Quoted text is
 * not looked into. A file of one column has none, and is read with a comma.
 */
export function detectDelimiter(head: string): string {
  let best = { delimiter: ',', known: 0, even: 0 };
  for (const delimiter of CANDIDATES) {
    const rows = splitRows(head, delimiter);
    // Titles and notes may stand above the header.
    const header = rows.reduce<string[]>(
      (best, row) => (countKnown(row) > countKnown(best) ? row : best),
      rows[0] ?? [],
    );
    const same = rows.filter((row) => row.length === header.length).length;
    const even = header.length > 1 ? (header.length * same) / rows.length : 0;
    const known = header.length > 1 ? countKnown(header) : 0;
    if (known > best.known || (known === best.known && even > best.even)) best = { delimiter, known, even };
  }
  return best.delimiter;
}

/** A rough cut of the first rows; what is imported is read by the parser proper. */
function splitRows(text: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    else if (quoted) field += char;
    else if (char === delimiter) {
      row.push(field);
      field = '';
    } else if (char === '\n' || char === '\r') {
      row.push(field);
      if (row.some((value) => value.trim() !== '')) rows.push(row);
      row = [];
      field = '';
      if (rows.length === LOOKED_AT) return rows;
    } else field += char;
  }
  // The end of the head is seldom the end of a row; only a header alone is taken without one.
  if (rows.length === 0) rows.push([...row, field]);
  return rows;
}
