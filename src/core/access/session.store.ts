import type { Reader, Transaction } from '../../ledger/ledger.ts';

const HOUR_MS = 60 * 60_000;
/** Without a call. */
export const IDLE_MS = 12 * HOUR_MS;
export const SESSION_MS = 30 * 24 * HOUR_MS;

export interface SessionRow {
  readonly hash: string;
  /** null: signed in with a key. */
  readonly user_id: string | null;
  readonly key_hash: string | null;
  /** Milliseconds since 1970. */
  readonly created_at: number;
  readonly seen_at: number;
}

/** Those that are over go with it: nothing else has to clean up. */
export async function insertSession(
  tx: Transaction,
  { hash, user_id, key_hash, created_at }: Omit<SessionRow, 'seen_at'>,
): Promise<void> {
  await tx.run(
    'DELETE FROM sessions WHERE seen_at < ? OR created_at < ?',
    created_at - IDLE_MS,
    created_at - SESSION_MS,
  );
  await tx.run(
    'INSERT INTO sessions (hash, user_id, key_hash, created_at, seen_at) VALUES (?, ?, ?, ?, ?)',
    ...[hash, user_id, key_hash, created_at, created_at],
  );
}

/** One that is not over. */
export function findSession(reader: Reader, hash: string, nowMs: number): Promise<SessionRow | undefined> {
  return reader.get<SessionRow>(
    'SELECT * FROM sessions WHERE hash = ? AND seen_at > ? AND created_at > ?',
    ...[hash, nowMs - IDLE_MS, nowMs - SESSION_MS],
  );
}

export async function noteSeen(tx: Transaction, hash: string, nowMs: number): Promise<void> {
  await tx.run('UPDATE sessions SET seen_at = ? WHERE hash = ?', nowMs, hash);
}

export async function deleteSession(tx: Transaction, hash: string): Promise<void> {
  await tx.run('DELETE FROM sessions WHERE hash = ?', hash);
}

export async function deleteSessionsOf(tx: Transaction, userId: string): Promise<void> {
  await tx.run('DELETE FROM sessions WHERE user_id = ?', userId);
}
