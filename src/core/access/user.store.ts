import type { Reader, Transaction } from '../../ledger/ledger.ts';
import type { Role } from './role.ts';

export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** As `hashPassword` made it; null: the person has not set one. */
  readonly password: string | null;
  /** Milliseconds since 1970. */
  readonly created_at: number;
  readonly removed_at: number | null;
}

export interface LinkRow {
  readonly hash: string;
  /** null: it makes the first person. */
  readonly user_id: string | null;
  readonly expires_at: number;
}

export async function insertUser(
  tx: Transaction,
  { id, name, role, created_at }: Pick<UserRow, 'id' | 'name' | 'role' | 'created_at'>,
): Promise<void> {
  await tx.run(
    'INSERT INTO users (id, name, role, created_at) VALUES (?, ?, ?, ?)',
    ...[id, name, role, created_at],
  );
}

export function findUser(reader: Reader, idOrName: string): Promise<UserRow | undefined> {
  return reader.get<UserRow>(
    'SELECT * FROM users WHERE removed_at IS NULL AND (id = ? OR name = ?) ORDER BY id LIMIT 1',
    idOrName,
    idOrName,
  );
}

export function listUsers(reader: Reader, afterId: string, limit: number): Promise<UserRow[]> {
  return reader.all<UserRow>(
    'SELECT * FROM users WHERE id > ? AND removed_at IS NULL ORDER BY id LIMIT ?',
    afterId,
    limit,
  );
}

export async function countUsers(reader: Reader): Promise<number> {
  const row = await reader.get<{ users: number }>(
    'SELECT count(*) AS users FROM users WHERE removed_at IS NULL',
  );
  return Number(row!.users);
}

export async function setRole(tx: Transaction, id: string, role: Role): Promise<void> {
  await tx.run('UPDATE users SET role = ? WHERE id = ?', role, id);
}

export async function setPassword(tx: Transaction, id: string, password: string): Promise<void> {
  await tx.run('UPDATE users SET password = ? WHERE id = ?', password, id);
}

/** With all by which the person could come in. */
export async function removeUser(tx: Transaction, id: string, nowMs: number): Promise<void> {
  await tx.run('UPDATE users SET removed_at = ?, password = NULL WHERE id = ?', nowMs, id);
  await tx.run('DELETE FROM sign_in_links WHERE user_id = ?', id);
  await tx.run('DELETE FROM sessions WHERE user_id = ?', id);
}

/** The only one of its person: whatever was made before opens nothing any more. */
export async function insertLink(tx: Transaction, link: LinkRow): Promise<void> {
  if (link.user_id === null) await tx.run('DELETE FROM sign_in_links WHERE user_id IS NULL');
  else await tx.run('DELETE FROM sign_in_links WHERE user_id = ?', link.user_id);
  await tx.run(
    'INSERT INTO sign_in_links (hash, user_id, expires_at) VALUES (?, ?, ?)',
    ...[link.hash, link.user_id, link.expires_at],
  );
}

export function findLink(reader: Reader, hash: string, nowMs: number): Promise<LinkRow | undefined> {
  return reader.get<LinkRow>('SELECT * FROM sign_in_links WHERE hash = ? AND expires_at > ?', hash, nowMs);
}

export async function useLink(tx: Transaction, hash: string): Promise<void> {
  await tx.run('DELETE FROM sign_in_links WHERE hash = ?', hash);
}
