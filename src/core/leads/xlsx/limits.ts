import { TidingsError } from '../../../errors.ts';

/**
 * What a workbook may take. Its parts are compressed, up to a thousand times, and its texts stand behind or before the
 * rows that name them: the file and its texts are held, the rows are not.
 */
export const LIMITS = {
  /** Of the file as it is: a million rows of eight columns are some 40 MB. */
  fileBytes: 64 * 1024 * 1024,
  /** Parts in the archive. */
  parts: 10_000,
  /** Of what is small in any workbook, unpacked: the list of its sheets, its formats. */
  smallPartBytes: 16 * 1024 * 1024,
  /** The texts of the cells, unpacked, as XML. */
  textsPartBytes: 1024 * 1024 * 1024,
  /** The same as they are held, in UTF-8. */
  textBytes: 256 * 1024 * 1024,
  texts: 10_000_000,
  /** A sheet, unpacked. */
  sheetBytes: 2 * 1024 * 1024 * 1024,
  /** What Excel has itself. */
  rows: 1_048_576,
  /** Elements within each other; a workbook has some ten. */
  depth: 64,
  /** XML between one element or text and the next: tags and comments without an end. */
  pieceBytes: 1024 * 1024,
  /** A cell of Excel holds 32,767 characters, and a lead 100,000. */
  cellChars: 100_001,
  /** Of a row, as in a CSV. */
  rowChars: 1024 * 1024,
  /** Sheets that are looked into for a table. */
  sheets: 100,
} as const;

const MB = 1024 * 1024;

/** @param what "The workbook", "The sheet “People”" */
export function tooLarge(what: string, bytes: number): TidingsError {
  const size = bytes >= 1024 * MB ? `${bytes / MB / 1024} GB` : `${bytes / MB} MB`;
  return new TidingsError('invalid_file', `${what} is larger than the ${size} that are read.`, {
    fix: 'Save the sheet as CSV (UTF-8) and import that: a CSV may be of any size.',
  });
}

export function damaged(why: string, cause?: unknown): TidingsError {
  return new TidingsError('invalid_file', `The workbook is damaged, or not whole: ${why}.`, {
    fix: 'Open it in your spreadsheet program and save it as XLSX or CSV again, or fetch it once more.',
    cause,
  });
}
