import { Hono } from 'hono';
import { apiKeyGuard } from './api-key.ts';
import type { HttpAppOptions } from './app.ts';
import { foreignGuard } from './foreign-guard.ts';
import { hostAndOriginGuard } from './guards.ts';
import { addOperatingRoutes } from './operating-routes.ts';
import { Refusals } from './refusals.ts';

/** The door of a process that sends and answers nobody: only those who run it may ask, under the same guards. */
export function createOperatingApp(options: HttpAppOptions): Hono {
  const app = new Hono();
  app.use(hostAndOriginGuard(options));
  const refusals = new Refusals(options.log);
  app.use(foreignGuard(options.apiKey, refusals));
  const key = apiKeyGuard(options.apiKey, refusals);
  app.use('/metrics', key.guard);
  addOperatingRoutes(app, { ...options, refusals, knows: key.knows });
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
