import * as z from 'zod';
import { isRedirect } from '../../core/access/oauth/redirect.ts';
import { TidingsError } from '../../errors.ts';

const REDIRECTS_MAX = 10;
const NAME_MAX = 60;

const metadata = z.looseObject({
  client_name: z.string().max(1_000).optional(),
  redirect_uris: z.array(z.string()).min(1).max(REDIRECTS_MAX),
  grant_types: z.array(z.string()).optional(),
  response_types: z.array(z.string()).optional(),
});

/**
 * What an app says of itself (RFC 7591, section 2). Of all of it two things count: where codes may go, and its name.
 * @throws TidingsError `invalid_argument`
 */
export function readClientMetadata(given: unknown): { name: string; redirectUris: string[] } {
  const { data } = metadata.safeParse(given);
  if (!data)
    throw wrong(`An app gives a client_name and 1 to ${REDIRECTS_MAX} redirect_uris, as a JSON object.`);
  const bad = data.redirect_uris.find((one) => !isRedirect(one));
  if (bad !== undefined)
    throw wrong(
      `The redirect_uri "${bad.slice(0, 100)}" is neither https nor of this computer, or has a fragment or a password.`,
    );
  if (data.response_types && !data.response_types.includes('code'))
    throw wrong('Only the response_type code is known here.');
  if (data.grant_types && !data.grant_types.includes('authorization_code'))
    throw wrong('Only the grant_types authorization_code and refresh_token are known here.');
  return { name: nameOf(data.client_name, data.redirect_uris[0]!), redirectUris: data.redirect_uris };
}

/** In one line, and as long as a line: it is shown to whoever decides, and kept in the audit. */
function nameOf(given: string | undefined, redirect: string): string {
  const plain = (given ?? '')
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\s]+/gu, ' ')
    .trim();
  return (plain === '' ? new URL(redirect).host || 'an app without a name' : plain).slice(0, NAME_MAX);
}

function wrong(error: string): TidingsError {
  return new TidingsError('invalid_argument', error, { fix: 'The makers of the app have to mend it.' });
}
