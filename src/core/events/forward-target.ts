import { TidingsError } from '../../errors.ts';

/** Where events are passed on to, and what they are signed with. */
export interface ForwardTarget {
  readonly url: string;
  /** `whsec_` and 24 to 64 octets in base64, as Standard Webhooks has it. */
  readonly secret: string;
}

const MAKE_SECRET = 'Set EVENTS_FORWARD_SECRET to whsec_ and the output of: openssl rand -base64 32.';

/** @throws TidingsError `configuration`, naming the variable and never the secret. */
export function parseForwardTarget(
  url: string | null,
  secret: string | null,
  isLoopback: (host: string) => boolean,
): ForwardTarget | null {
  if (url === null) return null;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isSafe =
    parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && isLoopback(parsed.hostname));
  if (!isSafe || parsed.username || parsed.password)
    throw new TidingsError('configuration', 'EVENTS_FORWARD_URL is no address that events may be sent to.', {
      fix: 'Write it with https://, without a password in it; http:// is for this machine.',
    });
  if (secret === null)
    throw new TidingsError('configuration', 'EVENTS_FORWARD_URL is set, but EVENTS_FORWARD_SECRET is not.', {
      fix: MAKE_SECRET,
    });
  const octets = Buffer.from(secret.replace(/^whsec_/, ''), 'base64').length;
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret) || octets < 24 || octets > 64)
    throw new TidingsError(
      'configuration',
      'EVENTS_FORWARD_SECRET is not whsec_ and 24 to 64 octets in base64.',
      { fix: MAKE_SECRET },
    );
  return { url, secret };
}
