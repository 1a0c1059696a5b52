import type { ChannelName } from '../../channel.ts';
import type { LeadWire } from '../lead.schema.ts';

export const TEXT_COLUMNS = [
  ...(['name', 'first_name', 'last_name', 'email', 'phone', 'phone_key', 'company', 'position'] as const),
  ...(['notes', 'origin'] as const),
];
export type TextColumn = (typeof TEXT_COLUMNS)[number];
export type TextTest = 'is' | 'contains' | 'starts_with';
export type OrderTest = 'before' | 'after' | 'at_least' | 'at_most';

/**
 * Rows that point to leads and are numbered 1, 2, 3, … in the order of leads.seq: the members of an audience, the
 * messages of a send. Their owner hands them in, so that leads know nothing of what is built on them.
 */
export interface NumberedRows {
  readonly table: string;
  /** The column that says whose rows they are. */
  readonly by: string;
}

/** One thing that holds for a lead or does not. Texts to look for are folded. */
export type Leaf =
  | { readonly kind: 'text'; columns: readonly TextColumn[]; test: TextTest; values: readonly string[] }
  | { readonly kind: 'has'; column: TextColumn | 'tags' }
  | { readonly kind: 'tag'; test: TextTest; values: readonly string[] }
  | {
      readonly kind: 'metadata';
      /** A key of metadata, or keys joined by dots; folded. */
      key: string;
      test: TextTest | OrderTest | 'exists';
      /** Of 'is': texts are folded. Of an order: numbers, or ISO 8601 times. */
      values: readonly (string | number | boolean)[];
    }
  | { readonly kind: 'status'; values: readonly LeadWire['status'][] }
  | {
      readonly kind: 'exactly';
      column: 'origin' | 'segment_id' | 'campaign_id' | 'assignee_id';
      value: string;
    }
  | { readonly kind: 'time'; column: 'created_at' | 'updated_at'; test: OrderTest; value: string }
  | { readonly kind: 'phone'; prefixes: readonly string[] }
  | { readonly kind: 'country'; countries: readonly string[] }
  | { readonly kind: 'suppressed'; channel: ChannelName }
  | { readonly kind: 'reachable'; channel: ChannelName }
  | { readonly kind: 'imported'; seqs: readonly number[] }
  | { readonly kind: 'leads'; ids: readonly string[] }
  | { readonly kind: 'rows'; of: NumberedRows; seq: number; statuses: readonly string[] | null }
  | { readonly kind: 'sample'; seed: string; through: number };

export type Node =
  | Leaf
  | { readonly kind: 'all'; nodes: readonly Node[] }
  | { readonly kind: 'any'; nodes: readonly Node[] }
  | { readonly kind: 'not'; node: Node };

export function all(nodes: readonly Node[]): Node {
  return nodes.length === 1 ? nodes[0]! : { kind: 'all', nodes };
}

export function any(nodes: readonly Node[]): Node {
  return nodes.length === 1 ? nodes[0]! : { kind: 'any', nodes };
}
