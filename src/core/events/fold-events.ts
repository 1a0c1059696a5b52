import type { Transaction } from '../../ledger/ledger.ts';
import type { SendEnded } from '../deliveries/send-ended.ts';
import { lockFolded, setFolded } from './event.store.ts';
import type { EventType } from './event.ts';
import { listUnfolded, type UnfoldedRow } from './fold.store.ts';
import { type Choice, foldPeople, resolvePeople } from './fold-people.ts';
import { foldReceipts } from './fold-receipts.ts';
import { foldTold } from './fold-told.ts';

/** Events in one transaction: some milliseconds, so that sending goes on beside it. */
export const AT_ONCE = 250;

/** What some other room does with a type of event, in the transaction that folds it. */
export type Reactions = Partial<
  Readonly<Record<EventType, (tx: Transaction, row: UnfoldedRow) => Promise<void>>>
>;

export interface Folded {
  readonly events: number;
  /** Whether there may be more. */
  readonly more: boolean;
  readonly choices: readonly Choice[];
  readonly ended: readonly SendEnded[];
}

/**
 * Lets the next events have their effect: once, whichever process does it, for how far it came is written by the same
 * transaction. Killed in between, nothing of it was done.
 */
export async function foldEvents(tx: Transaction, limit: number, reactions: Reactions = {}): Promise<Folded> {
  const after = await lockFolded(tx);
  const found = await listUnfolded(tx, after, limit);
  if (found.length === 0) return { events: 0, more: false, choices: [], ended: [] };
  const rows = await resolvePeople(tx, found);
  await foldReceipts(tx, rows);
  // What rows of the ledger the receipts speak of is looked at after they are written: see `settle`.
  const ended = await foldTold(tx, rows);
  const choices = await foldPeople(tx, rows);
  for (const row of rows) await reactions[row.type]?.(tx, row);
  await setFolded(tx, rows.at(-1)!.seq);
  return { events: rows.length, more: rows.length === limit, choices, ended };
}

/** Leaves the next event without effect. @returns its number; null: there is none */
export async function skipEvent(tx: Transaction): Promise<number | null> {
  const [next] = await listUnfolded(tx, await lockFolded(tx), 1);
  if (next) await setFolded(tx, next.seq);
  return next?.seq ?? null;
}
