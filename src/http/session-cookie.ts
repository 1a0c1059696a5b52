import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import { SESSION_MS } from '../core/access/session.store.ts';

/** Browsers hold the prefix to mean: this host alone, over TLS (RFC 6265bis). */
const SECURE = '__Host-tidings';
const PLAIN = 'tidings';
/** What a form of another site can send without the browser asking us first (Fetch, "CORS-safelisted request-header"). */
const FORM_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];

/** What stands in the cookie of a session; null: there is none. */
export function readSession(c: Context): string | null {
  return getCookie(c, SECURE) ?? getCookie(c, PLAIN) ?? null;
}

/** Over TLS as said by `PUBLIC_URL`, the cookie is for that alone. @param token empty: it is taken away */
export function sessionCookie(token: string, publicUrl: string | null): string {
  const isSecure = publicUrl?.startsWith('https:') ?? false;
  const maxAge = token === '' ? 0 : Math.floor(SESSION_MS / 1_000);
  const parts = [
    `${isSecure ? SECURE : PLAIN}=${token}`,
    'Path=/',
    `Max-Age=${maxAge}`,
    'HttpOnly',
    'SameSite=Strict',
  ];
  return [...parts, ...(isSecure ? ['Secure'] : [])].join('; ');
}

/**
 * Why a call that only a cookie vouches for is not believed; null: it is. A browser adds the cookie whoever has made it
 * ask, so whatever could change something has to come from our own page, and say so. The guard before has looked
 * whether an Origin is ours.
 */
export function forgeryOf({ method, headers }: Request): { error: string; fix: string } | null {
  if (method === 'GET' || method === 'HEAD') return null;
  const site = headers.get('sec-fetch-site');
  const isOurs = site === null ? headers.has('origin') : site === 'same-origin';
  if (!isOurs) {
    const error = 'The browser does not say that our own page made it ask this.';
    return { error, fix: 'Call it from the dashboard; programs send a key in a header instead of a cookie.' };
  }
  const type = (headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
  const isBare =
    type === '' && (headers.get('content-length') ?? '0') === '0' && !headers.has('transfer-encoding');
  if (isBare || (type !== '' && !FORM_TYPES.includes(type))) return null;
  const error = `The body is declared as ${type || 'nothing'}, as a form of another site could be.`;
  return { error, fix: 'Send JSON with Content-Type: application/json, or a file with its own type.' };
}
