import type { Reader, Transaction } from '../../ledger/ledger.ts';
import type { Role } from './role.ts';

export interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly role: Role;
  /** Recipients of live sends a day; null: no limit. */
  readonly daily: number | null;
  /** Milliseconds since 1970, as the times below. */
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
  readonly used_at: number | null;
}

export async function insertKey(tx: Transaction, key: Omit<KeyRow, 'revoked_at' | 'used_at'>): Promise<void> {
  await tx.run(
    'INSERT INTO keys (id, name, hash, role, daily, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ...[key.id, key.name, key.hash, key.role, key.daily, key.created_at, key.expires_at],
  );
}

/** Whatever became of it: whether it holds is for the caller to look at. */
export function findKeyByHash(reader: Reader, hash: string): Promise<KeyRow | undefined> {
  return reader.get<KeyRow>('SELECT * FROM keys WHERE hash = ?', hash);
}

/** By its id, or by the name of one that is not revoked. */
export function findKey(reader: Reader, idOrName: string): Promise<KeyRow | undefined> {
  return reader.get<KeyRow>(
    'SELECT * FROM keys WHERE id = ? OR (name = ? AND revoked_at IS NULL) ORDER BY id LIMIT 1',
    idOrName,
    idOrName,
  );
}

/** Oldest first: their ids count up with time. */
export function listKeys(reader: Reader, afterId: string, limit: number): Promise<KeyRow[]> {
  return reader.all<KeyRow>('SELECT * FROM keys WHERE id > ? ORDER BY id LIMIT ?', afterId, limit);
}

export async function revokeKey(tx: Transaction, id: string, nowMs: number): Promise<void> {
  await tx.run('UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL', nowMs, id);
}

export async function noteKeyUse(tx: Transaction, id: string, nowMs: number): Promise<void> {
  await tx.run('UPDATE keys SET used_at = ? WHERE id = ?', nowMs, id);
}

/** Whether a key or a person has ever been made: from then on nobody is let in unnamed. */
export async function hasCallers(reader: Reader): Promise<boolean> {
  const row = await reader.get(
    'SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM keys) OR EXISTS (SELECT 1 FROM users)',
  );
  return row !== undefined;
}
