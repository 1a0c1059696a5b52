import * as z from 'zod';
import { TidingsError } from '../../errors.ts';
import type { Reader, Transaction } from '../../ledger/ledger.ts';
import {
  type Creating,
  type Creation,
  findEarlier,
  findRepeated,
  rememberCreation,
  timeOf,
} from './creation.store.ts';

export const idempotencyKey = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .optional()
  .describe('Of your choice: the same key within 24 hours makes nothing new, and answers as before');

export const creationNotice = z
  .string()
  .optional()
  .describe('That the same call was made within 24 hours, and what it made');

/** What came of a call: it made something, or an earlier one with its key had. */
export type Made = { readonly repeated: Creation } | { readonly notice: string | undefined };

/**
 * Makes something, unless a call with the same key has. Two at once are one after the other by the transaction.
 * @param make called within the transaction, once it is known that it is this call's to make
 */
export async function makeOnce(
  tx: Transaction,
  call: Creating,
  id: string,
  make: (earlier: Creation | null) => Promise<unknown>,
): Promise<Made> {
  const nowMs = Date.now();
  const repeated = await findRepeated(tx, call, nowMs);
  if (repeated) return { repeated };
  const earlier = await findEarlier(tx, call, nowMs);
  await make(earlier);
  await rememberCreation(tx, call, id, nowMs);
  return { notice: noticeOf(earlier) };
}

/** As the call that made it heard it. */
export async function noticeThen(
  reader: Reader,
  call: Creating,
  made: Creation,
): Promise<string | undefined> {
  return noticeOf(await findEarlier(reader, call, made.made_at, made.seq));
}

export function goneSince(what: string, { made_id }: Creation): TidingsError {
  return new TidingsError('conflict', `The ${what} that this key made, ${made_id}, was deleted since.`, {
    fix: (words) => `To make another, give another ${words.argument('idempotency_key')}.`,
  });
}

function noticeOf(earlier: Creation | null): string | undefined {
  if (earlier === null) return undefined;
  return `The same call made ${earlier.made_id} at ${timeOf(earlier)}; this is another one. An idempotency_key makes a call safe to repeat.`;
}
