import { setImmediate as yieldTurn } from 'node:timers/promises';
import { domainToUnicode } from 'node:url';
import type { LeadRow } from '../core/leads/lead.ts';
import type { Ledger, Row } from '../ledger/ledger.ts';

export type Known = Pick<LeadRow, 'name' | 'email' | 'phone' | 'email_key' | 'phone_key'>;

/** In one go; others get a turn in between. */
const ROWS = 1_000;
/** Of a number so many digits at its end tell it, in whichever country's spelling it stands. */
const DIGITS = 8;

export function knownBy(contact: string): Known {
  const isEmail = contact.includes('@');
  const [email_key, phone_key] = isEmail ? [contact, null] : [null, contact];
  return { name: null, email: null, phone: null, email_key, phone_key };
}

/**
 * Takes people out of what is kept of imports: rows that were not kept or were doubtful, and former values that hold one
 * of their contacts. What it was of their own leads went with these, by their number.
 */
export async function forgetInImports(ledger: Ledger, people: readonly Known[]): Promise<void> {
  const isTheirs = finder(people);
  await eachPage(
    ledger,
    'SELECT import_seq, kind, number, reason, record FROM import_rows WHERE (import_seq, kind, number) > (?, ?, ?) ORDER BY import_seq, kind, number LIMIT ?',
    [0, '', 0],
    ({ reason, record }) => isTheirs([reason as string, ...cellsOf(record as string | null)]),
    'DELETE FROM import_rows WHERE import_seq = ? AND kind = ? AND number = ?',
    ({ import_seq, kind, number }) => [import_seq!, kind!, number!],
  );
  await eachPage(
    ledger,
    'SELECT import_seq, lead_seq, former FROM import_leads WHERE (import_seq, lead_seq) > (?, ?) ORDER BY import_seq, lead_seq LIMIT ?',
    [0, 0],
    ({ former }) => former !== null && isTheirs(textsIn(JSON.parse(former as string))),
    'UPDATE import_leads SET former = NULL WHERE import_seq = ? AND lead_seq = ?',
    ({ import_seq, lead_seq }) => [import_seq!, lead_seq!],
  );
}

async function eachPage(
  ledger: Ledger,
  select: string,
  start: readonly (string | number)[],
  isTheirs: (row: Row) => boolean,
  forget: string,
  keyOf: (row: Row) => (string | number)[],
): Promise<void> {
  for (let after = start; ; ) {
    const rows = await ledger.all(select, ...after, ROWS);
    const found = rows.filter(isTheirs);
    if (found.length > 0)
      await ledger.write(async (tx) => {
        for (const row of found) await tx.run(forget, ...keyOf(row));
      });
    if (rows.length < ROWS) return;
    after = keyOf(rows.at(-1)!);
    await yieldTurn();
  }
}

function finder(people: readonly Known[]): (texts: readonly string[]) => boolean {
  const words = new Set<string>();
  const ends = new Set<string>();
  for (const { name, email, phone, email_key, phone_key } of people) {
    for (const one of [email, email_key, phone, phone_key])
      if (one?.trim()) words.add(one.trim().toLowerCase());
    if (email_key) {
      const [local, domain] = email_key.split('@') as [string, string];
      words.add(`${local}@${domainToUnicode(domain)}`);
    }
    // One word is many people's.
    if (name && /\S\s+\S/.test(name)) words.add(name.trim().toLowerCase());
    const digits = (phone_key ?? '').replaceAll(/\D/g, '');
    if (digits.length >= DIGITS) ends.add(digits.slice(-DIGITS));
  }
  return (texts) =>
    texts.some((text) => {
      const lower = text.toLowerCase();
      const digits = ends.size > 0 ? text.replaceAll(/\D/g, '') : '';
      return [...words].some((word) => lower.includes(word)) || [...ends].some((end) => digits.includes(end));
    });
}

function cellsOf(record: string | null): string[] {
  return record === null ? [] : (JSON.parse(record) as string[]);
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
