import type { Dialect, Value } from '../../../ledger/ledger.ts';
import { CHANNELS, type ChannelName } from '../../channel.ts';
import { SCOPES } from '../../suppressions/suppression.ts';
import { callingCodeOf, countriesOfCode } from '../numbering-plan.ts';
import type { Leaf, OrderTest } from './node.ts';
import { textColumns, textSql } from './text-sql.ts';

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
  const marks = (values: readonly unknown[]) => values.map(() => '?').join(', ');

  switch (leaf.kind) {
    case 'text':
    case 'tag':
    case 'metadata':
      return textSql(leaf, dialect);
    case 'has': {
      const none = leaf.column === 'tags' ? '[]' : '';
      return { sql: `l.${leaf.column} IS NOT NULL AND l.${leaf.column} <> '${none}'`, parameters: [] };
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
      const told = codesOf(leaf.countries).map((code) => {
        const says = isOfThese(code, leaf.countries) ? 'TRUE' : 'NULL';
        return `WHEN substr(l.phone_key, 1, ${code.length}) = ? THEN ${says}`;
      });
      return {
        sql: `CASE WHEN l.phone_key IS NULL THEN FALSE ${told.join(' ')} ELSE FALSE END`,
        parameters: codesOf(leaf.countries),
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

function codesOf(countries: readonly string[]): string[] {
  return [...new Set(countries.map((country) => `+${callingCodeOf(country)}`))];
}

/** A code that several share says little: +1 is of the United States, Canada and twenty more. */
function isOfThese(code: string, countries: readonly string[]): boolean {
  return countriesOfCode(code.slice(1)).every((one) => countries.includes(one));
}

/** What of `leads l` the SQL of a condition names, and how it is made. */
export function columnsFor(leaf: Leaf): readonly string[] {
  switch (leaf.kind) {
    case 'text':
      return textColumns(leaf).made;
    case 'has':
    case 'exactly':
    case 'time':
      return [`l.${leaf.column}`];
    case 'tag':
      return ['l.tags'];
    case 'metadata':
    case 'status':
      return [`l.${leaf.kind}`];
    case 'phone':
    case 'country':
      return ['l.phone_key'];
    case 'suppressed':
    case 'reachable':
      return [`l.${CHANNELS[leaf.channel].key}`];
    case 'imported':
      return ['l.import_seq'];
    case 'leads':
    case 'sample':
      return ['l.id'];
    case 'rows':
      return [];
  }
}

/** The texts, in SQL, by which `judgeLeaf` says what the database cannot; none: it always can. */
export function judgedTexts(leaf: Leaf): readonly string[] {
  switch (leaf.kind) {
    case 'text':
      return textColumns(leaf).names;
    case 'tag':
      return ['l.tags'];
    case 'metadata':
      return ['l.metadata'];
    case 'sample':
      return ['l.id'];
    case 'country':
      return codesOf(leaf.countries).every((code) => isOfThese(code, leaf.countries)) ? [] : ['l.phone_key'];
    default:
      return [];
  }
}

/** Whose contact must not be messaged over a channel. Where nobody is suppressed there, nobody is looked up. */
export function suppressedSql(channel: ChannelName, key = `l.${CHANNELS[channel].key}`): string {
  const scopes = `IN ('${SCOPES[channel].join("', '")}')`;
  const some = `EXISTS (SELECT 1 FROM suppressions n WHERE n.channel ${scopes})`;
  return `(${some} AND EXISTS (SELECT 1 FROM suppressions s WHERE s.channel ${scopes} AND s.contact = ${key}))`;
}
