import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import type { Refusals } from './refusals.ts';
import { Tries } from './tries.ts';

/** Longer ones are none of ours, and not worth a hash. */
const KEY_MAX_BYTES = 512;
const FIX = 'Send the value of TIDINGS_API_KEY as Authorization: Bearer … or X-API-Key.';

export interface KeyGuard {
  readonly guard: MiddlewareHandler;
  /** Whether this caller may be told what runs here: with the right key, or where none is needed. */
  knows(c: Context): boolean;
}

/**
 * The key is compared before tries are counted: a right one always passes, so nobody can lock others out from behind the
 * same proxy. What makes guessing hopeless is the length of the key; counting makes it seen, and costs the guesser a
 * connection for each try.
 */
export function apiKeyGuard(apiKey: string | null, refusals: Refusals): KeyGuard {
  if (apiKey === null) return { guard: (_, next) => next(), knows: () => true };
  const wanted = sha256(apiKey);
  const tries = new Tries();
  // Constant time over hashes: neither the length of the key nor how much of it was right can be measured.
  const isRight = (given: string | undefined) =>
    given !== undefined && given.length <= KEY_MAX_BYTES && timingSafeEqual(sha256(given), wanted);

  return {
    knows: (c) => isRight(givenKey(c)),
    async guard(c, next) {
      const given = givenKey(c);
      if (isRight(given)) return next();
      if (given === undefined) {
        refusals.count('no_key');
        return c.json(unauthorized('An API key is needed.'), 401, CHALLENGE);
      }
      refusals.count('wrong_key');
      const address = addressOf(c);
      refusals.wrongKey(address);
      const waitSeconds = tries.take(address);
      if (waitSeconds === 0) return c.json(unauthorized('The API key is not the right one.'), 401, CHALLENGE);
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

const CHALLENGE = { 'WWW-Authenticate': 'Bearer realm="tidings"' };

/** Taken apart by hand: an expression that has to look for the end of the key can be kept busy for long. */
function givenKey(c: Context): string | undefined {
  const authorization = c.req.header('authorization') ?? '';
  const bearer = authorization.slice(0, 7).toLowerCase() === 'bearer ' ? authorization.slice(7).trim() : '';
  return bearer || c.req.header('x-api-key');
}

function addressOf(c: Context): string {
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage };
  return incoming?.socket.remoteAddress ?? 'unknown';
}

function unauthorized(error: string) {
  return { success: false, error, code: 'unauthorized', fix: FIX };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
