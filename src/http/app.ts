import type { ServerResponse } from 'node:http';
import { Hono } from 'hono';
import type { Log } from '../log/log.ts';
import type { McpRoute } from '../mcp/http-route.ts';
import type { Operation } from '../operations/operation.ts';
import type { Tidings } from '../tidings.ts';
import { apiKeyGuard } from './api-key.ts';
import { toErrorResponse } from './error-response.ts';
import { foreignGuard } from './foreign-guard.ts';
import { hostAndOriginGuard } from './guards.ts';
import { INDEX_POLICY, indexPage } from './index-page.ts';
import { type HeldEnv, Load } from './load.ts';
import { addOperatingRoutes } from './operating-routes.ts';
import { Refusals } from './refusals.ts';
import { createRest } from './rest.ts';

export interface HttpAppOptions {
  readonly tidings: Tidings;
  readonly version: string;
  /** The address the server listens on. */
  readonly host: string;
  /** Asked at each request: with port 0 it is known only after listening. */
  readonly port: () => number;
  readonly apiKey: string | null;
  readonly publicUrl: string | null;
  readonly log: Log;
  /** Aborted when the server closes: calls that only watch a send answer then. */
  readonly stop?: AbortSignal;
}

/** The whole HTTP door. No sockets in here, so tests ask it directly. */
export function createHttpApp(options: HttpAppOptions): Hono<HeldEnv> {
  const { version, log, publicUrl } = options;
  const stop = options.stop ?? new AbortController().signal;
  const app = new Hono<HeldEnv>();
  const refusals = new Refusals(log);
  const load = new Load(refusals);
  const tidings = withTurns(options.tidings, load);

  app.use(async (c, next) => {
    const held = load.hold((c.env as { outgoing?: ServerResponse } | undefined)?.outgoing);
    c.set('held', held);
    await next();
    if (!c.res.headers.get('content-type')?.startsWith('text/event-stream')) held.answered();
    if (c.res.status === 503) c.header('Retry-After', '5');
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('Referrer-Policy', 'no-referrer');
  });
  app.use(hostAndOriginGuard(options));
  app.use(foreignGuard(options.apiKey, refusals));
  const key = apiKeyGuard(options.apiKey, refusals);
  app.use('/mcp', key.guard);
  app.use('/api/*', key.guard);
  app.use('/metrics', key.guard);

  // Loaded with the first request: a server that only sends does without.
  let mcp: Promise<McpRoute> | undefined;
  app.all('/mcp', async (c) => {
    mcp ??= openMcp({ tidings, version, log, stop });
    return (await mcp)(c.req.raw, c.get('held').body);
  });
  app.route('/api', createRest({ tidings, version, publicUrl, log, stop, load }));

  addOperatingRoutes(app, { ...options, refusals, knows: key.knows });
  app.get('/', (c) => {
    c.header('Content-Security-Policy', INDEX_POLICY);
    return c.html(indexPage(key.knows(c) ? { version, modes: tidings.modes } : null));
  });

  app.notFound((c) => {
    const error = `There is no ${c.req.method} ${c.req.path}.`;
    const fix = 'GET /api/openapi.json lists what there is.';
    return c.json({ success: false, error, code: 'not_found', fix }, 404);
  });
  app.onError((error, c) => {
    const { body, status } = toErrorResponse(error, log, `${c.req.method} ${c.req.path}`);
    return c.json(body, status);
  });
  return app;
}

/** Reading is what makes long answers; what changes or sends something is never turned away half done. */
function withTurns(tidings: Tidings, load: Load): Tidings {
  const inTurn = (one: Operation): Operation =>
    one.effect === 'read'
      ? { ...one, run: (input, context) => load.read(() => one.run(input, context)) }
      : one;
  return { ...tidings, operations: tidings.operations.map(inTurn) };
}

async function openMcp(of: { tidings: Tidings; version: string; log: Log; stop: AbortSignal }) {
  const [{ createMcpFactory }, { createMcpRoute }] = await Promise.all([
    import('../mcp/server-factory.ts'),
    import('../mcp/http-route.ts'),
  ]);
  return createMcpRoute(createMcpFactory(of.tidings, of.log, of.version, of.stop), of.log);
}
