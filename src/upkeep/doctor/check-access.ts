import { type Config, openTo } from '../../config.ts';
import type { Check } from './check.ts';
import { good, warning } from './check.ts';

/** Who can call this server. What must not be, an open server without a key, is refused when the variables are read. */
export function checkAccess({ apiKey, host, publicUrl, email, whatsapp, twilio }: Config): Check {
  const name = 'access';
  const open = openTo(host, publicUrl);
  if (apiKey !== null) {
    const where = open === null ? 'from this machine only' : `from other machines too (${open})`;
    return good(name, `callers need the key, and come ${where}`);
  }
  const only =
    'no key: programs of this machine only; what came through a proxy or from another site is refused';
  if (email === null && whatsapp === null && twilio === null) return good(name, only);
  return warning(
    name,
    `${only}. Everybody who can log in to this machine can send`,
    'Set TIDINGS_API_KEY to a long random text, such as that of: openssl rand -hex 32.',
  );
}
