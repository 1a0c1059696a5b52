import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import type { OAuthIssuer } from '../config-access.ts';
import { type Access, SECRET_MAX } from '../core/access/access.ts';
import { ACCESS_PREFIX } from '../core/access/oauth/access-prefix.ts';
import { hashSecret } from '../core/access/secret.ts';
import type { Caller } from '../operations/operation.ts';
import { PLAIN_WORDS } from '../words.ts';
import type { HeldEnv } from './load.ts';
import { type IssuerTokens, isToken } from './oauth/issuer-tokens.ts';
import { challenge } from './oauth/resource-documents.ts';
import type { Refusals } from './refusals.ts';
import { forgeryOf, readSession } from './session-cookie.ts';
import { Tries } from './tries.ts';

const FIX = 'Send a key as Authorization: Bearer … or X-API-Key, or sign in at the dashboard.';
const CLIENT_MAX = 80;

export interface WhoOptions {
  readonly apiKey: string | null;
  readonly access: Access;
  readonly refusals: Refusals;
  /** null: no access tokens are taken. */
  readonly tokens?: IssuerTokens | null;
  /** null: apps are not connected here, and their tokens open nothing. */
  readonly own?: OAuthIssuer | null;
  readonly publicUrl: string | null;
}

export interface WhoGuard {
  readonly guard: MiddlewareHandler<HeldEnv>;
  /** Whether this caller may be told what runs here: one that is known, or where nobody has to be. */
  knows(c: Context): Promise<boolean>;
}

/**
 * Says who calls, or turns them away: by a key in a header, else by the cookie of a session, else as anybody on this
 * machine while nothing is locked.
 *
 * A key is compared before tries are counted: a right one always passes, so nobody can lock others out from behind the
 * same proxy. What makes guessing hopeless is the length of the key; counting makes it seen, and costs the guesser a
 * connection for each try.
 */
export function whoGuard({
  apiKey,
  access,
  refusals,
  tokens = null,
  own = null,
  publicUrl,
}: WhoOptions): WhoGuard {
  const wanted = apiKey === null ? null : hashSecret(apiKey);
  const tries = new Tries();
  // Constant time over hashes: neither the length of the key nor how much of it was right can be measured.
  const isRight = (given: string) =>
    wanted !== null &&
    given.length <= SECRET_MAX &&
    timingSafeEqual(Buffer.from(hashSecret(given)), Buffer.from(wanted));
  const byKey = async (given: string) => {
    if (isRight(given)) return access.admin();
    return (await access.byKey(given)) ?? (own && access.byApp(given, own.audience));
  };
  const bySession = (c: Context) => {
    const token = readSession(c);
    return token === null ? null : access.bySession(token);
  };
  const unnamed = async () => (wanted === null ? access.open() : null);
  const challenged = (problem?: string) => ({
    'WWW-Authenticate':
      (tokens || own) && publicUrl ? challenge(publicUrl, problem) : 'Bearer realm="tidings"',
  });

  return {
    async knows(c) {
      const given = givenKey(c);
      const named = given === undefined ? await bySession(c) : await byKey(given);
      if (named === null && given !== undefined && tokens && isToken(given))
        return 'owner' in (await tokens.find(given));
      return (named ?? (await unnamed())) !== null;
    },
    async guard(c, next) {
      const given = givenKey(c);
      const known = given === undefined ? await bySession(c) : null;
      const named = known ?? (given === undefined ? null : await byKey(given));
      if (named === null && given !== undefined && tokens && isToken(given)) {
        const found = await tokens.find(given);
        if ('owner' in found) {
          c.set('principal', access.byToken(found.owner));
          return next();
        }
        // A signature is not guessed: whoever's token is over gets a new one, however many share the address.
        refusals.count('wrong_key');
        const isWrong = found.problem === 'invalid_token';
        const fix = isWrong ? 'Get a new access token.' : 'Ask the issuer for one of these scopes.';
        const body = { success: false, error: found.says, code: isWrong ? 'unauthorized' : 'forbidden', fix };
        return c.json(body, isWrong ? 401 : 403, challenged(found.problem));
      }
      const principal = named ?? (await unnamed());
      if (principal !== null) {
        const forgery = known && forgeryOf(c.req.raw);
        if (forgery) {
          refusals.count('foreign');
          return c.json({ success: false, code: 'forbidden', ...forgery }, 403);
        }
        c.set('principal', principal);
        return next();
      }
      if (own && given?.startsWith(ACCESS_PREFIX)) {
        // As above: it is not guessed, and its app gets the next one.
        refusals.count('wrong_key');
        const body = unauthorized('The access token is over, or its app was disconnected.');
        return c.json(body, 401, challenged('invalid_token'));
      }
      if (given === undefined) {
        refusals.count('no_key');
        return c.json(unauthorized('An API key is needed.'), 401, challenged());
      }
      refusals.count('wrong_key');
      const address = addressOf(c);
      refusals.wrongKey(address);
      const waitSeconds = tries.take(address);
      if (waitSeconds === 0)
        return c.json(unauthorized('The API key is not the right one.'), 401, challenged('invalid_token'));
      refusals.count('throttled');
      const error = 'Too many wrong API keys came from this address.';
      const fix = `${FIX} The right key is taken at once; try another wrong one in ${waitSeconds} s.`;
      return c.json({ success: false, error, code: 'unauthorized', fix }, 429, {
        'Retry-After': String(waitSeconds),
        Connection: 'close',
      });
    },
  };
}

/** Who calls an operation of REST. */
export function callerOf(c: Context<HeldEnv>): Caller {
  return { door: 'http', principal: c.get('principal'), client: clientOf(c.req.raw), words: PLAIN_WORDS };
}

/** The program, as it names itself: a word for people who look at it later, and nothing that is relied on. */
export function clientOf(request: Request): string | null {
  return request.headers.get('user-agent')?.slice(0, CLIENT_MAX) ?? null;
}

/** Taken apart by hand: an expression that has to look for the end of the key can be kept busy for long. */
function givenKey(c: Context): string | undefined {
  const authorization = c.req.header('authorization') ?? '';
  const bearer = authorization.slice(0, 7).toLowerCase() === 'bearer ' ? authorization.slice(7).trim() : '';
  return bearer || c.req.header('x-api-key') || undefined;
}

export function addressOf(c: Context): string {
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage };
  return incoming?.socket.remoteAddress ?? 'unknown';
}

function unauthorized(error: string) {
  return { success: false, error, code: 'unauthorized', fix: FIX };
}
