import { isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';

export interface GuardOptions {
  /** The address the server listens on. */
  readonly host: string;
  readonly port: () => number;
  readonly publicUrl: string | null;
  /** Pages of these may call too. */
  readonly allowedOrigins?: readonly string[];
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Refuses requests that a foreign web page made a browser send. Under a name that was pointed at this machine (DNS
 * rebinding) the Host is wrong; from another page the Origin is.
 */
export function hostAndOriginGuard(options: GuardOptions): MiddlewareHandler {
  const own = options.publicUrl === null ? null : new URL(options.publicUrl);
  return async (c, next) => {
    const host = parseHost(c.req.header('host') ?? new URL(c.req.url).host);
    if (host === null || !hostAllowed(host.hostname, options.host, own)) {
      return c.json(
        forbidden(
          'The Host header names another server.',
          'Use localhost, or set PUBLIC_URL to the address used.',
        ),
        403,
      );
    }
    const origin = c.req.header('origin');
    const isAllowed = (from: string) =>
      options.allowedOrigins?.includes(from) || originAllowed(from, host, options.port(), own);
    if (origin !== undefined && !isAllowed(origin)) {
      return c.json(
        forbidden(
          'This web page may not call Tidings.',
          'Set PUBLIC_URL to the address that Tidings is opened at; ALLOWED_ORIGINS names pages of others that may.',
        ),
        403,
      );
    }
    return next();
  };
}

function hostAllowed(hostname: string, listening: string, own: URL | null): boolean {
  if (LOOPBACK_NAMES.includes(hostname) || hostname === own?.hostname) return true;
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (bare === listening) return true;
  if (isLoopback(listening)) return false;
  // Reachable from elsewhere, so a key is required, which no foreign page has. An address cannot be rebound; a name is
  // taken on trust only while nobody has said what the server is called.
  return isIP(bare) > 0 || own === null;
}

function originAllowed(origin: string, host: URL, port: number, own: URL | null): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: from, hostname, origin: plain } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  if (plain === own?.origin || from === host.host) return true;
  return protocol === 'http:' && LOOPBACK_NAMES.includes(hostname) && from === `${hostname}:${port}`;
}

function parseHost(header: string): URL | null {
  if (!/^[\w.:[\]-]+$/.test(header)) return null;
  return URL.canParse(`http://${header}`) ? new URL(`http://${header}`) : null;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function forbidden(error: string, fix: string) {
  return { success: false, error, code: 'forbidden', fix };
}
