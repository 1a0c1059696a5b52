import type { Value } from '../../ledger/ledger.ts';
import type { LeadFilters } from './lead.schema.ts';

export interface Condition {
  /** Joined by AND; uses the alias `l` for leads. */
  readonly sql: string;
  readonly parameters: readonly Value[];
}

/** The SQL of a selection of leads; erased leads are never selected. */
export function leadCondition(filters: LeadFilters): Condition {
  const parts = ['l.deleted_at IS NULL'];
  const parameters: Value[] = [];
  const add = (sql: string, ...values: Value[]) => {
    parts.push(sql);
    parameters.push(...values);
  };
  if (filters.status) add('l.status = ?', filters.status);
  if (filters.origin) add('l.origin = ?', filters.origin);
  for (const key of ['segment_id', 'campaign_id', 'assignee_id'] as const) {
    const value = filters[key];
    if (value) add(`json_extract(l.metadata, '$.${key}') = ?`, value);
  }
  if (filters.search) {
    const pattern = `%${filters.search.replaceAll(/[\\%_]/g, '\\$&')}%`;
    const columns = ['name', 'email', 'phone', 'phone_key', 'company', 'position'];
    if (filters.search_include_notes) columns.push('notes');
    add(
      `(${columns.map((column) => `l.${column} LIKE ? ESCAPE '\\'`).join(' OR ')})`,
      ...columns.map(() => pattern),
    );
  }
  return { sql: parts.join(' AND '), parameters };
}
