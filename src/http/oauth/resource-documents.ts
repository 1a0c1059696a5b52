import type { Env, Hono } from 'hono';
import { resourceOf } from '../../config-access.ts';
import { SCOPES } from '../../core/access/role.ts';

/** Where the document is that says who makes tokens for `/mcp` (RFC 9728, section 3.1). */
const DOCUMENT = '/.well-known/oauth-protected-resource';

export interface ResourceOptions {
  readonly publicUrl: string;
  /** Who makes tokens. */
  readonly issuer: string;
  readonly siteName: string | null;
}

/** Clients look below the path of the resource first, then at the root. Anybody may read it, pages of others too. */
export function addResourceDocuments<E extends Env>(app: Hono<E>, options: ResourceOptions): void {
  const { publicUrl, issuer, siteName } = options;
  const document = {
    resource: resourceOf(publicUrl),
    resource_name: siteName === null ? 'Tidings' : `Tidings of ${siteName}`,
    authorization_servers: [issuer],
    scopes_supported: [...SCOPES].reverse(),
    bearer_methods_supported: ['header'],
  };
  for (const path of [DOCUMENT, `${DOCUMENT}/mcp`])
    app.get(path, (c) =>
      c.json(document, 200, { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'max-age=300' }),
    );
}

/** What whoever has no token, or no right one, is told (RFC 6750, section 3; RFC 9728, section 5.1). */
export function challenge(publicUrl: string, problem?: string): string {
  const parts = [
    'realm="tidings"',
    ...(problem === undefined ? [] : [`error="${problem}"`]),
    ...(problem === 'invalid_token' ? [] : [`scope="${[...SCOPES].reverse().join(' ')}"`]),
    `resource_metadata="${new URL(`${DOCUMENT}/mcp`, publicUrl).href}"`,
  ];
  return `Bearer ${parts.join(', ')}`;
}
