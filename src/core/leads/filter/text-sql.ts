import type { Dialect } from '../../../ledger/ledger.ts';
import { isAscii } from './fold-text.ts';
import type { LeafSql } from './leaf-sql.ts';
import type { Leaf, TextTest } from './node.ts';

/** No lead's text needs it, and nobody looks for it: it stands between texts that are looked through as one. */
const BETWEEN = '\x1f';

/** Several columns are looked through as one text where that says the same. */
function isJoined({ test, columns, values }: Leaf & { kind: 'text' }): boolean {
  return test === 'contains' && columns.length > 1 && !values.some((value) => value.includes(BETWEEN));
}

/** What of a lead `l` a condition on text looks at, and how SQL makes it. */
export function textColumns(leaf: Leaf & { kind: 'text' }): { names: string[]; made: string[] } {
  const columns = leaf.columns.map((column) => `l.${column}`);
  if (!isJoined(leaf)) return { names: columns, made: columns };
  const name = leaf.columns.join('_');
  return { names: [`l.${name}`], made: [`concat_ws('${BETWEEN}', ${columns.join(', ')}) AS ${name}`] };
}

/**
 * Conditions on texts. Both databases agree on text in ASCII only: of the rest it is NULL, and of what only
 * `judgeLeaf` can say.
 */
export function textSql(leaf: Leaf & { kind: 'text' | 'tag' | 'metadata' }, dialect: Dialect): LeafSql {
  const strpos = dialect === 'postgres' ? 'strpos' : 'instr';
  const lower = (text: string) => `lower(${text}${dialect === 'postgres' ? ' COLLATE "C"' : ''})`;
  const place = (text: string) =>
    `${strpos}(${lower(text)}, ${dialect === 'postgres' ? 'CAST(? AS TEXT)' : '?'})`;
  const isPlain = (text: string) => `octet_length(${text}) = length(${text})`;
  /** JSON without a backslash says every text as it is. */
  const isPlainJson = (json: string) => `${isPlain(json)} AND ${strpos}(${json}, '\\') = 0`;

  if (leaf.kind === 'text') {
    const wanted = leaf.values.filter(isAscii);
    const tests: Readonly<Record<TextTest, (text: string) => string>> = {
      is: (text) => `${lower(text)} = ?`,
      // Not LIKE: on a text that nearly holds what is looked for, at every place, it takes a hundred times as long.
      contains: (text) => `${place(text)} > 0`,
      starts_with: (text) => `${place(text)} = 1`,
    };
    const texts = textColumns(leaf).names;
    const told = texts.map((text) => {
      const found = wanted.map(() => tests[leaf.test](text)).join(' OR ') || 'FALSE';
      return `CASE WHEN ${text} IS NULL THEN FALSE WHEN ${isPlain(text)} THEN (${found}) END`;
    });
    return { sql: told.join(' OR '), parameters: texts.flatMap(() => wanted) };
  }

  if (leaf.kind === 'tag') {
    const wanted = leaf.values.filter(isSaidAsItIs);
    const words = wanted.map((value) => {
      if (leaf.test === 'is') return `"${value}"`;
      return leaf.test === 'starts_with' ? `"${value}` : value;
    });
    const found = words.map(() => `${place('l.tags')} > 0`).join(' OR ') || 'FALSE';
    // A piece of a tag may also be found across two of them.
    const told =
      leaf.test === 'is' || words.length === 0 ? `(${found})` : `CASE WHEN NOT (${found}) THEN FALSE END`;
    return {
      sql: `CASE WHEN l.tags IS NULL THEN FALSE WHEN ${isPlainJson('l.tags')} THEN ${told} END`,
      parameters: words,
    };
  }

  // Only says who surely has it not: the key does not stand there, or the value.
  const [first = ''] = leaf.key.split('.');
  const missing: string[] = [];
  const parameters: string[] = [];
  const lacks = (text: string) => {
    parameters.push(text);
    return `${place('l.metadata')} = 0`;
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
    sql: `CASE WHEN ${isPlainJson('l.metadata')} AND (${missing.join(' OR ')}) THEN FALSE END`,
    parameters,
  };
}

/** What JSON writes as it is. */
function isSaidAsItIs(text: string): boolean {
  return isAscii(text) && !/["\\\p{Cc}]/u.test(text);
}
