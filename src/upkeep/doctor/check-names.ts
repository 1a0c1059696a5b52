import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from './check.ts';
import { bad, good, warning } from './check.ts';

/** A name server that says nothing must not hold up the rest. */
const ANSWER_MS = 2_500;

/**
 * Whether a host has an address, asked as a connection asks.
 * @param variable names the host
 */
export async function checkHost(
  name: string,
  host: string,
  variable: string,
  find: (host: string, options: { all: true }) => Promise<readonly unknown[]> = lookup,
): Promise<Check> {
  if (isIP(host)) return good(name, `${host} is an address`);
  const over = new AbortController();
  try {
    const late = sleep(ANSWER_MS, null, { signal: over.signal }).catch(() => null);
    const found = await Promise.race([find(host, { all: true }), late]);
    if (found)
      return good(name, `${host} has ${found.length === 1 ? 'an address' : `${found.length} addresses`}`);
    const fix = 'Check the network and the name servers of this machine (/etc/resolv.conf).';
    return bad(name, `no name server told the address of ${host} within ${ANSWER_MS / 1_000} s`, fix);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND')
      return bad(
        name,
        `there is no host ${host}`,
        `Correct ${variable}, or the name servers of this machine.`,
      );
    return bad(
      name,
      `the address of ${host} cannot be found (${code})`,
      'Check the network and the name servers.',
    );
  } finally {
    over.abort();
  }
}

/** What receivers ask about a domain that mail comes from. A hint: mail leaves without it, and is trusted less. */
export async function checkMailDomain(
  name: string,
  domain: string,
  nameServers?: readonly string[],
): Promise<Check> {
  const resolver = new Resolver({ timeout: ANSWER_MS / 2, tries: 1 });
  if (nameServers) resolver.setServers(nameServers);
  const timer = setTimeout(() => resolver.cancel(), ANSWER_MS);
  try {
    const [texts, servers] = await Promise.all([
      answerOf(resolver.resolveTxt(domain)),
      answerOf(resolver.resolveMx(domain)),
    ]);
    if (texts === null || servers === null)
      return { name, ok: null, detail: `the name servers did not tell about ${domain}` };
    const missing = [
      !texts.some((parts) => /^v=spf1( |$)/i.test(parts.join(''))) && 'SPF (a TXT record "v=spf1 …")',
      servers.length === 0 && 'MX (nobody can answer, and bounces get lost)',
    ].filter((one) => one !== false);
    if (missing.length === 0) return good(name, `${domain} has SPF and MX records`);
    const fix = `Add ${missing.length === 1 ? 'it' : 'them'} to the domain; your provider of mail says what belongs in.`;
    return warning(name, `${domain} has no ${missing.join(' and no ')}: more mail is taken for spam`, fix);
  } finally {
    clearTimeout(timer);
  }
}

/** An empty list when there is none, null when nobody could be asked. */
async function answerOf<T>(asked: Promise<T[]>): Promise<T[] | null> {
  try {
    return await asked;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : null;
  }
}
