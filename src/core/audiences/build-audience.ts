import { TidingsError } from '../../errors.ts';
import { byDialect, type Ledger } from '../../ledger/ledger.ts';
import type { Log } from '../../log/log.ts';
import { rest, SpanSize } from '../leads/scan.ts';
import { buildChunk, listBuilding, markFailed } from './audience.store.ts';

/** How long one transaction may take, about: sending goes on beside a build. Shorter ones are mostly commits. */
const SPAN_MS = byDialect({ sqlite: 12, postgres: 100 });
const WHY = 'Its leads could not be selected; the log of that moment says more. Make the audience again.';

/**
 * `building → ready`, or `→ error` when something in it or its leads cannot be read. What the database or the disk
 * stopped stays `building`: that is not the fault of the audience.
 */
export async function buildAudience(ledger: Ledger, seq: number): Promise<void> {
  try {
    const size = new SpanSize(SPAN_MS(ledger));
    for (;;) {
      const startedAt = performance.now();
      if ((await buildChunk(ledger, seq, size)) === 'ready') return;
      await rest(performance.now() - startedAt);
    }
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
