import type { Outcome } from '../../../../core/deliveries/sender.ts';
import { parseJson } from '../../../answers.ts';
import type { Exchange } from '../../../exchange.ts';
import { textIn } from '../../../loose.ts';
import { type Hidden, hide } from '../../../redact-secrets.ts';
import { redact } from '../errors.ts';
import type { Relay } from '../settings.ts';
import { type OAuthConfig, type TokenRequest, tokenRequest } from './oauth-settings.ts';

/** What a session logs in with (XOAUTH2). */
export interface AccessToken {
  readonly text: string;
  /** What the relay must not bring back. */
  readonly hidden: readonly Hidden[];
  /** Of the steady clock, in milliseconds. */
  readonly goodUntil: number;
}

/** A token, or why there is none: certainly nothing was sent. */
export type TokenAnswer =
  | { readonly type: 'token'; readonly token: AccessToken; readonly isFresh: boolean }
  | { readonly type: 'none'; readonly outcome: Outcome };

const ANSWER_MS = 15_000;
/** Where a server does not say. Google and Microsoft say about an hour. */
const USUAL_LIFE_S = 3_600;
/** Before its end by at most so much: a login takes a while, and clocks differ. */
const RENEWED_BEFORE_MS = 5 * 60_000;

/**
 * The access tokens of one login: asked for once for all sessions, and anew in time. A renewal that fails for a while
 * does no harm as long as the old token lasts.
 * @throws TidingsError `configuration` when the `SMTP_OAUTH_` variables cannot be used with this relay
 */
export class AccessTokens {
  readonly #request: TokenRequest;
  readonly #secrets: readonly Hidden[];
  readonly #now: () => number;
  /** A server may give another one with each token; the one of the settings goes on to work until it runs out. */
  #refreshToken: string | null;
  #token: AccessToken | null = null;
  #renewed = 0;
  #renewing: Promise<TokenAnswer> | null = null;

  constructor(
    config: OAuthConfig,
    { host }: Pick<Relay, 'host'>,
    now: () => number = () => performance.now(),
  ) {
    this.#request = tokenRequest(config, host);
    this.#refreshToken = config.refreshToken;
    this.#secrets = [config.clientSecret, config.refreshToken]
      .filter((secret) => secret !== null)
      .map((secret) => hide(secret, '(secret)'));
    this.#now = now;
  }

  /** Never rejects. */
  async get(): Promise<TokenAnswer> {
    const token = this.#token;
    if (token && this.#now() < this.#renewed) return { type: 'token', token, isFresh: false };
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** The relay did not take it: the next one is a new one. */
  forget(token: AccessToken): void {
    if (this.#token === token) this.#token = null;
  }

  async #renew(): Promise<TokenAnswer> {
    // Whoever logs in by password carries no HTTP client.
    const { exchange, openPool } = await import('../../../exchange.ts');
    const { origin, path, form } = this.#request;
    const endpoint = { origin, authorization: null, timeoutMs: ANSWER_MS };
    const pool = openPool(endpoint, 1);
    const refresh = this.#refreshToken !== null && { refresh_token: this.#refreshToken };
    try {
      const reply = await exchange(pool, endpoint, {
        method: 'POST',
        path,
        contentType: 'application/x-www-form-urlencoded',
        body: new URLSearchParams({ ...form, ...refresh }).toString(),
      });
      return this.#read(reply);
    } finally {
      void pool.destroy();
    }
  }

  #read(reply: Exchange): TokenAnswer {
    const json = reply.type === 'answered' ? parseJson(reply.body) : null;
    const text = textIn(json, 'access_token', 16_384);
    if (reply.type === 'answered' && reply.status === 200 && text !== null && /^[!-~]+$/.test(text)) {
      const life = Number((json as { expires_in?: unknown }).expires_in);
      const lifeMs = 1_000 * (life > 0 && life < 1e7 ? life : USUAL_LIFE_S);
      const now = this.#now();
      this.#refreshToken = textIn(json, 'refresh_token', 16_384) ?? this.#refreshToken;
      this.#token = { text, hidden: [hide(text, '(token)')], goodUntil: now + lifeMs };
      this.#renewed = now + lifeMs - Math.min(RENEWED_BEFORE_MS, lifeMs / 4);
      return { type: 'token', token: this.#token, isFresh: true };
    }
    const outcome = whyNone(reply, json, new URL(this.#request.origin).host, this.#secrets);
    const token = this.#token;
    if (outcome.type === 'transient' && token && this.#now() < token.goodUntil)
      return { type: 'token', token, isFresh: false };
    return { type: 'none', outcome };
  }
}

/** RFC 6749, section 5.2, with the way out. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  invalid_grant:
    'the consent was taken back or has run out, or the password was changed: log in again and set SMTP_OAUTH_REFRESH_TOKEN',
  invalid_client: 'check SMTP_OAUTH_CLIENT_ID and SMTP_OAUTH_CLIENT_SECRET, which may have run out',
  unauthorized_client: 'the application may not do this: check SMTP_OAUTH_CLIENT_ID and its permissions',
  invalid_scope: 'check SMTP_OAUTH_SCOPE and the permissions of the application',
};

function whyNone(reply: Exchange, json: unknown, host: string, secrets: readonly Hidden[]): Outcome {
  if (reply.type !== 'answered') {
    const message = `No access token for the mail server: ${host} did not answer (${reply.code}).`;
    return { type: 'transient', scope: 'sender', code: reply.code, message };
  }
  const { status } = reply;
  const error = textIn(json, 'error', 64);
  const code = `oauth_${error !== null && /^[a-z_]+$/.test(error) ? error : status}`;
  if (status === 429 || status >= 500 || status === 408 || error === 'temporarily_unavailable') {
    const message = `No access token for the mail server: ${host} cannot give one just now (HTTP ${status}).`;
    const wait = reply.retryAfterMs === null ? {} : { retryAfterMs: reply.retryAfterMs };
    return { type: 'transient', scope: 'sender', code, message, ...wait };
  }
  const way = WAYS_OUT[error ?? ''] ?? 'check the SMTP_OAUTH_ variables';
  const message = `${host} gives no access token for the mail server (${error ?? `HTTP ${status}`}): ${way}.`;
  const words = textIn(json, 'error_description', 2_000);
  const said = words === null ? {} : { said: redact(words, secrets) };
  return { type: 'account', code, message, ...said };
}
