import type { Context, Hono } from 'hono';
import * as z from 'zod';
import type { OAuthIssuer } from '../../config-access.ts';
import type { OAuthClient } from '../../core/access/oauth/oauth-server.ts';
import { hostOf } from '../../core/access/oauth/redirect.ts';
import { lowerOf, ROLES, SCOPES } from '../../core/access/role.ts';
import { TidingsError } from '../../errors.ts';
import type { Tidings } from '../../tidings.ts';
import type { HeldEnv } from '../load.ts';
import { parseJson, readBody } from '../read-body.ts';
import { clientOf } from '../who.ts';
import { asked, backTo, readAuthorization } from './authorization.ts';
import { ClientDocuments } from './client-documents.ts';

const BODY_MAX = 16 * 1024;
const decision = z.object({ asked, role: z.enum(SCOPES).nullable() });

/**
 * `POST /api/oauth/ask` says to the page what an app asks for, and `POST /api/oauth/allow` what its person has decided: a
 * role, or null. Behind the guard, which lets a session do that only from our own page; and for people only, so that no
 * program, whatever its key, lets in another.
 */
export function addConsentRoutes(
  app: Hono<HeldEnv>,
  options: { readonly apps: Tidings['apps']; readonly own: OAuthIssuer; readonly documents: ClientDocuments },
): void {
  const { apps, documents } = options;
  const { issuer, audience } = options.own;

  const clientBy = async (id: string): Promise<OAuthClient> => {
    const found = ClientDocuments.isAddress(id) ? await documents.find(id) : await apps.client(id);
    if (found) return found;
    throw new TidingsError('invalid_argument', 'The app is not known here.', {
      fix: 'It has to register once more: remove the connection in the app, and add it again.',
    });
  };
  const authorize = async (given: z.output<typeof asked>) =>
    readAuthorization(given, await clientBy(given.client_id), audience);

  app.post('/api/oauth/ask', async (c) => {
    const person = personOf(c);
    const wanted = await authorize(await read(c, asked));
    const most = lowerOf(wanted.role ?? 'operator', person.role);
    return c.json(
      {
        success: true,
        name: wanted.client.name,
        host: hostOf(wanted.redirectUri),
        asked_role: wanted.role,
        roles: SCOPES.filter((one) => ROLES.indexOf(one) <= ROLES.indexOf(most)),
        person: person.name,
      },
      200,
      { 'Cache-Control': 'no-store' },
    );
  });

  app.post('/api/oauth/allow', async (c) => {
    const person = personOf(c);
    const given = await read(c, decision);
    const wanted = await authorize(given.asked);
    const about = { state: given.asked.state, issuer };
    c.header('Cache-Control', 'no-store');
    if (given.role === null)
      return c.json({ success: true, to: backTo(wanted.redirectUri, { error: 'access_denied' }, about) });
    const most = lowerOf(wanted.role ?? 'operator', person.role);
    if (lowerOf(given.role, most) !== given.role)
      throw new TidingsError('forbidden', `The app can get the role ${most} at most.`, {
        fix: 'It may no more than it asks for, and no more than whoever lets it in.',
      });
    const code = await apps.allow({ ...wanted, role: given.role }, person, clientOf(c.req.raw));
    return c.json({ success: true, to: backTo(wanted.redirectUri, { code }, about) });
  });
}

function personOf(c: Context<HeldEnv>) {
  const principal = c.get('principal');
  if (principal.kind === 'user') return principal;
  throw new TidingsError('forbidden', 'Apps are let in by people, not by keys and programs.', {
    fix: 'Sign in with a name and a password. tidings users add NAME --role operator makes a person.',
  });
}

async function read<T extends z.ZodType>(c: Context<HeldEnv>, schema: T): Promise<z.output<T>> {
  const body = await readBody(c.req.raw, c.get('held').body, BODY_MAX);
  let json: unknown = null;
  try {
    json = parseJson(body);
  } catch {}
  const { data } = schema.safeParse(json);
  if (data !== undefined) return data as z.output<T>;
  throw new TidingsError('invalid_argument', 'This is no way to connect an app.', {
    fix: 'Begin in the app: its link has client_id, redirect_uri, response_type, code_challenge and code_challenge_method.',
  });
}
