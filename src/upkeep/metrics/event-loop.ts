import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

const RESOLUTION_MS = 20;
const QUANTILES = [0.5, 0.99, 1];

/**
 * How late the event loop is, over the time since the scrape before. The timer that measures it begins with the first
 * scrape, which therefore tells nothing yet.
 */
export function watchEventLoop(registry: Registry): void {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  new Gauge({
    name: 'tidings_event_loop_delay_seconds',
    help: 'How late the event loop was since the scrape before; percentile 100 is the longest.',
    labelNames: ['percentile'],
    registers: [registry],
    collect() {
      // What the histogram holds is the time from one tick of its timer to the next.
      const late = (quantile: number) =>
        Math.max(0, histogram.percentile(quantile * 100) / 1e9 - RESOLUTION_MS / 1_000);
      for (const quantile of QUANTILES)
        this.set({ percentile: quantile * 100 }, histogram.count === 0 ? 0 : late(quantile));
      histogram.reset();
    },
  });
}
