import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';

/**
 * Answers pages of `ALLOWED_ORIGINS` as browsers need it, the question before a call included; about others it says nothing,
 * and the guards behind it refuse them. No cookie of ours goes with it: such pages bring a key or a token.
 */
export function allowOrigins(allowed: readonly string[]): MiddlewareHandler {
  if (allowed.length === 0) return (_, next) => next();
  const answer = cors({
    origin: [...allowed],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: [
      ...['Accept', 'Authorization', 'Content-Type', 'Idempotency-Key', 'X-API-Key'],
      ...['Last-Event-ID', 'Mcp-Method', 'Mcp-Name', 'Mcp-Protocol-Version', 'Mcp-Session-Id'],
    ],
    exposeHeaders: ['Content-Disposition', 'Mcp-Session-Id', 'Retry-After', 'WWW-Authenticate'],
    maxAge: 600,
  });
  return async (c, next) => {
    if (allowed.includes(c.req.header('origin') ?? '')) return answer(c, next);
    await next();
    // A cache must not give one page what was said to another.
    c.header('Vary', 'Origin', { append: true });
  };
}
