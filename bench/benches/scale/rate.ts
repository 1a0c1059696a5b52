import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresServer } from '../../../test/support/postgres-server.ts';
import { Cluster } from '../../support/cluster.ts';
import { startSlowSink } from '../../support/sink.ts';

export interface RateOptions {
  readonly database: PostgresServer;
  readonly counts: readonly number[];
  /** `SMTP_RATE`: of the sender, so of all workers together. */
  readonly rate: number;
  readonly settleMs: number;
  readonly ms: number;
  readonly report: (workers: number, rate: number) => void;
}

/** How many messages a second come from all workers together, where the sender may send so many. */
export async function sharedRate(options: RateOptions): Promise<number[]> {
  const { database, counts, rate, settleMs, ms } = options;
  const sink = await startSlowSink(20);
  const cluster = await Cluster.open({ database, schema: 'rate', sink, connections: 20 });
  const measured: number[] = [];
  try {
    await cluster.importLeads(Math.ceil((rate * (settleMs + ms + 10_000)) / 1_000));
    const audience = await cluster.audience();
    for (const [at, workers] of counts.entries()) {
      await cluster.startWorkers(workers, { SMTP_RATE: String(rate) });
      const send = await cluster.send(audience, `c${at}`);
      await cluster.untilMade();
      await sleep(settleMs);
      const [before, startedAt] = [await sink.count(), performance.now()];
      await sleep(ms);
      const messages = (await sink.count()) - before;
      measured.push((messages * 1_000) / (performance.now() - startedAt));
      options.report(workers, measured.at(-1)!);
      await cluster.cancel(send);
      await cluster.stopWorkers();
    }
  } finally {
    await cluster.close();
    await sink.stop();
  }
  return measured;
}
