import { count, counted } from '../../amounts.ts';
import { TidingsError } from '../../errors.ts';
import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { holds } from './access.ts';
import { findKey } from './key.store.ts';
import type { Principal } from './principal.ts';

/** What a call is about to set off. */
export interface Spending {
  /** null: it is no send, and nothing of it can be gone on with. */
  readonly sendId: string | null;
  /** Who would be reached by it from now on. */
  readonly recipients: number;
  /** Sent and failed so far. */
  readonly reached: number;
  /** Pending before the call. */
  readonly remaining: number;
}

/** Recipients of live sends a day; null: this caller has no limit. */
export async function dailyLimitOf(reader: Reader, { kind, id }: Principal): Promise<number | null> {
  return kind === 'key' ? ((await findKey(reader, id!))?.daily ?? null) : null;
}

/**
 * Counts recipients against the day of a key, within the transaction that sets them off: two calls at once are counted one
 * after the other. Whoever of a send was counted once, and is not reached yet, is not counted when it goes on.
 * @throws TidingsError `forbidden` when it would be more than the key may; `unauthorized` when it was revoked meanwhile
 */
export async function spend(
  tx: Transaction,
  principal: Principal,
  asked: Spending,
  nowMs = Date.now(),
): Promise<void> {
  const key = principal.kind === 'key' ? await findKey(tx, principal.id!) : undefined;
  if (!key || key.daily === null) return;
  if (!holds(key, nowMs)) throw new TidingsError('unauthorized', 'The key was revoked, or is over.');
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const spent = await spentOn(tx, key.id, day);
  const counted = asked.sendId === null ? 0 : await stillCounted(tx, key.id, asked.sendId, asked);
  const more = Math.max(0, asked.recipients - counted);
  if (spent + more > key.daily) throw tooMany(key.daily, key.daily - spent, more);
  await tx.run(
    `INSERT INTO key_days (key_id, day, recipients) VALUES (?, ?, ?)
     ON CONFLICT (key_id, day) DO UPDATE SET recipients = excluded.recipients`,
    ...[key.id, day, spent + more],
  );
  if (asked.sendId === null) return;
  await tx.run(
    `INSERT INTO key_sends (key_id, send_id, recipients, reached) VALUES (?, ?, ?, ?)
     ON CONFLICT (key_id, send_id) DO UPDATE SET recipients = excluded.recipients, reached = excluded.reached`,
    ...[key.id, asked.sendId, counted + more, asked.reached],
  );
}

async function spentOn(reader: Reader, keyId: string, day: string): Promise<number> {
  const sql = 'SELECT recipients FROM key_days WHERE key_id = ? AND day = ?';
  return (await reader.get<{ recipients: number }>(sql, keyId, day))?.recipients ?? 0;
}

/** Those who were counted and are still to be reached: never more than are pending, whatever was put back since. */
async function stillCounted(
  reader: Reader,
  keyId: string,
  sendId: string,
  { reached, remaining }: Spending,
): Promise<number> {
  const row = await reader.get<{ recipients: number; reached: number }>(
    'SELECT recipients, reached FROM key_sends WHERE key_id = ? AND send_id = ?',
    ...[keyId, sendId],
  );
  return row ? Math.max(0, Math.min(row.recipients - (reached - row.reached), remaining)) : 0;
}

function tooMany(daily: number, left: number, more: number): TidingsError {
  return new TidingsError(
    'forbidden',
    `This key may reach ${counted(daily, 'person', 'people')} a day; ${count(left)} are left of it, and this would reach ${count(more)}.`,
    {
      fix: 'Choose a smaller audience, wait for the next day (UTC), or ask who runs this server for a key that may more.',
    },
  );
}
