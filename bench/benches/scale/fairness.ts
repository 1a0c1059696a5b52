import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresServer } from '../../../test/support/postgres-server.ts';
import { Cluster } from '../../support/cluster.ts';
import { startSlowSink } from '../../support/sink.ts';

export interface FairnessOptions {
  readonly database: PostgresServer;
  readonly workers: number;
  readonly large: number;
  readonly small: number;
  readonly rounds: number;
  /** How long the speed of the large one is looked at. */
  readonly lookMs: number;
}

export interface Waited {
  /** Seconds from the call until all of the small send had left. */
  readonly seconds: number;
  /** What it would take with half of what the workers sent just before. */
  readonly fairSeconds: number;
}

/** A small send that begins while a large one runs. */
export async function smallBesideLarge(options: FairnessOptions): Promise<Waited[]> {
  const { database, workers, large, small, rounds } = options;
  const sink = await startSlowSink(100);
  const cluster = await Cluster.open({ database, schema: 'fairness', sink, connections: 20 });
  const waited: Waited[] = [];
  try {
    await cluster.importLeads(large);
    const [everybody, few] = [await cluster.audience(), await cluster.audience(small)];
    await cluster.startWorkers(workers);
    await cluster.send(everybody, 'large');
    await cluster.untilMade();
    for (let round = 0; round < rounds; round++) {
      const rate = await rateNow(cluster, options.lookMs);
      const startedAt = performance.now();
      const send = await cluster.send(few, `small ${round}`);
      await cluster.untilCompleted(send);
      waited.push({ seconds: (performance.now() - startedAt) / 1_000, fairSeconds: small / (rate / 2) });
    }
  } finally {
    await cluster.close();
    await sink.stop();
  }
  return waited;
}

async function rateNow(cluster: Cluster, ms: number): Promise<number> {
  await sleep(ms / 3);
  const [before, startedAt] = [await cluster.sent(), performance.now()];
  await sleep(ms);
  return (((await cluster.sent()) - before) * 1_000) / (performance.now() - startedAt);
}
