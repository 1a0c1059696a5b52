import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import { findMark } from '../../ledger/marks.ts';
import { FOLDED } from './event.store.ts';

/** In one transaction: some milliseconds. */
const AT_ONCE = 500;
const DAY_MS = 24 * 60 * 60_000;

/**
 * Removes events that came in longer than `days` ago and have had their effect, a piece at a time, and rests as long as
 * each took. What they came to stays: receipts, totals, suppressions.
 */
export async function pruneEvents(ledger: Ledger, days: number, nowMs: number): Promise<void> {
  const before = nowMs - days * DAY_MS;
  for (let removed = AT_ONCE; removed === AT_ONCE; ) {
    const startedAt = performance.now();
    if (!(await anyBefore(ledger, before))) return;
    removed = await ledger.writeConcurrently((tx) => removeOldest(tx, before));
    await sleep(performance.now() - startedAt);
  }
}

/** The oldest of all says whether there is anything to do. */
async function anyBefore(ledger: Ledger, before: number): Promise<boolean> {
  const oldest = await ledger.get<{ received_at: number }>(
    'SELECT received_at FROM events ORDER BY seq LIMIT 1',
  );
  return oldest !== undefined && oldest.received_at < before;
}

async function removeOldest(tx: Transaction, before: number): Promise<number> {
  const folded = Number((await findMark(tx, FOLDED)) ?? 0);
  return tx.run(
    `DELETE FROM events WHERE received_at < ? AND seq IN (SELECT seq FROM events WHERE seq <= ? ORDER BY seq LIMIT ${AT_ONCE})`,
    before,
    folded,
  );
}
