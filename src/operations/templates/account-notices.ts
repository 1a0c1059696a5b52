import { count, counted } from '../../amounts.ts';
import type { Sender } from '../../core/deliveries/sender.ts';
import { LIMIT_MS } from '../../core/deliveries/template-gate.ts';
import { countReached } from '../../core/deliveries/template-message.store.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { freshLimits } from './keep-limits.ts';

/** How long an account takes to write to so many people first. */
export interface AccountOutlook {
  /** null: it may write to as many as there are, or nobody says. */
  readonly peoplePerDay: number | null;
  /** With what is used up of the last 24 hours. */
  readonly days: number | null;
  readonly notices: readonly string[];
}

/** @param people who would be written to first, at most */
export async function lookAhead(ledger: Ledger, sender: Sender, people: number): Promise<AccountOutlook> {
  const limits = await freshLimits(ledger, sender);
  const notices: string[] = [];
  if (limits?.quality === 'red')
    notices.push(
      'The quality of this number is RED: people block or report it. More of the same can lower its limit or get it locked.',
    );
  const peoplePerDay = limits?.peoplePerDay ?? null;
  if (peoplePerDay === null) return { peoplePerDay, days: null, notices };
  const used = await countReached(ledger, sender.about.id, Date.now() - LIMIT_MS, peoplePerDay);
  const days = Math.max(1, Math.ceil((people + Math.min(used, peoplePerDay)) / Math.max(1, peoplePerDay)));
  if (people + used > peoplePerDay)
    notices.push(
      `The account may write first to ${counted(peoplePerDay, 'person', 'people')} within 24 hours (${count(used)} are used), and up to ${count(people)} are to be reached like that: it takes ${counted(days, 'day')}. The rest stay pending, and the send goes on by itself.`,
    );
  return { peoplePerDay, days, notices };
}
