import type { Hono } from 'hono';
import type { EventSource, RawRequest } from '../core/events/event-source.ts';
import type { Log } from '../log/log.ts';
import type { Tidings } from '../tidings.ts';
import { STATUS, toErrorResponse } from './error-response.ts';
import type { HeldEnv } from './load.ts';
import { readBody } from './read-body.ts';
import type { Refusals } from './refusals.ts';

export interface WebhookRoutesOptions {
  readonly webhooks: Tidings['webhooks'];
  readonly refusals: Refusals;
  readonly log: Log;
}

/**
 * `/webhooks/…`, for providers, without a key: each proves in its own way who it is, over the bytes that came. So these
 * routes stand before the guards, which are for people and their programs. The answer leaves when what was said is on
 * disk; what it comes to is for later.
 */
export function addWebhookRoutes(
  app: Hono<HeldEnv>,
  { webhooks, refusals, log }: WebhookRoutesOptions,
): void {
  const sources = new Map<string, EventSource>(webhooks.sources.map((one) => [one.path, one]));
  app.on(['GET', 'POST'], '/webhooks/*', async (c, next) => {
    const { pathname } = new URL(c.req.url);
    const source = sources.get(pathname.slice('/webhooks/'.length).replace(/\/$/, ''));
    if (source === undefined) return next();
    try {
      const rawBody = await readBody(c.req.raw, c.get('held').body);
      const received = await source.receive(toRaw(c.req.raw, rawBody));
      if ('refuse' in received) {
        refusals.count('webhook');
        const { refuse: code, error, fix } = received;
        return c.json({ success: false, error, code, ...(fix !== undefined && { fix }) }, STATUS[code]);
      }
      await webhooks.take(received.events);
      const { reply } = received;
      if (reply) return c.body(reply.body, 200, { 'Content-Type': reply.contentType });
      return c.json({ success: true });
    } catch (error) {
      const { body, status } = toErrorResponse(error, log, `webhook ${source.path}`);
      return c.json(body, status);
    }
  });
}

function toRaw({ method, url, headers }: Request, rawBody: Buffer): RawRequest {
  const { pathname, search } = new URL(url);
  return { method, url: pathname + search, headers: Object.fromEntries(headers), rawBody };
}
