import { TidingsError } from '../../errors.ts';
import type { Reader, Transaction } from '../../ledger/ledger.ts';
import { findMark, HOLD, PLACE_MARK } from '../../ledger/marks.ts';
import { transition } from '../sends/send.store.ts';
import { RESTORED } from '../sends/send.ts';

/**
 * A ledger that comes out of a backup does not know whom messages reached since: to it they are pending, and going on
 * would send to them twice. So it is held, and nothing leaves, until a person has said what is to become of them.
 *
 *   restored ──▶ held ──"nothing was sent since"──▶ goes on
 *                  └────"cancel what is unfinished"──▶ goes on, without the sends that were not at their end
 */
export interface Hold {
  /** When the backup was made (ISO 8601); empty: nobody knows. */
  readonly since: string;
}

/** Whoever has the right to send loses it before the next claim. */
export const TAKE_LEASES = "UPDATE leases SET holder = '', fence = fence + 1";

/** Within another statement. */
export const IS_HELD = `EXISTS (SELECT 1 FROM marks WHERE name = '${HOLD}')`;

export async function findHold(reader: Reader): Promise<Hold | null> {
  const since = await findMark(reader, HOLD);
  return since === null ? null : { since };
}

export async function placeHold(tx: Transaction, since: string): Promise<void> {
  await tx.run(PLACE_MARK, HOLD, since);
  await tx.run(TAKE_LEASES);
}

export async function releaseHold(tx: Transaction): Promise<void> {
  await tx.run('DELETE FROM marks WHERE name = ?', HOLD);
}

/**
 * Only `sends resume` takes them up again: calling `sendBulkMessages` again, as agents do, does not.
 * @returns the ids of sends that are cancelled by it
 */
export async function cancelUnfinished(tx: Transaction): Promise<string[]> {
  const message = 'The data was restored from a backup, and this send was not at its end when that was made.';
  return transition(
    tx,
    'cancel',
    { where: "mode = 'live' AND state <> 'cancelled'", parameters: [] },
    { code: RESTORED, message },
  );
}

export function whyHeld({ since }: Hold): string {
  const backup = since === '' ? 'a backup' : `a backup made at ${since}`;
  return `The data comes from ${backup}: whom messages reached since it does not know. Nothing is sent.`;
}

export const HOLD_FIX =
  'Somebody who runs this server decides, with `tidings restored`: docs/operating/backup.md tells how.';

/** @throws TidingsError `conflict` */
export async function refuseWhileHeld(reader: Reader): Promise<void> {
  const hold = await findHold(reader);
  if (hold) throw new TidingsError('conflict', whyHeld(hold), { fix: HOLD_FIX });
}
