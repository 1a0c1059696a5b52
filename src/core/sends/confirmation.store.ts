import { createHash, randomBytes } from 'node:crypto';
import type { Reader, Transaction } from '../../ledger/ledger.ts';

/** A person who looked longer than this looks again. */
export const CONFIRM_MS = 10 * 60_000;
const KEPT_MS = 24 * 3_600_000;

export interface ConfirmationRow {
  readonly asked: string;
  readonly counts: string;
  readonly made_at: number;
  readonly send_id: string | null;
}

/** @returns the token, of which only a hash is kept. */
export async function makeConfirmation(
  tx: Transaction,
  { asked, counts }: Pick<ConfirmationRow, 'asked' | 'counts'>,
  nowMs: number,
): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  await tx.run('DELETE FROM confirmations WHERE made_at < ?', nowMs - KEPT_MS);
  await tx.run(
    'INSERT INTO confirmations (hash, asked, counts, made_at) VALUES (?, ?, ?, ?)',
    hashOf(token),
    asked,
    counts,
    nowMs,
  );
  return token;
}

export function findConfirmation(reader: Reader, token: string): Promise<ConfirmationRow | undefined> {
  return reader.get<ConfirmationRow>(
    'SELECT asked, counts, made_at, send_id FROM confirmations WHERE hash = ?',
    hashOf(token),
  );
}

/** Within the transaction that does what was confirmed, which has found it unused. */
export async function useConfirmation(tx: Transaction, token: string, sendId: string): Promise<void> {
  await tx.run('UPDATE confirmations SET send_id = ? WHERE hash = ?', sendId, hashOf(token));
}

/** What a form was answered with is its answer: it cannot be answered again. */
export async function forgetConfirmation(tx: Transaction, token: string): Promise<void> {
  await tx.run('DELETE FROM confirmations WHERE hash = ? AND send_id IS NULL', hashOf(token));
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
