import { stringify } from 'csv-stringify/sync';
import { REJECT_COLUMNS } from './columns.ts';
import type { CsvReject } from './read-leads-csv.ts';

/**
 * The columns of the original, so that it can be mended and imported as it is: the importer passes over these two. They
 * stand first, since a row with too many or too few fields would shift whatever comes after it.
 */
export function rejectsCsvHeader(header: readonly string[]): string {
  return writeLine([...REJECT_COLUMNS, ...header]);
}

export function rejectsCsvLine(reject: CsvReject): string {
  return writeLine([String(reject.line), reject.reason, ...reject.record]);
}

function writeLine(values: readonly string[]): string {
  return stringify([values.map(neutralise)], { record_delimiter: '\r\n' });
}

const PHONE_LIKE = /^[+-][\d\s().\-/]*$/;

/**
 * A spreadsheet runs a value that starts with = @ TAB or CR, or with + or -, as a formula, and the rows come from
 * strangers. An apostrophe before it makes it text. Numbers such as +52 55 1234 5678 or -3 stay as they are: they
 * cannot call anything, and an apostrophe would break the phone on the way back in.
 */
function neutralise(value: string): string {
  if (!/^\s*[=@+\-\t\r]/.test(value)) return value;
  return PHONE_LIKE.test(value) ? value : `'${value}`;
}
