import type { Hono } from 'hono';
import * as z from 'zod';
import { effectsOf } from '../core/access/role.ts';
import { TidingsError } from '../errors.ts';
import type { Tidings } from '../tidings.ts';
import type { HeldEnv } from './load.ts';
import { PasswordTries } from './password-tries.ts';
import { parseJson, readBody } from './read-body.ts';
import { forgeryOf, readSession, sessionCookie } from './session-cookie.ts';
import { addressOf } from './who.ts';

const text = z.string().min(1).max(512);
const given = z.union([
  z.strictObject({ key: text }),
  z.strictObject({ name: text, password: text }),
  z.strictObject({ link: text }),
  z.strictObject({ link: text, name: text.optional(), password: text }),
]);
const BODY_MAX = 8 * 1024;

/**
 * `POST /api/session` signs in, with `{ name, password }`, `{ link, password }` (and `name` where the link makes the
 * first person) or `{ key }`; `{ link }` alone answers whom it is for. `DELETE /api/session` signs out. Both stand before
 * the guard of keys: whoever signs in has none yet.
 */
export function addSignInRoutes(
  app: Hono<HeldEnv>,
  { tidings, publicUrl }: { tidings: Pick<Tidings, 'signIn'>; publicUrl: string | null },
): void {
  const { signIn } = tidings;
  const tries = new PasswordTries();

  const enter = async (
    asked: Exclude<z.output<typeof given>, { link: string; password?: never }>,
    from: string,
  ) => {
    if ('key' in asked) return tries.take(from, 'key', () => signIn.byKey(asked.key));
    if ('link' in asked) return signIn.byLink(asked);
    return tries.take(from, `name ${asked.name}`, () => signIn.byPassword(asked));
  };

  app.post('/api/session', async (c) => {
    refuseForged(c.req.raw);
    const asked = read(parsed(await readBody(c.req.raw, c.get('held').body, BODY_MAX)));
    if ('link' in asked && !('password' in asked))
      return c.json({ success: true, link_for: await signIn.ownerOf(asked.link) });
    const token = await enter(asked as Parameters<typeof enter>[0], addressOf(c));
    if (token === null) {
      const error =
        'key' in asked ? 'The API key is not the right one.' : 'Name and password do not belong together.';
      throw new TidingsError('unauthorized', error, {
        fix: 'Try again, or ask for a new link: tidings users link NAME.',
      });
    }
    return c.json({ success: true }, 200, {
      'Set-Cookie': sessionCookie(token, publicUrl),
      'Cache-Control': 'no-store',
    });
  });

  app.delete('/api/session', async (c) => {
    refuseForged(c.req.raw);
    const token = readSession(c);
    if (token !== null) await signIn.out(token);
    return c.json({ success: true }, 200, { 'Set-Cookie': sessionCookie('', publicUrl) });
  });
}

/** `GET /api/me`, behind the guard: who the caller is, what it may, and whether people connect apps here. */
export function addMeRoute(
  app: Hono<HeldEnv>,
  { signIn, connectsApps }: Pick<Tidings, 'signIn'> & { readonly connectsApps: boolean },
): void {
  app.get('/api/me', async (c) => {
    const { kind, id, name, role } = c.get('principal');
    const may = effectsOf(role).filter((effect) => effect !== 'approve' || kind === 'user');
    c.header('Cache-Control', 'no-store');
    const has_users = await signIn.hasUsers();
    return c.json({ success: true, kind, id, name, role, may, has_users, connects_apps: connectsApps });
  });
}

function refuseForged(request: Request): void {
  // Programs have no cookie to be abused; a page of elsewhere could sign somebody in as somebody else.
  const forgery =
    request.headers.has('cookie') || request.headers.has('sec-fetch-site') ? forgeryOf(request) : null;
  if (forgery) throw new TidingsError('forbidden', forgery.error, { fix: forgery.fix });
}

function parsed(body: Uint8Array): unknown {
  try {
    return parseJson(body);
  } catch {
    return null;
  }
}

function read(body: unknown): z.output<typeof given> {
  const { data } = given.safeParse(body);
  if (data) return data;
  throw new TidingsError('invalid_argument', 'This is no way to sign in.', {
    fix: 'POST JSON: { "name", "password" }, { "link", "password" } or { "key" }.',
  });
}
