import type { Context, Env, Hono } from 'hono';
import type { Log } from '../log/log.ts';
import type { Tidings } from '../tidings.ts';
import type { Refusals } from './refusals.ts';

export interface OperatingOptions {
  readonly tidings: Pick<Tidings, 'dispatcher' | 'modes' | 'health'>;
  readonly version: string;
  readonly log: Log;
  readonly refusals: Refusals;
  readonly knows: (c: Context) => Promise<boolean>;
}

/**
 * What supervisors, balancers and Prometheus ask. `/health` and `/ready` answer without a key; what runs here, and with
 * what, is told to those who have it. `/metrics` tells how much is sent, and is guarded like the operations.
 */
export function addOperatingRoutes<E extends Env>(
  app: Hono<E>,
  { tidings, version, log, refusals, knows }: OperatingOptions,
): void {
  app.get('/health', async (c) => {
    const isKnown = await knows(c).catch(() => false);
    const about = isKnown ? { version, channels: tidings.modes } : {};
    try {
      await tidings.health.ping();
      return c.json({ status: 'ok', ...about });
    } catch (error) {
      log.error({ err: error }, 'the database does not answer');
      return c.json({ status: 'unavailable', ...about, error: 'The database does not answer.' }, 503);
    }
  });

  app.get('/ready', async (c) => {
    const reason = await tidings.health.whyNotReady();
    c.header('Cache-Control', 'no-store');
    return reason === null ? c.json({ ready: true }) : c.json({ ready: false, reason }, 503);
  });

  let metrics: Promise<{ metrics(): Promise<string>; contentType: string }> | undefined;
  app.get('/metrics', async (c) => {
    metrics ??= import('../upkeep/metrics/create-metrics.ts').then(({ createMetrics }) =>
      createMetrics(tidings, version, refusals.counts),
    );
    const registry = await metrics;
    return c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType });
  });
}
