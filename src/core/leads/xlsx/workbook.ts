import { posix } from 'node:path';
import type { Archive } from './archive.ts';
import { damaged, LIMITS } from './limits.ts';
import { type NumberFormat, toNumberFormat } from './number-format.ts';
import { localName, readWholeXml, type XmlHandler } from './read-xml.ts';

export interface Sheet {
  readonly name: string;
  /** Of its part. */
  readonly path: string;
  readonly isHidden: boolean;
}

export interface Workbook {
  /** Those with cells, in the order of their tabs. */
  readonly sheets: readonly Sheet[];
  readonly texts: string | null;
  readonly formats: readonly NumberFormat[];
  readonly is1904: boolean;
}

interface Relation {
  readonly kind: string;
  readonly path: string;
}

const MOST_SHEETS = 10_000;

/** What the workbook says of itself. @throws TidingsError `invalid_file` */
export async function readWorkbook(archive: Archive): Promise<Workbook> {
  const root = await relationsOf(archive, '');
  const path = [...root.values()].find(({ kind }) => kind === 'officeDocument')?.path ?? 'xl/workbook.xml';
  const relations = await relationsOf(archive, path);
  const partOf = (wanted: string) => {
    const part = [...relations.values()].find(({ kind }) => kind === wanted)?.path;
    return part !== undefined && archive.has(part) ? part : null;
  };
  const sheets: Sheet[] = [];
  let is1904 = false;
  await readSmall(archive, path, {
    open(name, attributes) {
      if (name === 'workbookPr') is1904 = /^(?:1|true|on)$/.test(attributes['date1904'] ?? '');
      if (name !== 'sheet') return;
      const id = Object.entries(attributes).find(
        ([key]) => key.includes(':') && localName(key) === 'id',
      )?.[1];
      const part = id === undefined ? undefined : relations.get(id);
      if (part?.kind !== 'worksheet') return;
      if (sheets.length >= MOST_SHEETS) throw damaged('it has too many sheets');
      const isHidden = /hidden/i.test(attributes['state'] ?? '');
      sheets.push({ name: attributes['name'] ?? '', path: part.path, isHidden });
    },
  });
  const styles = partOf('styles');
  const formats = styles === null ? [] : await readFormats(archive, styles);
  return { sheets, texts: partOf('sharedStrings'), formats, is1904 };
}

/** By their ids. Those that lead out of the file are passed over: nothing is fetched. */
async function relationsOf(archive: Archive, path: string): Promise<Map<string, Relation>> {
  const folder = posix.dirname(path);
  const part = posix.join(folder, '_rels', `${posix.basename(path)}.rels`);
  const relations = new Map<string, Relation>();
  if (!archive.has(part)) return relations;
  await readSmall(archive, part, {
    open(name, { Id: id, Type: type, Target: target, TargetMode: mode }) {
      if (name !== 'Relationship' || mode === 'External' || !id || !type || !target) return;
      const resolved = target.startsWith('/') ? target.slice(1) : posix.join(folder, target);
      relations.set(id, { kind: type.slice(type.lastIndexOf('/') + 1), path: resolved });
    },
  });
  return relations;
}

async function readFormats(archive: Archive, path: string): Promise<NumberFormat[]> {
  const codes = new Map<number, string>();
  const made = new Map<number, NumberFormat>();
  const formats: NumberFormat[] = [];
  let isInCells = false;
  await readSmall(archive, path, {
    open(name, attributes) {
      if (name === 'numFmt') codes.set(Number(attributes['numFmtId']), attributes['formatCode'] ?? '');
      else if (name === 'cellXfs') isInCells = true;
      else if (name === 'xf' && isInCells) {
        const id = Number(attributes['numFmtId'] ?? 0);
        const format = made.get(id) ?? toNumberFormat(id, codes.get(id));
        made.set(id, format);
        formats.push(format);
      }
    },
    close(name) {
      if (name === 'cellXfs') isInCells = false;
    },
  });
  return formats;
}

function readSmall(archive: Archive, path: string, handler: XmlHandler): Promise<void> {
  return readWholeXml(
    archive.read(path, LIMITS.smallPartBytes, 'The list of what is in the workbook'),
    handler,
  );
}
