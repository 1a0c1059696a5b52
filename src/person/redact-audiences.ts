import type { LeadRow } from '../core/leads/lead.ts';
import type { Transaction } from '../ledger/ledger.ts';

const MARK = '[erased]';
/** Shorter pieces of a name or a number say nothing of a person. */
const SHORTEST_NAME = 3;
const SHORTEST_NUMBER = 6;

type Known = Pick<LeadRow, 'name' | 'email' | 'phone' | 'email_key' | 'phone_key'>;

/**
 * Takes people out of what audiences are called, and of how they were found: filters are read while an audience is
 * built, and never again, so that one that is ready loses nothing by it. Ones that are being built are left alone.
 */
export async function redactAudiences(tx: Transaction, people: readonly Known[]): Promise<void> {
  const rows = await tx.all<{ seq: number; name: string; description: string | null; filters: string }>(
    `SELECT seq, name, description, filters FROM audiences WHERE status <> 'building' OR deleted_at IS NOT NULL`,
  );
  for (const row of rows) {
    let { chosen: _, ...filters } = JSON.parse(row.filters) as Record<string, unknown>;
    let next = { ...row };
    for (const person of people) {
      filters = redacted(filters, person, '') as typeof filters;
      const description = next.description && withoutPerson(next.description, person);
      next = { ...next, name: withoutPerson(next.name, person), description };
    }
    const text = JSON.stringify(filters);
    if (text === row.filters && next.name === row.name && next.description === row.description) continue;
    await tx.run(
      'UPDATE audiences SET name = ?, description = ?, filters = ? WHERE seq = ?',
      next.name,
      next.description,
      text,
      row.seq,
    );
  }
}

/** Texts that are looked for stand under the name of a test. */
const LOOKED_FOR = ['search', 'is', 'in', 'contains', 'starts_with'];

function redacted(value: unknown, person: Known, under: string): unknown {
  if (typeof value === 'string')
    return LOOKED_FOR.includes(under) && finds(value, person) ? MARK : withoutPerson(value, person);
  if (Array.isArray(value)) return value.map((one) => redacted(one, person, under));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redacted(inner, person, key)]));
}

/** Replaced wherever they stand: contacts, and a name of two words or more. One word is many people's. */
function withoutPerson(text: string, person: Known): string {
  const name = person.name?.trim() ?? '';
  const terms = [...contactsOf(person), ...(words(name).length > 1 ? [name] : [])];
  let found = text;
  for (const term of terms) {
    const escaped = term.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    found = found.replaceAll(new RegExp(escaped, 'giu'), MARK);
  }
  return found;
}

function contactsOf({ email, phone, email_key, phone_key }: Known): string[] {
  return [email, phone, email_key, phone_key].flatMap((contact) => contact?.trim() || []);
}

/** Whether a search is for this person: their address or number or a part that tells them, or a word of their name. */
function finds(search: string, person: Known): boolean {
  const wanted = search.toLowerCase();
  const name = person.name?.toLowerCase() ?? '';
  if (wanted.length >= SHORTEST_NAME && (words(name).includes(wanted) || isPartOfName(wanted, name)))
    return true;
  const local = (person.email_key ?? '').split('@')[0]!;
  if (
    wanted.length >= SHORTEST_NAME &&
    local !== '' &&
    local.includes(wanted.split('@')[0]!) &&
    !wanted.startsWith('@')
  )
    return true;
  const digits = wanted.replaceAll(/\D/g, '');
  return digits.length >= SHORTEST_NUMBER && (person.phone_key ?? '').includes(digits);
}

function isPartOfName(wanted: string, name: string): boolean {
  return words(wanted).length > 1 && name.includes(wanted);
}

function words(text: string): string[] {
  return text.split(/\s+/u).filter(Boolean);
}
