import { setTimeout as sleep } from 'node:timers/promises';
import { removeLooseAttachments } from '../core/sends/attachment.store.ts';
import type { Ledger, Transaction } from '../ledger/ledger.ts';
import { removeOldest } from '../providers/sandbox/outbox.store.ts';

/** In one transaction: a few milliseconds, so that sending goes on beside it. */
const ENTRIES = 500;
const SENDS = 20;
const FILES = 2;
const DAY_MS = 24 * 60 * 60_000;

/**
 * Removes what was said longer than `days` ago: entries of the outbox, the texts of sends that were completed, and files that no send has any more. Their
 * totals, and who got them when, stay. It rests for as long as each step took.
 */
export async function removeOldTexts(ledger: Ledger, days: number, nowMs: number): Promise<void> {
  const before = new Date(nowMs - days * DAY_MS).toISOString();
  let removed = 0;
  for (const step of [
    (tx: Transaction) => removeOldest(tx, before, ENTRIES),
    (tx: Transaction) => blankTexts(tx, before),
    (tx: Transaction) => removeLooseAttachments(tx, Date.parse(before), FILES),
  ]) {
    for (let some = 1; some > 0; ) {
      const startedAt = performance.now();
      some = await ledger.write(step);
      removed += some;
      if (some > 0) await sleep(performance.now() - startedAt);
    }
  }
  if (removed > 0) await ledger.cleanLog?.();
}

/** A completed send goes on only by a call that brings the text again. */
function blankTexts(tx: Transaction, before: string): Promise<number> {
  return tx.run(
    `UPDATE sends SET message = '', subject = NULL, attachments = NULL WHERE seq IN (
       SELECT seq FROM sends WHERE state = 'completed' AND completed_at < ? AND message <> '' ORDER BY seq LIMIT ${SENDS})`,
    before,
  );
}
