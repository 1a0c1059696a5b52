import type { IncomingMessage } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import type { Refusals } from './refusals.ts';

/** What proxies, balancers and content networks say of those they speak for. */
const PROXY_HEADERS = new Set([
  'forwarded',
  'via',
  'cdn-loop',
  'client-ip',
  'true-client-ip',
  'fastly-client-ip',
  'fly-client-ip',
  'do-connecting-ip',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-remote-addr',
  'x-proxyuser-ip',
  'x-azure-clientip',
  'x-amzn-trace-id',
  'x-nf-client-connection-ip',
]);
const PROXY_PREFIXES = ['x-forwarded', 'x-original-', 'x-envoy-', 'cf-', 'tailscale-', 'ngrok-'];
const OPEN_PATHS = ['/health', '/ready'];
/** What another site must not even make a browser ask for: it costs, or it changes something. */
const DATA_PATHS = ['/api', '/mcp', '/metrics'];

/**
 * While no key is set, everybody who reaches the server is its owner: so only programs of this machine may, and the
 * person in front of it. What a proxy passes on comes from elsewhere, whatever its Host says; what another site made a
 * browser send does too, also where the browser sends no Origin (`<img src>`).
 */
export function foreignGuard(
  { apiKey, allowedOrigins = [] }: { apiKey: string | null; allowedOrigins?: readonly string[] },
  refusals: Refusals,
): MiddlewareHandler {
  if (apiKey !== null) return (_, next) => next();
  return async (c, next) => {
    if (OPEN_PATHS.includes(c.req.path)) return next();
    const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage };
    const proxy =
      proxyHeader(c.req.raw.headers) ??
      (incoming?.httpVersionMajor === 1 && incoming.httpVersionMinor === 0 ? 'HTTP/1.0' : null);
    const site = c.req.header('sec-fetch-site');
    if (proxy === null && (site === undefined || site === 'same-origin' || site === 'none')) return next();
    if (proxy === null && isFollowedLink(c.req.raw)) return next();
    if (proxy === null && allowedOrigins.includes(c.req.header('origin') ?? '')) return next();
    refusals.count('foreign');
    const error =
      proxy === null
        ? 'Another site made the browser send this, and no API key is set.'
        : `This came through a proxy (${proxy}), and no API key is set.`;
    const fix = 'Set TIDINGS_API_KEY to a long random text, such as that of: openssl rand -hex 32.';
    return c.json({ success: false, error, code: 'forbidden', fix }, 403);
  };
}

function proxyHeader(headers: Headers): string | null {
  for (const name of headers.keys()) {
    if (PROXY_HEADERS.has(name) || PROXY_PREFIXES.some((prefix) => name.startsWith(prefix))) return name;
  }
  return null;
}

/** A person who clicks on a link somewhere gets the page; the site that has the link sees nothing of it. */
function isFollowedLink({ method, url, headers }: Request): boolean {
  const { pathname } = new URL(url);
  const isPage = !DATA_PATHS.some((path) => pathname === path || pathname.startsWith(`${path}/`));
  const isNavigation =
    headers.get('sec-fetch-mode') === 'navigate' && headers.get('sec-fetch-dest') === 'document';
  return isPage && isNavigation && method === 'GET';
}
