import { TidingsError } from '../../../errors.ts';
import type { OpenTable } from '../open-table.ts';
import { looksLikeEmail, looksLikePhone } from '../reading/cell-kind.ts';
import { countKnown } from '../reading/find-header.ts';
import { Archive } from './archive.ts';
import { holdFile } from './hold-file.ts';
import { LIMITS } from './limits.ts';
import { refuseOtherArchive } from './other-archives.ts';
import { readSheet, type Values } from './read-sheet.ts';
import { SharedTexts } from './shared-texts.ts';
import { readWorkbook, type Sheet } from './workbook.ts';

const PEEKED_ROWS = 50;
const PEEKED_PIECES = 100;
const LISTED = 10;

/**
 * The table of a workbook: the first sheet, of those that are shown, that holds people. What is told of the choice is in
 * `notices`.
 * @throws TidingsError `invalid_file`
 */
export async function openWorkbook(bytes: AsyncIterable<Uint8Array>): Promise<OpenTable> {
  const archive = await Archive.open(await holdFile(bytes));
  await refuseOtherArchive(archive);
  const { sheets, texts: textsPath, formats, is1904 } = await readWorkbook(archive);
  const shown = sheets.filter(({ isHidden }) => !isHidden);
  if (shown.length === 0) {
    throw new TidingsError(
      'invalid_file',
      sheets.length === 0
        ? 'The workbook has no sheet with cells.'
        : 'All sheets of the workbook are hidden.',
      { fix: 'Show the sheet that holds the table, or save it as CSV (UTF-8) and import that.' },
    );
  }
  const texts =
    textsPath === null
      ? null
      : await SharedTexts.read(archive.read(textsPath, LIMITS.textsPartBytes, 'The text of the workbook'));
  const values: Values = { texts, formats, is1904 };
  const open = (sheet: Sheet) =>
    archive.read(sheet.path, LIMITS.sheetBytes, `The sheet ${quoted(sheet.name)}`);
  const sheet = await chooseSheet(shown, (one) => readSheet(open(one), values));
  const seen = { bytesRead: 0, badBytes: false, nul: true };
  const size = archive.bytesOf(sheet.path);
  const measured = async function* () {
    let unpacked = 0;
    for await (const chunk of open(sheet)) {
      unpacked += chunk.length;
      seen.bytesRead = Math.round((archive.fileBytes * unpacked) / size);
      yield chunk;
    }
  };
  return { pieces: readSheet(measured(), values), seen, notices: noticesOf(sheet, sheets) };
}

/** What a sheet is most likely of, by its first rows. */
const PEOPLE = 2;
const SOMETHING = 1;

async function chooseSheet(
  shown: readonly Sheet[],
  rowsOf: (sheet: Sheet) => ReturnType<typeof readSheet>,
): Promise<Sheet> {
  if (shown.length === 1) return shown[0]!;
  let best: { readonly sheet: Sheet; readonly of: number } = { sheet: shown[0]!, of: 0 };
  for (const sheet of shown.slice(0, LIMITS.sheets)) {
    const of = judge(await peek(rowsOf(sheet)));
    if (of === PEOPLE) return sheet;
    if (of > best.of) best = { sheet, of };
  }
  return best.sheet;
}

async function peek(pieces: ReturnType<typeof readSheet>): Promise<readonly string[][]> {
  const rows: string[][] = [];
  let read = 0;
  for await (const records of pieces) {
    for (const { fields, problem } of records) if (problem === undefined) rows.push(fields);
    if (rows.length >= PEEKED_ROWS || ++read >= PEEKED_PIECES) break;
  }
  return rows;
}

/** A page of notes may name one address, and a word such as "Name"; a table has a header, or people below each other. */
function judge(rows: readonly (readonly string[])[]): number {
  const header = rows.findIndex((row) => countKnown(row) > 1);
  if (header >= 0 && header < rows.length - 1) return PEOPLE;
  const people = rows.filter((row) => row.some((cell) => looksLikeEmail(cell) || looksLikePhone(cell)));
  if (people.length > 1) return PEOPLE;
  return rows.length > 0 ? SOMETHING : 0;
}

function noticesOf(sheet: Sheet, sheets: readonly Sheet[]): string[] {
  const others = sheets.filter((one) => one !== sheet);
  if (others.length === 0) return [];
  const names = others
    .slice(0, LISTED)
    .map(({ name, isHidden }) => `${quoted(name)}${isHidden ? ' (hidden)' : ''}`);
  const more = others.length > LISTED ? ` and ${others.length - LISTED} more` : '';
  return [
    `Of the workbook the sheet ${quoted(sheet.name)} was read. Not read: ${names.join(', ')}${more}; to import another, save it as a file of its own.`,
  ];
}

const quoted = (name: string) => `“${name.slice(0, 60)}”`.toWellFormed();
