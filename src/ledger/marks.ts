import type { Reader, Transaction } from './ledger.ts';

/** That nothing may be sent until a person has decided what becomes of restored data; its value: see core/holds. */
export const HOLD = 'hold';
/** That all sending was stopped; its value: see core/sends/stop-all. */
export const STOPPED = 'stopped';
/** Within another statement. */
export const IS_STOPPED = `EXISTS (SELECT 1 FROM marks WHERE name = '${STOPPED}')`;
/** Where the tables of this database are: a copy of them finds itself somewhere else. */
export const HOME = 'home';

export async function findMark(reader: Reader, name: string): Promise<string | null> {
  return (await reader.get<{ value: string }>('SELECT value FROM marks WHERE name = ?', name))?.value ?? null;
}

/** What it was before is written over. */
export async function setMark(tx: Transaction, name: string, value: string): Promise<void> {
  await tx.run(
    'INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    name,
    value,
  );
}

/** The first word stays: whatever it says already is left. */
export const PLACE_MARK = 'INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING';
