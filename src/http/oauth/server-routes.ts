import type { Context, Hono } from 'hono';
import type { OAuthIssuer } from '../../config-access.ts';
import { ACCESS_MS, type Tokens } from '../../core/access/oauth/oauth-server.ts';
import { SCOPES } from '../../core/access/role.ts';
import { TidingsError } from '../../errors.ts';
import type { Tidings } from '../../tidings.ts';
import type { HeldEnv } from '../load.ts';
import { parseJson, readBody } from '../read-body.ts';
import { Tries } from '../tries.ts';
import { addressOf } from '../who.ts';
import { isResource } from './authorization.ts';
import { readClientMetadata } from './client-metadata.ts';

const BODY_MAX = 16 * 1024;
const NO_STORE = { 'Cache-Control': 'no-store' };
const FORM = 'application/x-www-form-urlencoded';

/**
 * The authorization server for apps that cannot carry a key (OAuth 2.1; RFC 8414, 7591, 7009): its document, and where
 * programs register, get tokens and give them back. The page at which a person lets an app in is a screen of the dashboard.
 * None of this asks who calls: codes and tokens are secrets, and a client is only what it says of itself.
 */
export function addOAuthServer(
  app: Hono<HeldEnv>,
  { apps, own }: { readonly apps: Tidings['apps']; readonly own: OAuthIssuer },
): void {
  const { issuer, audience } = own;
  const tries = new Tries();

  app.get('/.well-known/oauth-authorization-server', (c) =>
    c.json(
      {
        issuer,
        authorization_endpoint: `${issuer}/connect`,
        token_endpoint: `${issuer}/oauth/token`,
        registration_endpoint: `${issuer}/oauth/register`,
        revocation_endpoint: `${issuer}/oauth/revoke`,
        scopes_supported: [...SCOPES].reverse(),
        response_types_supported: ['code'],
        response_modes_supported: ['query'],
        grant_types_supported: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_methods_supported: ['none'],
        revocation_endpoint_auth_methods_supported: ['none'],
        code_challenge_methods_supported: ['S256'],
        client_id_metadata_document_supported: true,
        authorization_response_iss_parameter_supported: true,
      },
      200,
      { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'max-age=300' },
    ),
  );

  app.post('/oauth/register', async (c) => {
    const wait = tries.take(addressOf(c));
    if (wait > 0) {
      c.header('Retry-After', String(wait));
      return wrong(
        c,
        'temporarily_unavailable',
        `Too many apps registered from here. Try again in ${wait} s.`,
        429,
      );
    }
    try {
      const given = parseJson(await readBody(c.req.raw, c.get('held').body, BODY_MAX));
      const { id, name, redirectUris } = await apps.register(readClientMetadata(given));
      const registered = {
        ...{ client_id: id, client_id_issued_at: Math.floor(Date.now() / 1_000), client_name: name },
        ...{ redirect_uris: redirectUris, token_endpoint_auth_method: 'none', response_types: ['code'] },
        grant_types: ['authorization_code', 'refresh_token'],
      };
      return c.json(registered, 201, NO_STORE);
    } catch (error) {
      if (error instanceof SyntaxError) return wrong(c, 'invalid_client_metadata', 'That is no JSON.');
      if (!(error instanceof TidingsError) || error.code !== 'invalid_argument') throw error;
      const isRedirect = error.message.startsWith('The redirect_uri');
      return wrong(c, isRedirect ? 'invalid_redirect_uri' : 'invalid_client_metadata', error.message);
    }
  });

  app.post('/oauth/token', async (c) => {
    const given = await formOf(c);
    if (given === null) return wrong(c, 'invalid_request', `Send it as ${FORM}, each value once.`);
    const clientId = given.get('client_id');
    if (!clientId) return wrong(c, 'invalid_client', 'client_id is missing.', 401);
    if (given.has('resource') && !isResource(given.get('resource')!, audience))
      return wrong(c, 'invalid_target', `Tokens of this server are for ${audience}.`);
    const about = { clientId, resource: audience };
    switch (given.get('grant_type')) {
      case 'authorization_code': {
        const code = given.get('code') ?? '';
        const verifier = given.get('code_verifier') ?? '';
        const redirectUri = given.get('redirect_uri') ?? '';
        return answer(c, await apps.redeem({ ...about, code, verifier, redirectUri }));
      }
      case 'refresh_token':
        return answer(c, await apps.refresh({ ...about, token: given.get('refresh_token') ?? '' }));
      default:
        return wrong(
          c,
          'unsupported_grant_type',
          'Only authorization_code and refresh_token are known here.',
        );
    }
  });

  app.post('/oauth/revoke', async (c) => {
    const given = await formOf(c);
    const token = given?.get('token');
    if (!given || !token) return wrong(c, 'invalid_request', `Send token and client_id as ${FORM}.`);
    const clientId = given.get('client_id');
    if (!clientId) return wrong(c, 'invalid_client', 'client_id is missing.', 401);
    await apps.revokeToken(token, clientId);
    return c.body(null, 200, NO_STORE);
  });
}

/** Why a code or token is not taken is not told apart: whoever guesses learns nothing. */
function answer(c: Context, tokens: Tokens | null): Response {
  if (tokens === null)
    return wrong(c, 'invalid_grant', 'It is over, was used, or was given to somebody else. Connect again.');
  const { access, refresh, role } = tokens;
  const expires_in = ACCESS_MS / 1_000;
  const body = {
    access_token: access,
    token_type: 'Bearer',
    expires_in,
    refresh_token: refresh,
    scope: role,
  };
  return c.json(body, 200, { ...NO_STORE, Pragma: 'no-cache' });
}

function wrong(
  c: Context,
  error: string,
  error_description: string,
  status: 400 | 401 | 429 = 400,
): Response {
  return c.json({ error, error_description }, status, NO_STORE);
}

/** null: it is no form, or says something twice (RFC 6749, section 3.2). */
async function formOf(c: Context<HeldEnv>): Promise<URLSearchParams | null> {
  if (!c.req.header('content-type')?.toLowerCase().startsWith(FORM)) return null;
  const body = await readBody(c.req.raw, c.get('held').body, BODY_MAX);
  const form = new URLSearchParams(body.toString('utf8'));
  return new Set(form.keys()).size === form.size ? form : null;
}
