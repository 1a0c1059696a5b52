import { createHmac, randomBytes } from 'node:crypto';
import type { Reader, Transaction } from '../../ledger/ledger.ts';

/**
 * Of a contact that was erased a keyed hash is left (HMAC-SHA256): enough to see that somebody is that person, when
 * they are brought again, and nothing to be read. The key stands in the same database, so that it protects where one
 * part of the data is seen, and not against whoever has all of it and tries every phone number there is.
 */
const KEY = 'contact_hash_key';
/** Neither an address nor a number begins with it. */
const SIGN = '#';

export function isHashed(contact: string): boolean {
  return contact.startsWith(SIGN);
}

/** As callers see what is stored. */
export function shownContact<T extends string | null>(contact: T): T | 'erased' {
  return contact !== null && isHashed(contact) ? 'erased' : contact;
}

function hashed(key: string, contact: string): string {
  return SIGN + createHmac('sha256', Buffer.from(key, 'base64url')).update(contact).digest('base64url');
}

/** Makes the key when there is none. */
export async function hashContact(tx: Transaction, contact: string): Promise<string> {
  let key = await findKey(tx);
  if (key === null) {
    key = randomBytes(32).toString('base64url');
    await tx.run('INSERT INTO marks (name, value) VALUES (?, ?)', KEY, key);
  }
  return hashed(key, contact);
}

/** No key: nobody was erased yet, and one statement has told it. */
async function findKey(reader: Reader): Promise<string | null> {
  return (await reader.get<{ value: string }>('SELECT value FROM marks WHERE name = ?', KEY))?.value ?? null;
}

/** What became of the contact in this ledger: its hash, when it was erased and not taken back; null otherwise. */
export async function findErased(reader: Reader, contact: string): Promise<string | null> {
  const erased = await erasedAmong(reader, [contact]);
  return erased.get(contact) ?? null;
}

/** Those of `contacts` that were erased, with their hashes. Two statements, however many they are. */
export async function erasedAmong(
  reader: Reader,
  contacts: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const none = new Map<string, string>();
  if (contacts.length === 0) return none;
  const key = await findKey(reader);
  if (key === null) return none;
  const hashes = new Map(contacts.map((contact) => [hashed(key, contact), contact]));
  const given = [...hashes.keys()];
  const rows =
    reader.dialect === 'postgres'
      ? await reader.all<{ hash: string }>(
          'SELECT hash FROM erased_contacts WHERE hash = ANY (CAST(? AS TEXT[]))',
          given,
        )
      : await reader.all<{ hash: string }>(
          'SELECT hash FROM erased_contacts WHERE hash IN (SELECT value FROM json_each(?))',
          JSON.stringify(given),
        );
  return new Map(rows.map(({ hash }) => [hashes.get(hash)!, hash]));
}
