import { setImmediate as yieldTurn } from 'node:timers/promises';
import type { Ledger } from '../../ledger/ledger.ts';
import { buildChunk, listBuilding } from './audience.store.ts';

/** Leads looked at in one transaction: some milliseconds, so that sending goes on beside a build. */
const SPAN = 5_000;

export async function buildAudience(ledger: Ledger, seq: number): Promise<void> {
  while ((await buildChunk(ledger, seq, SPAN)) === 'building') await yieldTurn();
}

/** Goes on with what a killed process left half built. */
export async function resumeBuilding(ledger: Ledger): Promise<void> {
  for (const { seq } of await listBuilding(ledger)) await buildAudience(ledger, seq);
}
