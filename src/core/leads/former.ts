import { createHash } from 'node:crypto';
import type { LeadRow } from './lead.ts';

/** Columns that an import may change, apart from those that are made of metadata. */
const COLUMNS = [
  'name',
  'first_name',
  'last_name',
  'email',
  'email_key',
  'phone',
  'phone_key',
  'position',
  'company',
  'notes',
  'status',
  'origin',
] as const;
type Column = (typeof COLUMNS)[number];

/** Before and a mark of what stands there since: by the mark it is seen whether somebody else changed it later. */
type Change = readonly [before: unknown, mark: string];

/** What an import changed of a lead that was known, as it was before. */
export interface Former {
  readonly updated_at: string;
  /** What `updated_at` is since. */
  readonly written_at: string;
  readonly columns: Partial<Record<Column, Change>>;
  /** A key that there was not has no value before. */
  readonly metadata: Record<string, Change | readonly [mark: string]>;
  readonly tags: readonly string[];
}

type Values = Pick<LeadRow, Column | 'metadata' | 'tags' | 'updated_at'>;

export function formerOf(before: Values, after: Omit<Values, 'updated_at'>, now: string): Former {
  const columns: Former['columns'] = {};
  for (const column of COLUMNS)
    if (before[column] !== after[column]) columns[column] = [before[column], markOf(after[column])];
  const metadata: Former['metadata'] = {};
  if (before.metadata !== after.metadata) {
    const [old, now] = [jsonOf(before.metadata), jsonOf(after.metadata)];
    for (const [key, value] of Object.entries(now)) {
      if (!Object.hasOwn(old, key)) metadata[key] = [markOf(value)];
      else if (markOf(old[key]) !== markOf(value)) metadata[key] = [old[key], markOf(value)];
    }
  }
  const had = new Set(tagsOf(before.tags));
  return {
    updated_at: before.updated_at,
    written_at: now,
    columns,
    metadata,
    tags: tagsOf(after.tags).filter((tag) => !had.has(tag)),
  };
}

/** Of one import that came to a lead twice: what was before the first time, and what stands there since the second. */
export function joinFormer(first: Former, second: Former): Former {
  const columns = { ...second.columns, ...first.columns };
  for (const [column, [, mark]] of Object.entries(second.columns) as [Column, Change][])
    if (first.columns[column]) columns[column] = [first.columns[column][0], mark];
  const metadata = { ...second.metadata, ...first.metadata };
  for (const [key, change] of Object.entries(second.metadata)) {
    const before = first.metadata[key];
    const mark = change.at(-1) as string;
    if (before) metadata[key] = before.length === 1 ? [mark] : [before[0], mark];
  }
  return {
    updated_at: first.updated_at,
    written_at: second.written_at,
    columns,
    metadata,
    tags: [...new Set([...first.tags, ...second.tags])],
  };
}

export interface Restored {
  readonly values: Omit<Values, 'updated_at'>;
  /** How many values somebody has changed since: they stay. */
  readonly kept: number;
}

/** The lead as it would be without the import. What was changed since stays; a contact goes with its spelling. */
export function restored(row: Values, former: Former, mayTake: (column: Column) => boolean): Restored {
  const values = { ...row };
  let kept = 0;
  const isAsWritten = (column: Column) =>
    former.columns[column] === undefined || markOf(row[column]) === former.columns[column][1];
  for (const [column, [before]] of Object.entries(former.columns) as [Column, Change][]) {
    const partner = PARTNERS[column];
    const isFree = isAsWritten(column) && (partner === undefined || isAsWritten(partner));
    if (isFree && mayTake(column)) Object.assign(values, { [column]: before });
    else if (!column.endsWith('_key')) kept += 1;
  }
  const metadata = jsonOf(row.metadata);
  for (const [key, change] of Object.entries(former.metadata)) {
    if (!Object.hasOwn(metadata, key) || markOf(metadata[key]) !== change.at(-1)) kept += 1;
    else if (change.length === 1) delete metadata[key];
    else metadata[key] = change[0];
  }
  values.metadata = JSON.stringify(metadata);
  const tags = tagsOf(row.tags).filter((tag) => !former.tags.includes(tag));
  values.tags = tags.length === 0 ? null : JSON.stringify(tags);
  return { values, kept };
}

/**
 * An import that came later remembers what this one wrote, and would bring it back: from here on it remembers what was
 * before both.
 */
export function handOn(later: Former, former: Former): Former {
  const columns = { ...later.columns };
  for (const [column, [before, mark]] of Object.entries(former.columns) as [Column, Change][]) {
    const theirs = columns[column];
    if (theirs && markOf(theirs[0]) === mark) columns[column] = [before, theirs[1]];
  }
  const metadata = { ...later.metadata };
  for (const [key, change] of Object.entries(former.metadata)) {
    const theirs = metadata[key];
    if (theirs?.length === 2 && markOf(theirs[0]) === change.at(-1))
      metadata[key] = change.length === 1 ? [theirs[1]] : [change[0], theirs[1]];
  }
  const updated_at = later.updated_at === former.written_at ? former.updated_at : later.updated_at;
  return { ...later, columns, metadata, updated_at };
}

/** Whether imports alone, the ones that remember these, made a lead of that age what it is. */
export function isOfImports(createdAt: string, updatedAt: string, formers: readonly Former[]): boolean {
  let at = updatedAt;
  for (const _ of formers) at = formers.find(({ written_at }) => written_at === at)?.updated_at ?? at;
  return at === createdAt;
}

const PARTNERS: Partial<Record<Column, Column>> = {
  email: 'email_key',
  email_key: 'email',
  phone: 'phone_key',
  phone_key: 'phone',
};

/** Keys in one order: JSON that is the same says the same. */
function markOf(value: unknown): string {
  const text = JSON.stringify(value ?? null, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

function jsonOf(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

function tagsOf(text: string | null): string[] {
  return text === null ? [] : (JSON.parse(text) as string[]);
}
