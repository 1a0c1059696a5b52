import type { Dialect } from './ledger.ts';

/**
 * What a provider said stands in a column of its own. Older versions wrote it into their own sentence, behind one of
 * these; what stands before it stays.
 */
const SPLIT = [
  { table: 'deliveries', column: 'error', from: 'The mail server %: ___ %', at: ': ' },
  { table: 'sends', column: 'problem', from: 'The mail server %: ___ %', at: ': ' },
  { table: 'deliveries', column: 'error', from: '% Meta says: %', at: ' Meta says: ' },
  { table: 'sends', column: 'problem', from: '% Meta says: %', at: ' Meta says: ' },
] as const;

function steps(dialect: Dialect): string[] {
  const found = (column: string, text: string) =>
    dialect === 'sqlite' ? `instr(${column}, '${text}')` : `strpos(${column}, '${text}')`;
  return [
    'ALTER TABLE deliveries ADD COLUMN provider_said TEXT',
    'ALTER TABLE sends ADD COLUMN provider_said TEXT',
    ...SPLIT.map(
      ({ table, column, from, at }) =>
        `UPDATE ${table} SET provider_said = substr(${column}, ${found(column, at)} + ${at.length}),
           ${column} = substr(${column}, 1, ${found(column, at)} - 1) WHERE ${column} LIKE '${from}'`,
    ),
  ];
}

export const sqliteProviderSaid = steps('sqlite');
export const postgresProviderSaid = steps('postgres');
