import * as z from 'zod';
import type { OAuthClient } from '../../core/access/oauth/oauth-server.ts';
import { isAmong } from '../../core/access/oauth/redirect.ts';
import { type Role, SCOPES } from '../../core/access/role.ts';
import { TidingsError } from '../../errors.ts';

const text = z.string().min(1).max(2_000);
/** What the app has put into the address of the page (OAuth 2.1, section 4.1.1). */
export const asked = z.looseObject({
  client_id: text,
  redirect_uri: text.optional(),
  response_type: text,
  code_challenge: text.optional(),
  code_challenge_method: text.optional(),
  scope: z.string().max(2_000).optional(),
  state: z.string().max(4_096).optional(),
  resource: text.optional(),
});
export type Asked = z.output<typeof asked>;

export interface Authorization {
  readonly client: OAuthClient;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly resource: string;
  /** The highest role that is asked for; null: the app leaves it to the person. */
  readonly role: Role | null;
}

/**
 * Looks at what an app asks for. Nothing that is wrong is taken back to it by the browser: the person stays here, and reads
 * why.
 * @throws TidingsError `invalid_argument`
 */
export function readAuthorization(given: Asked, client: OAuthClient, resource: string): Authorization {
  const redirectUri = given.redirect_uri ?? (client.redirectUris.length === 1 ? client.redirectUris[0]! : '');
  if (!isAmong(client.redirectUris, redirectUri))
    throw wrong('The address that the app wants to go back to is none of those it has named.');
  if (given.response_type !== 'code') throw wrong('The app asks for something else than a code.');
  if (given.code_challenge_method !== 'S256' || !/^[\w-]{43}$/.test(given.code_challenge ?? ''))
    throw wrong('The app does not guard its code by PKCE with S256.');
  if (given.resource !== undefined && !isResource(given.resource, resource))
    throw wrong(`The app asks for access to another server than ${resource}.`);
  const scopes = (given.scope ?? '').split(' ');
  const role = SCOPES.find((one) => scopes.includes(one)) ?? null;
  return { client, redirectUri, challenge: given.code_challenge!, resource, role };
}

/** A slash at the end is the same address to whoever wrote it. */
export function isResource(given: string, resource: string): boolean {
  return URL.canParse(given) && new URL(given).href.replace(/\/$/, '') === resource;
}

/** Where the browser takes the answer (RFC 9207: with who gives it, so that an app of many servers takes it to the right one). */
export function backTo(
  redirectUri: string,
  answer: Readonly<Record<string, string>>,
  { state, issuer }: { readonly state: string | undefined; readonly issuer: string },
): string {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries({ ...answer, iss: issuer })) url.searchParams.set(name, value);
  if (state !== undefined) url.searchParams.set('state', state);
  return url.href;
}

function wrong(error: string): TidingsError {
  return new TidingsError('invalid_argument', error, {
    fix: 'Nothing was allowed. Connect it again from the app; if it says the same, its makers have to mend it.',
  });
}
