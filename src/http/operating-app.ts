import { Hono } from 'hono';
import type { HttpAppOptions } from './app.ts';
import { apiKeyGuard, hostAndOriginGuard } from './guards.ts';
import { addOperatingRoutes } from './operating-routes.ts';

/** The door of a process that sends and answers nobody: only those who run it may ask, under the same guards. */
export function createOperatingApp(options: HttpAppOptions): Hono {
  const app = new Hono();
  app.use(hostAndOriginGuard(options));
  app.use('/metrics', apiKeyGuard(options.apiKey));
  addOperatingRoutes(app, options);
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
