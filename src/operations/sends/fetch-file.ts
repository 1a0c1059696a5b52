import { lookup as lookUp } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import { TidingsError } from '../../errors.ts';
import { isPublicAddress } from '../../public-address.ts';
import { untilAny } from '../../until-any.ts';

export interface FetchedFile {
  readonly bytes: Buffer;
  readonly contentType: string | null;
  /** Of the address; empty: it has none. */
  readonly filename: string;
}

/** What tests put in the place of the world. */
export interface World {
  readonly isPublic: (address: string) => boolean;
  readonly ca?: string;
  readonly lookup: typeof lookUp;
}

const LONGEST_MS = 20_000;
const MOST_REDIRECTS = 3;

const WORLD: World = { isPublic: isPublicAddress, lookup: lookUp };

/**
 * A file from the web. Whoever calls may be a program that does what a stranger wrote: only https, only public addresses
 * (looked at where the connection is made, so that no name changes between), and no more than `most` octets.
 * @throws TidingsError `invalid_argument`
 */
export async function fetchFile(
  url: string,
  most: number,
  signal: AbortSignal | undefined,
  world: World = WORLD,
  mostRedirects = MOST_REDIRECTS,
): Promise<FetchedFile> {
  // Loaded where a file is fetched: it is a hundred modules.
  const { Agent } = await import('undici');
  const agent = new Agent({
    connect: { lookup: onlyPublic(world), timeout: LONGEST_MS, ...(world.ca && { ca: world.ca }) },
  });
  const limit = untilAny(AbortSignal.timeout(LONGEST_MS), ...(signal ? [signal] : []));
  try {
    let at = read(url, world);
    for (let redirects = 0; ; redirects++) {
      const answer = await agent.request({
        origin: at.origin,
        path: at.pathname + at.search,
        method: 'GET',
        headers: { accept: '*/*' },
        signal: limit.signal,
      });
      const { statusCode, headers } = answer;
      const to = headers['location'];
      if (statusCode >= 300 && statusCode < 400 && typeof to === 'string' && redirects < mostRedirects) {
        await answer.body.dump();
        at = read(URL.canParse(to, at.href) ? new URL(to, at).href : to, world);
        continue;
      }
      if (statusCode !== 200) throw refused(url, `answered ${statusCode}`);
      if (headers['content-encoding'] !== undefined)
        throw refused(url, 'answered in an encoding that was not asked for');
      return {
        ...fileAt(at),
        contentType: typeOf(headers['content-type']),
        bytes: await bytesOf(answer, most, url),
      };
    }
  } catch (error) {
    if (error instanceof TidingsError) throw error;
    const { code, name } = error as NodeJS.ErrnoException;
    throw refused(url, `could not be read (${code ?? name})`, error);
  } finally {
    limit.end();
    await agent.destroy();
  }
}

function read(url: string, { isPublic }: World): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== 'https:' || parsed.username || parsed.password)
    throw refused(url, 'is no https:// address without a password');
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  // An address is connected to without being looked up.
  if (isIP(host) && !isPublic(host)) throw refused(url, NOT_THERE);
  return parsed;
}

const NOT_THERE = 'leads to a private address';

function onlyPublic({ isPublic, lookup }: World): LookupFunction {
  return (host, options, done) =>
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, '');
      const allowed = addresses.filter(({ address }) => isPublic(address));
      const [first] = allowed;
      if (!first) return done(refused(host, NOT_THERE), '');
      if (options.all) return done(null, allowed);
      done(null, first.address, first.family);
    });
}

async function bytesOf({ body }: Dispatcher.ResponseData, most: number, url: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) throw refused(url, `has more than the ${Math.floor(most / 1024)} kB that are left`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function fileAt({ pathname }: URL): { filename: string } {
  const last = pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return { filename: decodeURIComponent(last) };
  } catch {
    return { filename: last };
  }
}

function typeOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header.split(';')[0]!.trim().toLowerCase() : null;
}

/** Only where it was to come from is told: what stands behind an address is none of the caller's business. */
function refused(url: string, why: string, cause?: unknown): TidingsError {
  const host = URL.canParse(url) ? new URL(url).host : url;
  return new TidingsError('invalid_argument', `The attachment at ${host.slice(0, 100)} ${why}.`, {
    fix: 'Give a public https:// address, or the file itself as content. Nothing was sent.',
    cause,
  });
}
