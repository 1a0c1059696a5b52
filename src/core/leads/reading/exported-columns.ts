import { JSON_COLUMN, METADATA_PREFIX, OWN_COLUMNS, type OwnColumn, REST_COLUMN } from '../export/columns.ts';
import { OUR_COLUMNS, REJECT_COLUMNS } from './reject-columns.ts';

/** Where the columns of an export stand. Others were added since, and are read by sense. */
export interface ExportPlan {
  readonly own: ReadonlyMap<OwnColumn, number>;
  readonly metadata: readonly { readonly key: string; readonly column: string; readonly index: number }[];
  readonly rest: number | undefined;
  readonly json: number;
  readonly hasOthers: boolean;
}

export function isExport(header: readonly string[]): boolean {
  return header.includes(JSON_COLUMN);
}

/**
 * @param map columns that the caller wants read in another way
 * @returns null for a table that is no export
 */
export function planExport(
  header: readonly string[],
  map: Readonly<Record<string, string>> = {},
): ExportPlan | null {
  if (!isExport(header)) return null;
  const own = new Map<OwnColumn, number>();
  const metadata: { key: string; column: string; index: number }[] = [];
  let rest: number | undefined;
  let hasOthers = false;
  for (const [index, column] of header.entries()) {
    if (Object.hasOwn(map, column.trim())) hasOthers = true;
    else if ((OWN_COLUMNS as readonly string[]).includes(column)) own.set(column as OwnColumn, index);
    else if (column.startsWith(METADATA_PREFIX))
      metadata.push({ key: column.slice(METADATA_PREFIX.length), column, index });
    else if (column === REST_COLUMN) rest = index;
    else if (column !== JSON_COLUMN && !OUR_COLUMNS.includes(column)) hasOthers = true;
  }
  return { own, metadata, rest, json: header.indexOf(JSON_COLUMN), hasOthers };
}

/** What is not of the export, under the same places: for who reads columns by sense. */
export function otherColumns(header: readonly string[], { own, metadata, rest, json }: ExportPlan): string[] {
  const taken = new Set([...own.values(), ...metadata.map(({ index }) => index), rest, json]);
  return header.map((column, index) => (taken.has(index) ? REJECT_COLUMNS[0] : column));
}

/** Header → what it is read as. */
export function shownColumns(header: readonly string[], plan: ExportPlan): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [column, index] of plan.own)
    shown[header[index]!] = column.includes('suppressed') ? 'consent' : column;
  for (const { column } of plan.metadata) shown[column] = column;
  if (plan.rest !== undefined) shown[REST_COLUMN] = REST_COLUMN;
  return shown;
}
