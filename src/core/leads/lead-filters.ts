import type { Dialect, Value } from '../../ledger/ledger.ts';
import type { LeadFilters } from './lead.schema.ts';
import { FILTERED_KEYS } from './metadata.ts';

export interface Condition {
  /** Joined by AND; uses the alias `l` for leads. */
  readonly sql: string;
  readonly parameters: readonly Value[];
}

/** The SQL of a selection of leads; erased leads are never selected. */
export function leadCondition(filters: LeadFilters, dialect: Dialect): Condition {
  const parts = ['l.deleted_at IS NULL'];
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
    const pattern = `%${filters.search.replaceAll(/[\\%_]/g, '\\$&')}%`;
    const columns = ['name', 'email', 'phone', 'phone_key', 'company', 'position'];
    if (filters.search_include_notes) columns.push('notes');
    // SQLite's LIKE tells no case of ASCII letters.
    const like = dialect === 'postgres' ? 'ILIKE' : 'LIKE';
    add(
      `(${columns.map((column) => `l.${column} ${like} ? ESCAPE '\\'`).join(' OR ')})`,
      ...columns.map(() => pattern),
    );
  }
  return { sql: parts.join(' AND '), parameters };
}
