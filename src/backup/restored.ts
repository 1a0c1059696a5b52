import {
  cancelUnfinished,
  findHold,
  HOLD_FIX,
  placeHold,
  releaseHold,
  whyHeld,
} from '../core/deliveries/hold.ts';
import type { Ledger } from '../ledger/ledger.ts';

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
      'Look up in the log of the provider whom each of them reached; sends resume takes one up again.';
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
