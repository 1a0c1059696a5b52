import type { Dialect, Value } from '../../ledger/ledger.ts';
import type { LeadFilters } from './lead.schema.ts';
import { FILTERED_KEYS } from './metadata.ts';

export interface Condition {
  /** Joined by AND; uses the alias `l` for leads. */
  readonly sql: string;
  readonly parameters: readonly Value[];
}

/** The condition when nothing is filtered. */
export const ALL_LEADS = 'l.deleted_at IS NULL';

/** The SQL of a selection of leads; erased leads are never selected. */
export function leadCondition(filters: LeadFilters, dialect: Dialect): Condition {
  const parts: string[] = [ALL_LEADS];
  const parameters: Value[] = [];
  const add = (sql: string, ...values: Value[]) => {
    parts.push(sql);
    parameters.push(...values);
  };
  if (filters.status) add('l.status = ?', filters.status);
  if (filters.origin) add('l.origin = ?', filters.origin);
  for (const key of FILTERED_KEYS) {
    const value = filters[key];
    if (value) add(`l.${key} = ?`, value);
  }
  if (filters.search) {
    const columns = ['name', 'email', 'phone', 'phone_key', 'company', 'position'];
    if (filters.search_include_notes) columns.push('notes');
    // Not LIKE: on a text that nearly holds what is looked for, at every place, it takes a hundred times as long.
    const [contains, wanted] =
      dialect === 'postgres'
        ? [(column: string) => `strpos(lower(l.${column}), lower(CAST(? AS TEXT))) > 0`, filters.search]
        : [(column: string) => `instr(lower(l.${column}), ?) > 0`, lowerAscii(filters.search)];
    add(`(${columns.map(contains).join(' OR ')})`, ...columns.map(() => wanted));
  }
  return { sql: parts.join(' AND '), parameters };
}

/** SQLite knows the case of ASCII letters only. */
function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
