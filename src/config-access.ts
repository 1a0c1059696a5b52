import { type Get, missing, wrong } from './config-values.ts';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** For `OAUTH_ISSUER`: nobody elsewhere. */
const OWN = 'self';

/** Whose access tokens are taken, and for what they have to be made. */
export interface OAuthIssuer {
  /** As its metadata and its tokens write it, character by character. */
  readonly issuer: string;
  /** What `aud` of a token has to hold. */
  readonly audience: string;
}

/** Pages of these addresses may call from a browser. @throws TidingsError `configuration` */
export function readAllowedOrigins(text: string | null): readonly string[] {
  const given = (text ?? '').split(/[\s,]+/).filter((one) => one !== '');
  for (const one of given) {
    const example = 'Write addresses without a path, separated by commas: https://app.example.com.';
    if (one.includes('*') || one === 'null')
      throw wrong('ALLOWED_ORIGINS', one, 'would let every page in', `Name each one. ${example}`);
    if (!isOrigin(one)) throw wrong('ALLOWED_ORIGINS', one, 'is no origin of a web page', example);
    if (!isPrivate(one))
      throw wrong('ALLOWED_ORIGINS', one, 'can be read and changed on its way', 'Use https there.');
  }
  return [...new Set(given)];
}

/** @throws TidingsError `configuration` */
export function readOAuthIssuer(
  get: Get,
  { apiKey, publicUrl }: { apiKey: string | null; publicUrl: string | null },
): OAuthIssuer | null {
  const issuer = get('OAUTH_ISSUER');
  const audience = get('OAUTH_AUDIENCE');
  if (issuer === null) {
    if (audience === null) return null;
    throw missing('OAUTH_ISSUER', 'OAUTH_AUDIENCE', 'Set OAUTH_ISSUER to who makes the tokens.');
  }
  if (issuer.toLowerCase() === OWN) {
    if (audience === null) return null;
    throw wrong(
      'OAUTH_AUDIENCE',
      audience,
      'is for tokens of an issuer elsewhere',
      'Take it away: tokens of our own are for /mcp at PUBLIC_URL.',
    );
  }
  if (!URL.canParse(issuer) || /[?#]/.test(issuer) || !isPrivate(issuer))
    throw wrong(
      'OAUTH_ISSUER',
      issuer,
      'is no issuer of tokens',
      'Write it as its metadata does: https://login.example.com/realms/shop. Or self: people connect apps at the dashboard.',
    );
  needed(apiKey, publicUrl);
  return { issuer, audience: audience ?? resourceOf(publicUrl!) };
}

/** `OAUTH_ISSUER=self`: people connect apps here, and the tokens are of our own. @throws TidingsError `configuration` */
export function readOAuthServer(
  get: Get,
  { apiKey, publicUrl }: { apiKey: string | null; publicUrl: string | null },
): OAuthIssuer | null {
  if (get('OAUTH_ISSUER')?.toLowerCase() !== OWN) return null;
  needed(apiKey, publicUrl);
  if (!isPrivate(publicUrl!))
    throw wrong(
      'PUBLIC_URL',
      publicUrl!,
      'can be read on its way, and OAUTH_ISSUER=self gives tokens there',
      'Use https.',
    );
  return { issuer: new URL(publicUrl!).origin, audience: resourceOf(publicUrl!) };
}

function needed(apiKey: string | null, publicUrl: string | null): void {
  if (publicUrl === null)
    throw missing('PUBLIC_URL', 'OAUTH_ISSUER', 'Set it to the address that assistants call.');
  if (apiKey === null)
    throw missing(
      'TIDINGS_API_KEY',
      'OAUTH_ISSUER',
      'Set it to a long random text: without one, whoever shows no token is the owner on this machine.',
    );
}

/** What remote assistants call, as tokens name it (RFC 8707). */
export function resourceOf(publicUrl: string): string {
  return new URL('/mcp', publicUrl).href;
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/** Nobody between can read it: over TLS, or within this machine. */
function isPrivate(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}
