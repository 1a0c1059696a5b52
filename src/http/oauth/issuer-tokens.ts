import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import type { OAuthIssuer } from '../../config-access.ts';
import type { TokenOwner } from '../../core/access/access.ts';
import { SCOPES } from '../../core/access/role.ts';
import { TidingsError } from '../../errors.ts';
import type { Log } from '../../log/log.ts';

/** What became of a token: who has it, or why it is not taken, in the words of RFC 6750. */
export type TokenFinding =
  | { readonly owner: TokenOwner }
  | { readonly problem: 'invalid_token' | 'insufficient_scope'; readonly says: string };

/** Keys that only their maker has. A secret that both sides share could be the public key itself. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'];
/** What jose says of a set of keys that cannot be had; of the token it says other things. */
const NO_KEYS = ['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'];
const ANSWER_MS = 5_000;
const CLOCKS_DIFFER_S = 30;
/** So long an issuer that did not answer is not asked again. */
const AGAIN_MS = 10_000;
const NAME_MAX = 80;
const TOKEN_MAX = 16_384;

/** Whether it can be a token at all, and no key: three parts of base64url. */
export function isToken(given: string): boolean {
  return given.length <= TOKEN_MAX && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(given);
}

/**
 * Access tokens of an issuer elsewhere: JSON Web Tokens signed by a key of the set that its metadata names (RFC 8414 or
 * OpenID discovery), made for this server (`aud`), not over, with a role among its scopes.
 */
export class IssuerTokens {
  readonly #of: OAuthIssuer;
  readonly #log: Log;
  #keys: Promise<JWTVerifyGetKey> | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(of: OAuthIssuer, log: Log) {
    this.#of = of;
    this.#log = log;
  }

  /** @throws TidingsError `configuration` when the issuer's keys cannot be had: nothing is known of the token. */
  async find(token: string): Promise<TokenFinding> {
    const { jwtVerify, errors } = await import('jose');
    const { issuer, audience } = this.#of;
    let payload: JWTPayload;
    try {
      const verified = await jwtVerify(token, await this.#keySet(), {
        ...{ issuer, audience, algorithms: ALGORITHMS },
        ...{ clockTolerance: CLOCKS_DIFFER_S, requiredClaims: ['exp', 'sub'] },
      });
      payload = verified.payload;
    } catch (error) {
      if (!(error instanceof errors.JOSEError) || NO_KEYS.includes(error.code))
        throw this.#unreachable(error);
      return { problem: 'invalid_token', says: sayWhy(error as Error & { code: string; claim?: string }) };
    }
    const role = SCOPES.find((scope) => scopesOf(payload).includes(scope));
    if (role === undefined)
      return {
        problem: 'insufficient_scope',
        says: `The access token has none of the scopes ${SCOPES.join(', ')}.`,
      };
    return { owner: { id: payload.sub!, name: nameOf(payload), role } };
  }

  #keySet(): Promise<JWTVerifyGetKey> {
    this.#keys ??= this.#discover().catch((error) => {
      this.#keys = undefined;
      throw error;
    });
    return this.#keys;
  }

  /** Whoever sends anything that looks like a token could have it asked: after a failure that is once in a while. */
  async #fetch(address: string, init: RequestInit): Promise<Response> {
    if (performance.now() - this.#failedAt < AGAIN_MS) throw new Error('it was asked a moment ago');
    return fetch(address, init);
  }

  async #discover(): Promise<JWTVerifyGetKey> {
    const { createRemoteJWKSet, customFetch } = await import('jose');
    const { issuer } = this.#of;
    let last: unknown = 'no metadata';
    for (const address of metadataAddresses(issuer)) {
      const answer = await this.#fetch(address, {
        redirect: 'error',
        signal: AbortSignal.timeout(ANSWER_MS),
        headers: { Accept: 'application/json' },
      });
      if (!answer.ok) {
        await answer.body?.cancel();
        last = `${answer.status} for ${address}`;
        continue;
      }
      const metadata = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
      if (metadata.issuer !== issuer)
        throw new Error(`its metadata names another issuer: ${metadata.issuer}`);
      const keys = new URL(String(metadata.jwks_uri));
      if (keys.protocol !== 'https:' && keys.hostname !== new URL(issuer).hostname)
        throw new Error('its keys are not at an https address');
      return createRemoteJWKSet(keys, {
        timeoutDuration: ANSWER_MS,
        [customFetch]: (url: string, init: RequestInit) => this.#fetch(url, init),
      });
    }
    throw new Error(String(last));
  }

  #unreachable(cause: unknown): TidingsError {
    const now = performance.now();
    if (now - this.#failedAt >= AGAIN_MS) {
      this.#failedAt = now;
      this.#log.warn({ issuer: this.#of.issuer, err: cause }, 'the issuer of access tokens gives no keys');
    }
    return new TidingsError('configuration', 'The issuer of access tokens does not answer, or not rightly.', {
      fix: 'Try again in a moment. Whoever runs this server looks at OAUTH_ISSUER, and at its log.',
      cause,
    });
  }
}

/** RFC 8414 puts its path before that of the issuer, OpenID Connect behind it. */
function metadataAddresses(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
}

/** `scope` of RFC 9068, a text with blanks; `scp` of Microsoft and Okta, a text or a list. */
function scopesOf({ scope, scp }: JWTPayload): string[] {
  return [scope, scp].flat().flatMap((one) => (typeof one === 'string' ? one.split(' ') : []));
}

/** For people who look at what was done. */
function nameOf({ preferred_username, name, sub }: JWTPayload): string {
  const found = [preferred_username, name].find((one) => typeof one === 'string' && one !== '');
  return ((found as string | undefined) ?? sub!).slice(0, NAME_MAX);
}

function sayWhy({ code, claim }: { code: string; claim?: string }): string {
  if (code === 'ERR_JWT_EXPIRED') return 'The access token is over.';
  if (claim === 'aud') return 'The access token was made for another server.';
  if (claim === 'iss') return 'The access token is from another issuer.';
  return 'The access token is not a right one.';
}
