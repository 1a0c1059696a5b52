import { TidingsError } from '../../errors.ts';

const AS_CSV = 'Open it in your spreadsheet program, save it as CSV (UTF-8) or XLSX, and import that file.';
const NOT_A_TABLE = 'Import the table itself: a CSV (UTF-8), an XLSX or a vCard file.';

const BY_BYTES: readonly (readonly [string, string, string])[] = [
  ['d0cf11e0', 'a document of an old Office program', AS_CSV],
  ['0900', 'an old Excel workbook (XLS)', AS_CSV],
  ['0902', 'an old Excel workbook (XLS)', AS_CSV],
  ['0904', 'an old Excel workbook (XLS)', AS_CSV],
  ['0908', 'an old Excel workbook (XLS)', AS_CSV],
  [
    '25504446',
    'a PDF',
    'Take the table to a spreadsheet program, save it as CSV (UTF-8) or XLSX, and import that file.',
  ],
  ['1f8b', 'a gzip archive', 'Unpack it, and import what is in it.'],
  ['52617221', 'a RAR archive', 'Unpack it, and import what is in it.'],
  ['377abcaf', 'a 7z archive', 'Unpack it, and import what is in it.'],
  ['504b0506', 'an empty zip archive', NOT_A_TABLE],
  ['89504e47', 'a picture (PNG)', NOT_A_TABLE],
  ['ffd8ff', 'a picture (JPEG)', NOT_A_TABLE],
  ['47494638', 'a picture (GIF)', NOT_A_TABLE],
  ['7b5c727466', 'a document in RTF', AS_CSV],
  ['53514c69746520666f726d6174', 'a SQLite database', 'Write its table to a CSV, and import that.'],
];

/** Entries of the directory of a compound file (MS-CFB 2.6.1), and what a file that has them is. */
const BY_STREAM: readonly (readonly [string, string, string])[] = [
  [
    'EncryptedPackage',
    'a workbook that is locked with a password',
    'Open it with its password, save it without one (File, Info, Protect Workbook) or as CSV (UTF-8), and import that file.',
  ],
  ['Workbook', 'an old Excel workbook (XLS)', AS_CSV],
  ['Book', 'an old Excel workbook (XLS)', AS_CSV],
  ['WordDocument', 'an old Word document', AS_CSV],
  ['PowerPoint Document', 'an old PowerPoint presentation', AS_CSV],
  ['__properties_version1.0', 'a message of Outlook', NOT_A_TABLE],
];

const BY_TEXT: readonly (readonly [RegExp, string, string])[] = [
  [
    /^<\?xml[^>]*>\s*(?:<\?mso-application[^>]*>\s*)?(?:<!--[\s\S]{0,1000}?-->\s*)?<(?:\w+:)?workbook\b/i,
    'an XML spreadsheet of Excel 2003',
    AS_CSV,
  ],
  [
    /^(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]{0,1000}?-->\s*)?<(?:!doctype html|html|head|body|meta|style|table|div)\b/i,
    'a web page (HTML), whatever it is called',
    AS_CSV,
  ],
  [/^<\?xml\b/i, 'XML', AS_CSV],
  [
    /^(?:\{\s*(?:"[^"\n]{0,200}"\s*:|\})|\[\s*(?:\{|\[|"[^"\n]{0,200}"\s*[,\]]|\]))/,
    'JSON',
    'Write its rows to a CSV; or give leads as objects, up to 1,000 at a time: the argument leads of leads import.',
  ],
];

export const isZip = (head: Buffer) => head.toString('hex', 0, 4) === '504b0304';
export const isCompound = (head: Buffer) => head.toString('hex', 0, 4) === 'd0cf11e0';

function refusal(kind: string, fix: string): TidingsError {
  return new TidingsError('invalid_file', `The file is ${kind}; CSV, XLSX and vCard are read.`, { fix });
}

/** @throws TidingsError `invalid_file` for what begins like no text */
export function refuseBinary(head: Buffer): void {
  const start = head.toString('hex', 0, 16);
  for (const [magic, kind, fix] of BY_BYTES) {
    // These begin with a tab, which a text may as well.
    if (magic.startsWith('09') && !head.subarray(0, 16).includes(0)) continue;
    if (start.startsWith(magic)) throw refusal(kind, fix);
  }
  if (head.includes(0)) throw refusal('binary: it has NUL bytes, which text has not', AS_CSV);
}

/** @throws TidingsError `invalid_file` for text that is of another kind, from how it begins */
export function refuseOtherText(head: string): void {
  const start = head.slice(0, 4_000).replace(/^[\uFEFF\s]+/, '');
  for (const [begins, kind, fix] of BY_TEXT) if (begins.test(start)) throw refusal(kind, fix);
}

/** What a compound file is, by the names in its directory. @returns the refusal */
export function refuseCompound(file: Buffer): TidingsError {
  const found = BY_STREAM.find(([name]) => hasStream(file, name));
  return found ? refusal(found[1], found[2]) : refusal('a document of an old Office program', AS_CSV);
}

function hasStream(file: Buffer, name: string): boolean {
  const bytes = Buffer.from(`${name}\0`, 'utf16le');
  for (let at = file.indexOf(bytes); at >= 0; at = file.indexOf(bytes, at + 2)) {
    // Entries have 128 bytes each, and tell the length of their name behind it.
    if (at % 128 === 0 && at + 66 <= file.length && file.readUInt16LE(at + 64) === bytes.length) return true;
  }
  return false;
}
