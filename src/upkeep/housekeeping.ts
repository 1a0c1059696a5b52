import type { Config } from '../config.ts';
import { pruneAudit } from '../core/access/audit.store.ts';
import type { Chore } from '../core/dispatch/chore.ts';
import { pruneEvents } from '../core/events/prune-events.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { finishErasures } from '../person/erase-person.ts';
import { removeOldTexts } from '../person/retention.ts';

const ERASURES_MS = 30_000;

/** What is done now and then by whoever sends: nothing is kept for longer than was said. */
export function housekeeping(
  ledger: Ledger,
  { retainMessagesDays: retainDays, eventsKeepDays, auditKeepDays }: Config,
): Chore[] {
  const chores: Chore[] = [
    ['erasures cannot be finished', () => finishErasures(ledger, ERASURES_MS)],
    ['what was done long ago cannot be removed', () => pruneAudit(ledger, auditKeepDays, Date.now())],
    ['old events cannot be removed', () => pruneEvents(ledger, eventsKeepDays, Date.now())],
  ];
  if (retainDays !== null)
    chores.push(['old texts cannot be removed', () => removeOldTexts(ledger, retainDays, Date.now())]);
  return chores;
}
