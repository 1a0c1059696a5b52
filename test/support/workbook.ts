import { strToU8, zipSync } from 'fflate';

const NAMESPACE = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

export interface SheetParts {
  readonly name: string;
  /** `<row>`s, or the whole part. */
  readonly xml: string | Uint8Array;
  readonly state?: 'hidden' | 'veryHidden';
}

export interface WorkbookParts {
  readonly sheets: readonly SheetParts[];
  /** `<si>`s; undefined: there is no such part. */
  readonly texts?: string | undefined;
  /** Codes of the formats of style 1, 2, … */
  readonly formats?: readonly string[];
  readonly is1904?: boolean;
  /** Put beside the others, or in the place of one. */
  readonly parts?: Readonly<Record<string, string | Uint8Array>>;
  readonly strict?: boolean;
}

/** The bytes of a workbook from its XML, as programs write it, and as none would. */
export function workbook({ sheets, texts, formats = [], is1904, parts = {}, strict }: WorkbookParts): Buffer {
  const ns = strict ? 'http://purl.oclc.org/ooxml/spreadsheetml/main' : NAMESPACE;
  const rel = strict ? 'http://purl.oclc.org/ooxml/officeDocument/relationships' : RELATIONS;
  const list = sheets.map(
    ({ name, state }, at) =>
      `<sheet name="${xmlText(name)}" sheetId="${at + 1}"${state ? ` state="${state}"` : ''} r:id="rId${at + 1}"/>`,
  );
  const relations = [
    ...sheets.map((_, at) => relation(`rId${at + 1}`, `${rel}/worksheet`, `worksheets/sheet${at + 1}.xml`)),
    relation('rIdS', `${rel}/styles`, 'styles.xml'),
    relation('rIdT', `${rel}/sharedStrings`, 'sharedStrings.xml'),
  ];
  const files: Record<string, string | Uint8Array> = {
    '[Content_Types].xml': `${HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
    '_rels/.rels': relationsPart([relation('rId1', `${rel}/officeDocument`, 'xl/workbook.xml')]),
    'xl/workbook.xml': `${HEAD}<workbook xmlns="${ns}" xmlns:r="${rel}"><workbookPr${is1904 ? ' date1904="1"' : ''}/><sheets>${list.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': relationsPart(relations),
    'xl/styles.xml': styles(ns, formats),
    ...(texts !== undefined && { 'xl/sharedStrings.xml': `${HEAD}<sst xmlns="${ns}">${texts}</sst>` }),
    ...Object.fromEntries(
      sheets.map(({ xml }, at) => [`xl/worksheets/sheet${at + 1}.xml`, sheetPart(ns, xml)]),
    ),
    ...parts,
  };
  const bytes = Object.entries(files).map(([name, part]) => [
    name,
    typeof part === 'string' ? strToU8(part) : part,
  ]);
  return Buffer.from(zipSync(Object.fromEntries(bytes), { level: 6 }));
}

/** One sheet of such rows. */
export const sheet = (rows: string, more: Partial<WorkbookParts> = {}): Buffer =>
  workbook({ sheets: [{ name: 'Sheet1', xml: rows }], ...more });

/** Rows of texts, each with its text in it. */
export function inlineRows(rows: readonly (readonly string[])[]): string {
  return rows
    .map((cells, at) => `<row r="${at + 1}">${cells.map((text) => inline(text)).join('')}</row>`)
    .join('');
}

const inline = (text: string) => `<c t="inlineStr"><is><t xml:space="preserve">${xmlText(text)}</t></is></c>`;

const relation = (id: string, type: string, target: string) =>
  `<Relationship Id="${id}" Type="${type}" Target="${target}"/>`;

function relationsPart(all: readonly string[]): string {
  return `${HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${all.join('')}</Relationships>`;
}

function sheetPart(ns: string, xml: string | Uint8Array): string | Uint8Array {
  if (typeof xml !== 'string' || !/^(?:<row|$)/.test(xml)) return xml;
  return `${HEAD}<worksheet xmlns="${ns}"><sheetData>${xml}</sheetData></worksheet>`;
}

function styles(ns: string, formats: readonly string[]): string {
  const codes = formats.map((code, at) => `<numFmt numFmtId="${164 + at}" formatCode="${xmlText(code)}"/>`);
  const cells = formats.map((_, at) => `<xf numFmtId="${164 + at}" applyNumberFormat="1"/>`);
  return `${HEAD}<styleSheet xmlns="${ns}"><numFmts>${codes.join('')}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>${cells.join('')}</cellXfs></styleSheet>`;
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
