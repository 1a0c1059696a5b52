import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** What name servers tell. Each answer is empty where there is nothing, and null where nobody could be asked. */
export interface Names {
  /** The TXT records at a name, each as one text. */
  texts(name: string): Promise<string[] | null>;
  /** Of both families. */
  addresses(name: string): Promise<string[] | null>;
  mailHosts(name: string): Promise<{ readonly priority: number; readonly exchange: string }[] | null>;
  /** The names that an address has. */
  hosts(address: string): Promise<string[] | null>;
}

/** A name server that says nothing holds up the rest no longer than this, however many questions there are. */
const ALL_MS = 5_000;

/** The name servers of this machine, or others. Whoever asks once more than five seconds after the first question gets null. */
export function systemNames(servers?: readonly string[]): Names {
  const resolver = new Resolver({ timeout: 1_500, tries: 2 });
  if (servers) resolver.setServers(servers);
  let [hasBegun, isOver] = [false, false];
  const ask = async <T>(question: () => Promise<T[]>): Promise<T[] | null> => {
    if (isOver) return null;
    if (!hasBegun)
      setTimeout(() => {
        isOver = true;
        resolver.cancel();
      }, ALL_MS).unref();
    hasBegun = true;
    try {
      return await question();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : null;
    }
  };
  return {
    texts: (name) => ask(async () => (await resolver.resolveTxt(name)).map((parts) => parts.join(''))),
    mailHosts: (name) => ask(() => resolver.resolveMx(name)),
    hosts: (address) => ask(() => resolver.reverse(address)),
    async addresses(name) {
      if (isIP(name)) return [name];
      const found = await Promise.all([
        ask(() => resolver.resolve4(name)),
        ask(() => resolver.resolve6(name)),
      ]);
      const told = found.filter((one) => one !== null);
      return told.length === 0 ? null : told.flat();
    },
  };
}

/** Names that are kept for examples and tests (RFC 2606, 6761): no name server knows them. */
export function isReserved(domain: string): boolean {
  return /(?:^|\.)(?:example|test|invalid|localhost|local|internal|example\.(?:com|net|org))$/i.test(domain);
}

/** `v=DMARC1; p=none` as a map; the names of tags without case. */
export function tagsOf(record: string): Map<string, string> {
  return new Map(
    record.split(';').map((tag): [string, string] => {
      const equals = tag.indexOf('=');
      return [tag.slice(0, Math.max(equals, 0)).trim().toLowerCase(), tag.slice(equals + 1).trim()];
    }),
  );
}
