import type { Context, Hono } from 'hono';
import type { Tidings } from '../../tidings.ts';
import type { HeldEnv } from '../load.ts';
import { readBody } from '../read-body.ts';
import { askPage, donePage, PAGE_POLICY, type Page, undonePage } from './page.ts';
import { chooseLanguage } from './words.ts';

export interface UnsubscribeOptions {
  readonly unsubscribes: Tidings['unsubscribes'];
  readonly publicUrl: string | null;
}

/** A form of ours or of a mail program is a line long. What comes beyond is not read, and changes nothing. */
const BODY_LIMIT = 16 * 1024;
/** Longer ones are none of ours. */
const TOKEN_MAX = 200;
const PATH = /^\/u\/([^/]+)(\/undo)?\/?$/;

/**
 * `/u/TOKEN`, for whoever has the link, without a key. POST unsubscribes whatever its body, encoding and program, and
 * answers 200 without asking for anything else (RFC 8058): the same for a token that was used before, and for one that
 * nobody made. GET and HEAD only show a page with a button.
 *
 * It stands before the guards: a browser sends this form with `Origin: null`, for its page tells nobody where it was, and
 * mail programs send it through proxies. What it does is bound to the token, and no other site can make one.
 */
export function addUnsubscribeRoutes(app: Hono<HeldEnv>, options: UnsubscribeOptions): void {
  const { unsubscribes, publicUrl } = options;
  const prefix = publicUrl === null ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');

  app.all('/u/*', async (c, next) => {
    const [, path = '', undo] = PATH.exec(c.req.path) ?? [];
    if (path === '') return next();
    const token = path.slice(0, TOKEN_MAX);
    const own = `${prefix}/u/${encodeURIComponent(token)}`;
    const page = (action: string): Page => ({
      language: chooseLanguage(c.req.header('accept-language')),
      sender: unsubscribes.sender,
      action,
    });
    setHeaders(c);
    switch (c.req.method) {
      case 'GET':
      case 'HEAD':
        return c.html(askPage(page(own), await unsubscribes.find(token)));
      case 'POST': {
        if (undo) return c.html(undonePage(page(own), await unsubscribes.undo(token)));
        await unsubscribes.leave(token, await asksForEverything(c));
        return c.html(donePage(page(`${own}/undo`)));
      }
      default:
        c.header('Allow', 'GET, HEAD, POST');
        return c.body(null, c.req.method === 'OPTIONS' ? 204 : 405);
    }
  });
}

function setHeaders(c: Context): void {
  c.header('Content-Security-Policy', PAGE_POLICY);
  c.header('Cache-Control', 'no-store');
  c.header('X-Robots-Tag', 'noindex, nofollow');
  c.header('Vary', 'Accept-Language');
}

/** Whether the box of our own page is ticked. A body that cannot be read keeps nobody on the list. */
async function asksForEverything(c: Context<HeldEnv>): Promise<boolean> {
  try {
    const body = await readBody(c.req.raw, c.get('held').body, BODY_LIMIT);
    return new URLSearchParams(body.toString('latin1')).get('everywhere') === 'yes';
  } catch {
    return false;
  }
}
