import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresServer } from '../../../test/support/postgres-server.ts';
import { Cluster, type Usage } from '../../support/cluster.ts';
import { type Sink, startSink, startSlowSink } from '../../support/sink.ts';

/** What happened while it was looked at. */
export interface Span {
  readonly workers: number;
  /** Messages a second. */
  readonly rate: number;
  /** Processor time, µs for each message. */
  readonly cost: { readonly workers: number; readonly database: number; readonly sink: number };
  /** How much of the machine worked, and how much of it was none of ours; 0 to 1. */
  readonly busy: number;
  readonly others: number;
}

export interface WorkersOptions {
  readonly database: PostgresServer;
  readonly counts: readonly number[];
  readonly leads: number;
  readonly connections: number;
  /** How late the provider answers; null: as fast as it can. */
  readonly latencyMs: number | null;
  readonly settleMs: number;
  readonly ms: number;
  readonly report: (span: Span) => void;
}

/** The same send through 1, 2, 4 … workers: the rows are made before, so that only the sending is looked at. */
export async function throughWorkers(options: WorkersOptions): Promise<Span[]> {
  const { database, connections, latencyMs } = options;
  const sink = latencyMs === null ? await startSink() : await startSlowSink(latencyMs);
  const spans: Span[] = [];
  try {
    const schema = latencyMs === null ? 'unbounded' : 'bounded';
    const cluster = await Cluster.open({ database, schema, sink, connections });
    try {
      await cluster.importLeads(options.leads);
      const audience = await cluster.audience();
      for (const [at, workers] of options.counts.entries()) {
        const span = await measured(cluster, sink, audience, `c${at}`, workers, options);
        options.report(span);
        spans.push(span);
      }
    } finally {
      await cluster.close();
    }
  } finally {
    await sink.stop();
  }
  return spans;
}

async function measured(
  cluster: Cluster,
  sink: Sink & { count?(): Promise<number> },
  audience: string,
  campaign: string,
  workers: number,
  { settleMs, ms }: WorkersOptions,
): Promise<Span> {
  const count = () => sink.count?.() ?? cluster.sent();
  await cluster.startWorkers(workers);
  const send = await cluster.send(audience, campaign);
  await cluster.untilMade();
  await sleep(settleMs);
  const [sentBefore, before] = [await count(), cluster.usage()];
  await sleep(ms);
  const [sentAfter, after] = [await count(), cluster.usage()];
  await cluster.cancel(send);
  await cluster.stopWorkers();
  return spanOf(workers, sentAfter - sentBefore, before, after);
}

export function spanOf(workers: number, messages: number, before: Usage, after: Usage): Span {
  const spent = (who: 'workers' | 'database' | 'sink') => after[who] - before[who];
  const cost = (who: 'workers' | 'database' | 'sink') => (spent(who) * 1e6) / messages;
  const busy = after.busy - before.busy;
  const all = busy + after.idle - before.idle;
  const others = Math.max(0, busy - spent('workers') - spent('database') - spent('sink'));
  return {
    workers,
    rate: messages / (after.at - before.at),
    cost: { workers: cost('workers'), database: cost('database'), sink: cost('sink') },
    busy: busy / all,
    others: others / all,
  };
}
