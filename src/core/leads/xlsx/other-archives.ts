import { TidingsError } from '../../../errors.ts';
import type { Archive } from './archive.ts';

const AS_XLSX = 'Open it in its program, save it as XLSX or CSV (UTF-8), and import that file.';
const BY_PART: readonly (readonly [RegExp, string])[] = [
  [/^xl\/workbook\.bin$/, 'an Excel binary workbook (XLSB)'],
  [/^word\//, 'a Word document'],
  [/^ppt\//, 'a PowerPoint presentation'],
  [/^index\/tables\/|^index\/calculationengine.*\.iwa$/, 'a Numbers document'],
  [/^index\/.*\.iwa$|^index\.zip$|^index\.apxl$/, 'a document of Numbers, Pages or Keynote'],
  [/^meta-inf\/manifest\.xml$/, 'an OpenDocument file (ODS, LibreOffice)'],
];

/** Many programs keep their documents in archives. @throws TidingsError `invalid_file` for all that are no workbook */
export function refuseOtherArchive(archive: Archive): void {
  const { names } = archive;
  for (const [part, kind] of BY_PART) {
    if (names.some((name) => part.test(name)))
      throw new TidingsError('invalid_file', `The file is ${kind}, which is not read.`, { fix: AS_XLSX });
  }
  if (names.some((name) => /(?:^|\/)workbook\d*\.xml$/.test(name))) return;
  const inside = names.find((name) => /\.(?:csv|xlsx|vcf|tsv|txt)$/.test(name));
  const holds = inside === undefined ? '' : `, with ${JSON.stringify(inside.slice(0, 100))} in it`;
  throw new TidingsError('invalid_file', `The file is a zip archive${holds}, not a workbook.`, {
    fix: 'Unpack it, and import the CSV, XLSX or vCard file that is in it.',
  });
}
