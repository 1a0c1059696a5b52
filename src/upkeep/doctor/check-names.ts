import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from './check.ts';
import { bad, good } from './check.ts';

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
