import { Counter, Gauge, type Metric, Registry } from 'prom-client';
import type { SenderState } from '../../core/dispatch/dispatcher-control.ts';
import type { SendCount } from '../../core/sends/send.store.ts';
import { faults } from '../../faults.ts';
import type { Tidings } from '../../tidings.ts';
import { watchEventLoop } from './event-loop.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { toHistogram } from './timings-histogram.ts';

/** A scrape counts the sends of the ledger; many scrapers, or impatient ones, share what was counted a moment ago. */
const COUNT_AGAIN_MS = 5_000;

export type MetricsSource = Pick<Tidings, 'dispatcher' | 'health'>;

/**
 * Everything that is told to Prometheus. It is made by the first request for it: whoever asks for no metrics pays for
 * no library and no timer. Labels have few values, all of them ours: never a contact, a send or a name.
 */
export function createMetrics(
  { dispatcher, health }: MetricsSource,
  version: string,
  refused: Readonly<Record<string, number>> = {},
): Registry {
  const registry = new Registry();
  const sender = (name: string, help: string, value: (state: SenderState) => number) =>
    new Gauge({
      name: `tidings_${name}`,
      help,
      labelNames: ['sender', 'channel', 'mode'],
      registers: [registry],
      collect() {
        for (const state of dispatcher.senders())
          this.set({ sender: state.sender, channel: state.channel, mode: state.mode }, value(state));
      },
    });

  new Counter({
    name: 'tidings_deliveries_total',
    help: 'Attempts at deliveries that ended in this process, by outcome.',
    labelNames: ['sender', 'channel', 'mode', 'outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { sender, channel, mode, outcomes } of dispatcher.senders())
        for (const [outcome, count] of Object.entries(outcomes))
          this.inc({ sender, channel, mode, outcome }, count);
    },
  });
  new Counter({
    name: 'tidings_refused_requests_total',
    help: 'Requests that the HTTP door of this process turned away, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(refused)) this.inc({ reason }, count);
    },
  });
  sender('in_flight', 'Deliveries of this process between claim and settlement.', ({ inFlight }) => inFlight);
  sender(
    'window_size',
    'Most deliveries that this process may have in flight.',
    ({ windowSize }) => windowSize,
  );
  sender(
    'rate_limit_per_second',
    'Messages a second that this sender may send now, all processes together; +Inf: no limit is known.',
    ({ ratePerSecond }) => ratePerSecond,
  );
  sender(
    'bucket_level',
    'Messages that the rate would let this process send at once; +Inf: no limit is known.',
    ({ bucketLevel }) => bucketLevel,
  );
  sender('may_send', '1 when this process has the right to send, 0 when not.', ({ maySend }) =>
    maySend ? 1 : 0,
  );

  addLedgerCounts(registry, health);
  const { dialect, reads, writes } = health.database;
  registry.registerMetric(
    toHistogram(
      'tidings_database_seconds',
      'How long the database took, as this process saw it: waiting for a turn included.',
      [
        { labels: { operation: 'read' }, timings: reads },
        { labels: { operation: 'write' }, timings: writes },
      ],
    ) as unknown as Metric,
  );
  new Counter({
    name: 'tidings_faults_total',
    help: 'Faults that nothing in this process caught; after an uncaught_exception it stops.',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [kind, count] of Object.entries(faults)) this.inc({ kind }, count);
    },
  });
  watchEventLoop(registry);
  addProcessMetrics(registry);
  new Gauge({
    name: 'tidings_build_info',
    help: 'Always 1; its labels say what runs.',
    labelNames: ['version', 'node', 'database'],
    registers: [registry],
  }).set({ version, node: process.versions.node, database: dialect }, 1);
  return registry;
}

function addLedgerCounts(registry: Registry, { countSends }: MetricsSource['health']): void {
  let counted: { at: number; answer: Promise<readonly SendCount[] | null> } | undefined;
  const counts = () => {
    const now = performance.now();
    // While the database is away the rest is told all the same; these are left out, and `tidings_ledger_up` says it.
    if (!counted || now - counted.at > COUNT_AGAIN_MS)
      counted = { at: now, answer: countSends().catch(() => null) };
    return counted.answer;
  };
  const gauge = (name: string, help: string, value: (count: SendCount) => number) =>
    new Gauge({
      name: `tidings_${name}`,
      help,
      labelNames: ['channel', 'mode', 'state'],
      registers: [registry],
      async collect() {
        const all = await counts();
        this.reset();
        for (const count of all ?? []) {
          const { channel, mode, state } = count;
          this.set({ channel, mode, state }, value(count));
        }
      },
    });
  gauge('sends', 'Sends in the ledger; the same from every process.', ({ sends }) => sends);
  gauge(
    'messages_waiting',
    'Messages of running, scheduled and paused sends that are not in flight; the same from every process.',
    ({ waiting }) => waiting,
  );
  new Gauge({
    name: 'tidings_ledger_up',
    help: '1 when the ledger answered this scrape in time, 0 when not.',
    registers: [registry],
    async collect() {
      this.set((await counts()) ? 1 : 0);
    },
  });
}
