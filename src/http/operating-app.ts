import { Hono } from 'hono';
import type { HttpAppOptions } from './app.ts';
import { foreignGuard } from './foreign-guard.ts';
import { hostAndOriginGuard } from './guards.ts';
import type { HeldEnv } from './load.ts';
import { addOperatingRoutes } from './operating-routes.ts';
import { Refusals } from './refusals.ts';
import { whoGuard } from './who.ts';

/** The door of a process that sends and answers nobody: only those who run it may ask, under the same guards. */
export function createOperatingApp(options: HttpAppOptions): Hono<HeldEnv> {
  const app = new Hono<HeldEnv>();
  // It is asked by its own name, not by the one that callers of the server use.
  app.use(hostAndOriginGuard({ ...options, publicUrl: null }));
  const refusals = new Refusals(options.log);
  app.use(foreignGuard(options, refusals));
  const who = whoGuard({ ...options, access: options.tidings.access, refusals });
  app.use('/metrics', who.guard);
  addOperatingRoutes(app, { ...options, refusals, knows: who.knows });
  app.notFound((c) => {
    const error = `There is no ${c.req.method} ${c.req.path} at a worker.`;
    return c.json({ success: false, error, code: 'not_found', fix: 'Ask /health, /ready or /metrics.' }, 404);
  });
  app.onError((error, c) => {
    options.log.error({ err: error, path: c.req.path }, 'a request failed');
    return c.json({ success: false, error: 'It failed in an unexpected way.', code: 'internal' }, 500);
  });
  return app;
}
