import type { ServerResponse } from 'node:http';
import { Hono } from 'hono';
import { getPath } from 'hono/utils/url';
import type { OAuthIssuer } from '../config-access.ts';
import type { Log } from '../log/log.ts';
import type { McpRoute } from '../mcp/http-route.ts';
import type { Operation } from '../operations/operation.ts';
import type { World } from '../operations/sends/fetch-file.ts';
import type { Tidings } from '../tidings.ts';
import { allowOrigins } from './allowed-origins.ts';
import { addApiDocs } from './api-docs.ts';
import { astrayAnswer } from './astray.ts';
import { addClickRoutes } from './clicks/routes.ts';
import { addDashboardRoutes } from './dashboard-routes.ts';
import { toErrorResponse } from './error-response.ts';
import { foreignGuard } from './foreign-guard.ts';
import { hostAndOriginGuard } from './guards.ts';
import { indexPage } from './index-page.ts';
import { type HeldEnv, Load } from './load.ts';
import { ClientDocuments } from './oauth/client-documents.ts';
import { addConsentRoutes } from './oauth/consent-routes.ts';
import { IssuerTokens } from './oauth/issuer-tokens.ts';
import { addResourceDocuments } from './oauth/resource-documents.ts';
import { addOAuthServer } from './oauth/server-routes.ts';
import { addOperatingRoutes } from './operating-routes.ts';
import { Refusals } from './refusals.ts';
import { createRest } from './rest.ts';
import { addMeRoute, addSignInRoutes } from './sign-in-routes.ts';
import { addUnsubscribeRoutes } from './unsubscribe/routes.ts';
import { addWebhookRoutes } from './webhook-routes.ts';
import { clientOf, whoGuard } from './who.ts';

export interface HttpAppOptions {
  readonly tidings: Tidings;
  readonly version: string;
  /** The address the server listens on. */
  readonly host: string;
  /** Asked at each request: with port 0 it is known only after listening. */
  readonly port: () => number;
  readonly apiKey: string | null;
  readonly publicUrl: string | null;
  /** Pages of these addresses may call, besides ours. */
  readonly allowedOrigins?: readonly string[];
  /** Whose access tokens are taken. */
  readonly oauth?: OAuthIssuer | null;
  /** People connect apps here, and the tokens are of our own. */
  readonly oauthServer?: OAuthIssuer | null;
  /** What tests put in the place of the internet. */
  readonly world?: World;
  readonly siteName?: string | null;
  readonly log: Log;
  /** A tool of MCP for each noun (default), or one for each operation. */
  readonly mcpTools?: 'grouped' | 'split';
  /** Aborted when the server closes: calls that only watch a send answer then. */
  readonly stop?: AbortSignal;
}

/** The whole HTTP door. No sockets in here, so tests ask it directly. */
export function createHttpApp(options: HttpAppOptions): Hono<HeldEnv> {
  const { version, log, publicUrl } = options;
  const stop = options.stop ?? new AbortController().signal;
  // `/api/v1` is `/api`, for guards and routes alike.
  const app = new Hono<HeldEnv>({
    getPath: (request) => getPath(request).replace(/^\/api\/v1(?=\/|$)/, '/api'),
  });
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
    // A form of a page that sends no referrer says that it comes from nowhere (Origin: null), and would be refused.
    c.header('Referrer-Policy', c.res.headers.has('content-security-policy') ? 'same-origin' : 'no-referrer');
  });
  addUnsubscribeRoutes(app, { unsubscribes: tidings.unsubscribes, publicUrl });
  addClickRoutes(app, tidings.clicks);
  addWebhookRoutes(app, { webhooks: tidings.webhooks, refusals, log });
  const { oauth = null, oauthServer: own = null, siteName = null } = options;
  const issuer = (oauth ?? own)?.issuer;
  if (issuer && publicUrl !== null) addResourceDocuments(app, { publicUrl, issuer, siteName });
  app.use(allowOrigins(options.allowedOrigins ?? []));
  app.use(hostAndOriginGuard(options));
  app.use(foreignGuard(options, refusals));
  addSignInRoutes(app, { tidings, publicUrl });
  if (own) addOAuthServer(app, { apps: tidings.apps, own });
  addApiDocs(app);
  const tokens = oauth && new IssuerTokens(oauth, log);
  const who = whoGuard({ ...options, access: tidings.access, refusals, tokens, own });
  app.use('/mcp/*', who.guard);
  app.use('/api/*', who.guard);
  app.use('/metrics', who.guard);
  addMeRoute(app, { signIn: tidings.signIn, connectsApps: own !== null });
  if (own) addConsentRoutes(app, { apps: tidings.apps, own, documents: new ClientDocuments(options.world) });

  // Loaded with the first request: a server that only sends does without.
  let mcp: Promise<McpRoute> | undefined;
  app.on('ALL', ['/mcp', '/mcp/'], async (c) => {
    mcp ??= openMcp({ tidings, version, log, stop, mode: options.mcpTools });
    const caller = { principal: c.get('principal'), client: clientOf(c.req.raw) };
    return (await mcp)(c.req.raw, caller, c.get('held').body);
  });
  app.post('/', async (c, next) => (await astrayAnswer(c.req.raw, c.get('held').body)) ?? next());
  app.route('/api', createRest({ tidings, version, publicUrl, log, stop, load }));

  addOperatingRoutes(app, { ...options, refusals, knows: who.knows });
  addDashboardRoutes(app, async (c) =>
    indexPage((await who.knows(c)) ? { version, modes: tidings.modes } : null),
  );

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
    one.effect === 'read' && !one.isOutward
      ? { ...one, run: (input, context) => load.read(() => one.run(input, context)) }
      : one;
  return { ...tidings, operations: tidings.operations.map(inTurn) };
}

async function openMcp(of: {
  tidings: Tidings;
  version: string;
  log: Log;
  stop: AbortSignal;
  mode: HttpAppOptions['mcpTools'];
}) {
  const [{ createMcpFactory }, { createMcpRoute }] = await Promise.all([
    import('../mcp/server-factory.ts'),
    import('../mcp/http-route.ts'),
  ]);
  return createMcpRoute(createMcpFactory(of.tidings, of.log, of.version, of.mode, of.stop), of.log);
}
