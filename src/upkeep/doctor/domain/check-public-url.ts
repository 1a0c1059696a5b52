import { isLoopback } from '../../../providers/is-loopback.ts';
import { isPublicAddress } from '../../../public-address.ts';
import { bad, type Check, good } from '../check.ts';
import { isReserved, type Names } from './names.ts';

const NAME = 'public url';
const ANSWER_MS = 4_000;

/**
 * Whether a mail program that presses "unsubscribe" would get through: the name leads here from outside, and a POST to
 * `/u/…` is answered with 200 and no redirect (RFC 8058). The token asked about is nobody's.
 */
export async function checkPublicUrl(publicUrl: string | null, names: Names): Promise<Check[]> {
  if (publicUrl === null) return [];
  const { hostname } = new URL(publicUrl);
  if (isLoopback(hostname) || isReserved(hostname)) return [];
  const addresses = await names.addresses(hostname);
  if (addresses?.length === 0)
    return [
      bad(
        NAME,
        `PUBLIC_URL names ${hostname}, which has no address`,
        'Correct it, or add its A or AAAA record.',
      ),
    ];
  if (addresses && !addresses.some(isPublicAddress))
    return [
      bad(
        NAME,
        `${hostname} leads to ${addresses[0]}, which nobody outside your network can reach`,
        'Readers leave and providers report by PUBLIC_URL: give one that leads here from outside.',
      ),
    ];
  return [await pressUnsubscribe(publicUrl, hostname)];
}

async function pressUnsubscribe(publicUrl: string, hostname: string): Promise<Check> {
  try {
    const { request } = await import('undici');
    const { statusCode, body } = await request(new URL('/u/is-anybody-there', publicUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'List-Unsubscribe=One-Click',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await body.dump();
    if (statusCode === 200)
      return good(
        NAME,
        `one click to leave is answered at ${hostname}, with its certificate as it should be`,
      );
    const why =
      statusCode >= 300 && statusCode < 400
        ? 'mail programs follow no redirect'
        : 'something else answers there';
    return bad(
      NAME,
      `a click to leave is answered with ${statusCode} at ${hostname}: ${why}`,
      'Let the proxy hand /u/ and /webhooks/ to this server as they come.',
    );
  } catch (error) {
    const { code = '', name } =
      (error as { cause?: NodeJS.ErrnoException }).cause ?? (error as NodeJS.ErrnoException);
    if (/CERT|TLS|SSL|ALTNAME|SIGNED|ISSUER/i.test(code))
      return bad(
        NAME,
        `the certificate at ${hostname} is not one that mail programs accept (${code})`,
        'Renew it, or let the proxy send its whole chain.',
      );
    const said = name === 'TimeoutError' ? 'nothing within 4 s' : code || name;
    return {
      name: NAME,
      ok: null,
      detail: `${hostname} does not answer from here (${said}): start the server and look again, or look from outside`,
    };
  }
}
