import { TidingsError } from '../../../../errors.ts';
import { originOf } from '../../../origin-of.ts';

/** The `SMTP_OAUTH_` variables as they were given. */
export interface OAuthConfig {
  readonly clientId: string;
  /** A secret. Null for an application that has none, which a refresh token is enough for. */
  readonly clientSecret: string | null;
  /** A secret. Null: the application logs in as itself (client credentials). */
  readonly refreshToken: string | null;
  /** Of Microsoft: the directory, as an id or a domain. */
  readonly tenant: string | null;
  /** Null: by the host of `SMTP_URL`. */
  readonly tokenUrl: string | null;
  readonly scope: string | null;
}

/** How a token is asked for (RFC 6749, sections 4.4 and 6). */
export interface TokenRequest {
  readonly origin: string;
  readonly path: string;
  /** Without the refresh token. */
  readonly form: Readonly<Record<string, string>>;
}

const NAMES = ['CLIENT_ID', 'CLIENT_SECRET', 'REFRESH_TOKEN', 'TENANT', 'TOKEN_URL', 'SCOPE'] as const;
const GUIDE = 'docs/guides/email.md says how it is made.';

/** @returns null: the login is the password of `SMTP_URL`. @throws TidingsError `configuration` when they do not go together */
export function readOAuth(get: (name: string) => string | null): OAuthConfig | null {
  const given = NAMES.find((name) => get(`SMTP_OAUTH_${name}`) !== null);
  if (given === undefined) return null;
  const clientId = get('SMTP_OAUTH_CLIENT_ID');
  if (clientId === null) throw wrong(`SMTP_OAUTH_${given} is set, but SMTP_OAUTH_CLIENT_ID is not.`, GUIDE);
  const [clientSecret, refreshToken] = [get('SMTP_OAUTH_CLIENT_SECRET'), get('SMTP_OAUTH_REFRESH_TOKEN')];
  if (clientSecret === null && refreshToken === null) {
    const what = 'neither SMTP_OAUTH_REFRESH_TOKEN nor SMTP_OAUTH_CLIENT_SECRET';
    throw wrong(`SMTP_OAUTH_CLIENT_ID is set, but ${what}.`, GUIDE);
  }
  return {
    clientId,
    clientSecret,
    refreshToken,
    tenant: get('SMTP_OAUTH_TENANT'),
    tokenUrl: get('SMTP_OAUTH_TOKEN_URL'),
    scope: get('SMTP_OAUTH_SCOPE'),
  };
}

/**
 * Where tokens for a relay come from: what is given, and for the relays of Google and Microsoft what is usual there.
 * @param host of `SMTP_URL`
 * @throws TidingsError `configuration`, naming the variable that is missing or wrong and never a secret
 */
export function tokenRequest(config: OAuthConfig, host: string): TokenRequest {
  const usual = usualFor(config, host);
  const address = config.tokenUrl ?? usual?.tokenUrl;
  if (address === undefined)
    throw wrong(
      `SMTP_OAUTH_TOKEN_URL is not set, and ${host} is none of the relays whose address is known.`,
      'Set it to the token endpoint of your provider.',
    );
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url) throw wrong('SMTP_OAUTH_TOKEN_URL is no web address.', 'Write it as https://…/token.');
  const { clientId, clientSecret, refreshToken } = config;
  const scope = config.scope ?? usual?.scope;
  return {
    origin: originOf('SMTP_OAUTH_TOKEN_URL', address, 'the one that the relay has'),
    path: url.pathname,
    form: {
      grant_type: refreshToken === null ? 'client_credentials' : 'refresh_token',
      client_id: clientId,
      ...(clientSecret !== null && { client_secret: clientSecret }),
      ...(scope !== undefined && { scope }),
    },
  };
}

function usualFor(
  { refreshToken, tenant, tokenUrl }: OAuthConfig,
  host: string,
): { tokenUrl: string; scope?: string } | null {
  if (/(^|\.)(gmail|google|googlemail)\.com$/i.test(host)) {
    if (refreshToken === null && tokenUrl === null)
      throw wrong(
        'SMTP_OAUTH_REFRESH_TOKEN is not set: Google lets no application log in to a mailbox as itself.',
        GUIDE,
      );
    return { tokenUrl: 'https://oauth2.googleapis.com/token' };
  }
  if (!/(^|\.)(office365|outlook|office)\.com$/i.test(host)) return null;
  if (refreshToken === null && tenant === null && tokenUrl === null)
    throw wrong(
      'SMTP_OAUTH_TENANT is not set: an application that logs in as itself belongs to one directory.',
      'Set it to the "Directory (tenant) ID" of the application in Microsoft Entra.',
    );
  if (tenant !== null && !/^[\w.-]{1,253}$/.test(tenant))
    throw wrong(`SMTP_OAUTH_TENANT is "${tenant}", which is neither an id nor a domain.`, GUIDE);
  return {
    tokenUrl: `https://login.microsoftonline.com/${tenant ?? 'common'}/oauth2/v2.0/token`,
    scope:
      refreshToken === null
        ? 'https://outlook.office365.com/.default'
        : 'https://outlook.office.com/SMTP.Send offline_access',
  };
}

function wrong(message: string, fix: string): TidingsError {
  return new TidingsError('configuration', message, { fix });
}
