import type { Hono } from 'hono';
import type { Tidings } from '../../tidings.ts';
import type { HeldEnv } from '../load.ts';

const PREFIX = '/c/';

/**
 * `/c/…`, for whoever follows a link of an email, without a key: leads on where the sender wanted it to, and to nowhere else. It
 * stands before the guards, as the link to unsubscribe does, and changes nothing but a count.
 */
export function addClickRoutes(app: Hono<HeldEnv>, clicks: Tidings['clicks']): void {
  app.all(`${PREFIX}*`, async (c, next) => {
    const { method } = c.req;
    c.header('Cache-Control', 'no-store');
    c.header('X-Robots-Tag', 'noindex, nofollow');
    if (method !== 'GET' && method !== 'HEAD') {
      c.header('Allow', 'GET, HEAD');
      return c.body(null, 405);
    }
    const purpose = [c.req.header('sec-purpose'), c.req.header('purpose'), c.req.header('x-moz')].join(' ');
    const destination = await clicks.follow(c.req.path.slice(PREFIX.length), {
      method,
      userAgent: c.req.header('user-agent') ?? '',
      isPrefetch: /prefetch|preview|prerender/i.test(purpose),
    });
    return destination === null ? next() : c.redirect(destination, 302);
  });
}
