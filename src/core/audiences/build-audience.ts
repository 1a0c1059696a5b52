import { setImmediate as yieldTurn } from 'node:timers/promises';
import { TidingsError } from '../../errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../log/log.ts';
import { buildChunk, listBuilding, markFailed } from './audience.store.ts';

/** Leads looked at in one transaction: some milliseconds, so that sending goes on beside a build. */
const SPAN = 5_000;
const WHY = 'Its leads could not be selected; the log of that moment says more. Make the audience again.';

/**
 * `building → ready`, or `→ error` when something in it or its leads cannot be read. What the database or the disk
 * stopped stays `building`: that is not the fault of the audience.
 */
export async function buildAudience(ledger: Ledger, seq: number): Promise<void> {
  try {
    while ((await buildChunk(ledger, seq, SPAN)) === 'building') await yieldTurn();
  } catch (error) {
    if (!isOfStorage(error)) await ledger.write((tx) => markFailed(tx, seq, WHY));
    throw error;
  }
}

/** Goes on with what a killed process left half built; one that fails keeps no other from being built. */
export async function resumeBuilding(ledger: Ledger, log: Log): Promise<void> {
  for (const { seq, id } of await listBuilding(ledger)) {
    try {
      await buildAudience(ledger, seq);
    } catch (error) {
      if (isOfStorage(error)) throw error;
      log.error({ err: error, audience: id }, 'an audience could not be built');
    }
  }
}

function isOfStorage(error: unknown): boolean {
  return error instanceof TidingsError && error.code === 'storage';
}
