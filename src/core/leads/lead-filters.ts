import { foldText } from './filter/fold-text.ts';
import { all, type Node } from './filter/node.ts';
import { Selection } from './filter/selection.ts';
import type { GivenFilters } from './lead.schema.ts';
import { FILTERED_KEYS } from './metadata.ts';

/** What the filters say that need nothing else to be looked up; they narrow each other. */
export function plainNodes(filters: GivenFilters): Node[] {
  const nodes: Node[] = [];
  if (filters.status) nodes.push({ kind: 'status', values: [filters.status] });
  if (filters.origin) nodes.push({ kind: 'exactly', column: 'origin', value: filters.origin });
  for (const key of FILTERED_KEYS) {
    const value = filters[key];
    if (value) nodes.push({ kind: 'exactly', column: key, value });
  }
  if (filters.search) {
    const columns = ['name', 'email', 'phone', 'phone_key', 'company', 'position'] as const;
    const notes = filters.search_include_notes ? (['notes'] as const) : [];
    nodes.push({
      kind: 'text',
      columns: [...columns, ...notes],
      test: 'contains',
      values: [foldText(filters.search)],
    });
  }
  return nodes;
}

/** How an audience keeps its filters until it is built. */
export interface KeptFilters extends GivenFilters {
  /** All of them, as they were read; missing: an older version made it, of plain ones. */
  readonly chosen?: Node;
}

export function keepFilters(given: object, chosen: Node): string {
  // A version that knows nothing of `chosen` goes on with a build, too: it must find nobody rather than everybody.
  return JSON.stringify({ ...given, status: 'chosen', chosen });
}

export function keptSelection(filters: string): Selection {
  const kept = JSON.parse(filters) as KeptFilters;
  return new Selection(kept.chosen ?? all(plainNodes(kept)));
}
