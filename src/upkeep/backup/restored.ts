import {
  cancelUnfinished,
  findHold,
  HOLD_FIX,
  placeHold,
  releaseHold,
  whyHeld,
} from '../../core/holds/hold.ts';
import { markReached } from '../../core/holds/mark-reached.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { readReached } from './read-reached.ts';

/** What a person says of a ledger that was restored; null: only asks. */
export type RestoredChoice = 'hold' | 'nothing-was-sent' | 'cancel-unfinished' | null;

export interface RestoredAnswer {
  readonly held: boolean;
  /** In words, and what to do. */
  readonly message: string;
  readonly fix?: string;
  /** Ids of live sends that are not at their end, or were cancelled just now. */
  readonly unfinished: readonly string[];
}

export interface ReachedAnswer {
  /** Deliveries that the log names, of any send. */
  readonly named: number;
  /** Those that were pending here: unknown now, for each send that had any. */
  readonly marked: readonly { readonly send_id: string; readonly deliveries: number }[];
}

/** What a log names may have arrived: it is not sent again when its send is resumed. */
export async function noteReached(ledger: Ledger, file: string): Promise<ReachedAnswer> {
  const sends = await readReached(file);
  const marked: { send_id: string; deliveries: number }[] = [];
  let named = 0;
  for (const [send_id, positions] of sends) {
    named += positions.size;
    const deliveries = await markReached(ledger, send_id, positions);
    if (deliveries > 0) marked.push({ send_id, deliveries });
  }
  return { named, marked };
}

export async function decideRestored(ledger: Ledger, choice: RestoredChoice): Promise<RestoredAnswer> {
  const cancelled = await ledger.write(async (tx) => {
    if (choice === 'hold') await placeHold(tx, '');
    const ids = choice === 'cancel-unfinished' ? await cancelUnfinished(tx) : [];
    if (choice === 'nothing-was-sent' || choice === 'cancel-unfinished') await releaseHold(tx);
    return ids;
  });
  const hold = await findHold(ledger);
  if (choice === 'cancel-unfinished') {
    const message = `${cancelled.length} unfinished sends are cancelled. What is new is sent.`;
    const fix =
      'Tell it whom they reached (tidings restored --reached LOG); after that sends resume takes one up again.';
    return { held: false, message, fix, unfinished: cancelled };
  }
  const unfinished = await ledger.all<{ id: string }>(
    "SELECT id FROM sends WHERE mode = 'live' AND state IN ('running', 'scheduled', 'paused') ORDER BY seq LIMIT 1000",
  );
  return {
    held: hold !== null,
    message: hold ? whyHeld(hold) : 'This data is not held: what is to be sent is sent.',
    ...(hold && { fix: HOLD_FIX }),
    unfinished: unfinished.map(({ id }) => id),
  };
}
