import type { Dialect, Value } from '../../../ledger/ledger.ts';
import { CHANNELS, type ChannelName } from '../../channel.ts';
import { callingCodeOf, countriesOfCode } from '../numbering-plan.ts';
import { isAscii } from './fold-text.ts';
import type { Leaf, OrderTest, TextTest } from './node.ts';

/** Positions of the rows whose leads stand in the span that is looked at. */
export type Bounds = ReadonlyMap<Leaf, readonly [first: number, last: number]>;

export interface LeafSql {
  /** TRUE, FALSE, or NULL: what the database cannot tell for sure. */
  readonly sql: string;
  readonly parameters: readonly Value[];
}

export const ORDER_SIGNS: Readonly<Record<OrderTest, string>> = {
  ...{ before: '<', after: '>', at_least: '>=', at_most: '<=' },
};

/**
 * The SQL of one condition on a lead `l`. Both databases agree on text in ASCII only; of the rest they say NULL, and
 * AND, OR and NOT carry that on to where it matters.
 */
export function leafSql(leaf: Leaf, dialect: Dialect, bounds: Bounds): LeafSql {
  const lower = (column: string) => `lower(l.${column}${dialect === 'postgres' ? ' COLLATE "C"' : ''})`;
  const place = (column: string) =>
    dialect === 'postgres' ? `strpos(${lower(column)}, CAST(? AS TEXT))` : `instr(${lower(column)}, ?)`;
  const isPlain = (column: string) => `octet_length(l.${column}) = length(l.${column})`;
  /** JSON without a backslash says every text as it is. */
  const isPlainJson = (column: string) =>
    `${isPlain(column)} AND ${dialect === 'postgres' ? 'strpos' : 'instr'}(l.${column}, '\\') = 0`;
  const marks = (values: readonly unknown[]) => values.map(() => '?').join(', ');

  switch (leaf.kind) {
    case 'text': {
      const wanted = leaf.values.filter(isAscii);
      const tests: Readonly<Record<TextTest, (column: string) => string>> = {
        is: (column) => `${lower(column)} = ?`,
        // Not LIKE: on a text that nearly holds what is looked for, at every place, it takes a hundred times as long.
        contains: (column) => `${place(column)} > 0`,
        starts_with: (column) => `${place(column)} = 1`,
      };
      const told = leaf.columns.map((column) => {
        const found = wanted.map(() => tests[leaf.test](column)).join(' OR ') || 'FALSE';
        return `CASE WHEN l.${column} IS NULL THEN FALSE WHEN ${isPlain(column)} THEN (${found}) END`;
      });
      return { sql: told.join(' OR '), parameters: leaf.columns.flatMap(() => wanted) };
    }
    case 'has': {
      const none = leaf.column === 'tags' ? '[]' : '';
      return { sql: `l.${leaf.column} IS NOT NULL AND l.${leaf.column} <> '${none}'`, parameters: [] };
    }
    case 'tag': {
      const wanted = leaf.values.filter(isSaidAsItIs);
      const words = wanted.map((value) => {
        if (leaf.test === 'is') return `"${value}"`;
        return leaf.test === 'starts_with' ? `"${value}` : value;
      });
      const found = words.map(() => `${place('tags')} > 0`).join(' OR ') || 'FALSE';
      // A piece of a tag may also be found across two of them.
      const told =
        leaf.test === 'is' || words.length === 0 ? `(${found})` : `CASE WHEN NOT (${found}) THEN FALSE END`;
      return {
        sql: `CASE WHEN l.tags IS NULL THEN FALSE WHEN ${isPlainJson('tags')} THEN ${told} END`,
        parameters: words,
      };
    }
    case 'metadata': {
      // Only says who surely has it not: the key does not stand there, or the value.
      const [first = ''] = leaf.key.split('.');
      const missing: string[] = [];
      const parameters: string[] = [];
      const lacks = (text: string) => {
        parameters.push(text);
        return `${place('metadata')} = 0`;
      };
      if (!isSaidAsItIs(first)) missing.push('TRUE');
      else {
        missing.push(lacks(first));
        const texts = leaf.values.filter((value) => typeof value === 'string');
        const looks = leaf.test === 'is' || leaf.test === 'contains' || leaf.test === 'starts_with';
        if (looks && texts.length > 0 && texts.length === leaf.values.length) {
          const found = texts.filter(isSaidAsItIs).map(lacks);
          missing.push(found.length === 0 ? 'TRUE' : `(${found.join(' AND ')})`);
        }
      }
      return {
        sql: `CASE WHEN ${isPlainJson('metadata')} AND (${missing.join(' OR ')}) THEN FALSE END`,
        parameters,
      };
    }
    case 'status':
      return { sql: `l.status IN (${marks(leaf.values)})`, parameters: leaf.values };
    case 'exactly':
      return { sql: `coalesce(l.${leaf.column} = ?, FALSE)`, parameters: [leaf.value] };
    case 'time': {
      const column = `l.${leaf.column}${dialect === 'postgres' ? ' COLLATE "C"' : ''}`;
      return { sql: `${column} ${ORDER_SIGNS[leaf.test]} ?`, parameters: [leaf.value] };
    }
    case 'phone':
      return {
        sql: `coalesce(${leaf.prefixes.map(({ length }) => `substr(l.phone_key, 1, ${length}) = ?`).join(' OR ')}, FALSE)`,
        parameters: leaf.prefixes,
      };
    case 'country': {
      const codes = [...new Set(leaf.countries.map((country) => `+${callingCodeOf(country)}`))];
      // A code that several share says little: +1 is of the United States, Canada and twenty more.
      const told = codes.map((code) => {
        const isWhole = countriesOfCode(code.slice(1)).every((one) => leaf.countries.includes(one));
        return `WHEN substr(l.phone_key, 1, ${code.length}) = ? THEN ${isWhole ? 'TRUE' : 'NULL'}`;
      });
      return {
        sql: `CASE WHEN l.phone_key IS NULL THEN FALSE ${told.join(' ')} ELSE FALSE END`,
        parameters: codes,
      };
    }
    case 'suppressed':
      return { sql: suppressedSql(leaf.channel), parameters: [] };
    case 'reachable':
      return {
        sql: `l.${CHANNELS[leaf.channel].key} IS NOT NULL AND NOT ${suppressedSql(leaf.channel)}`,
        parameters: [],
      };
    case 'imported':
      return {
        sql: `coalesce(l.import_seq IN (${marks(leaf.seqs)}), FALSE) OR l.seq IN
          (SELECT i.lead_seq FROM import_leads i WHERE i.import_seq IN (${marks(leaf.seqs)}) AND i.lead_seq = l.seq)`,
        parameters: [...leaf.seqs, ...leaf.seqs],
      };
    case 'leads':
      return { sql: `l.id IN (${marks(leaf.ids)})`, parameters: leaf.ids };
    case 'rows': {
      const [first, last] = bounds.get(leaf) ?? [1, 0];
      const { of, statuses } = leaf;
      const status = statuses === null ? '' : ` AND r.status IN (${marks(statuses)})`;
      return {
        sql: `l.seq IN (SELECT r.lead_seq FROM ${of.table} r WHERE r.${of.by} = ? AND r.position BETWEEN ? AND ?${status})`,
        parameters: [leaf.seq, first, last, ...(statuses ?? [])],
      };
    }
    case 'sample':
      return { sql: 'CAST(NULL AS BOOLEAN)', parameters: [] };
  }
}

/** What JSON writes as it is. */
function isSaidAsItIs(text: string): boolean {
  return isAscii(text) && !/["\\\p{Cc}]/u.test(text);
}

export function suppressedSql(channel: ChannelName): string {
  return `EXISTS (SELECT 1 FROM suppressions s WHERE s.channel = '${channel}' AND s.contact = l.${CHANNELS[channel].key})`;
}
