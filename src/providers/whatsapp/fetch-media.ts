import { type LookupAddress, lookup as resolveName } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { basename } from 'node:path';
import { Agent, fetch } from 'undici';
import type { Answered } from '../../core/templates/template-registry.ts';
import { isLoopback } from '../is-loopback.ts';

export interface MediaFile {
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly name: string;
}

const MB = 1024 * 1024;
/** What WhatsApp takes, and how large (Cloud API, "Supported media types"). */
const TYPES: Readonly<Record<string, number>> = {
  'image/jpeg': 5 * MB,
  'image/png': 5 * MB,
  'video/mp4': 16 * MB,
  'video/3gpp': 16 * MB,
  'application/pdf': 100 * MB,
};
const LONGEST_MS = 60_000;

/** Networks that only this machine and its neighbours reach: what stands there is nobody's to send to others. */
const PRIVATE = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  PRIVATE.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  PRIVATE.addSubnet(net, prefix, 'ipv6');

/**
 * A file from its address. Whoever writes a message cannot make this server read what is behind its firewall: private
 * addresses are refused, but where the provider is a server on this machine as well.
 */
export async function fetchMedia(address: string, providerOrigin: string): Promise<Answered<MediaFile>> {
  const url = URL.canParse(address) ? new URL(address) : null;
  const isLocal = isLoopback(new URL(providerOrigin).hostname);
  if (!url || url.username || (url.protocol !== 'https:' && !(isLocal && url.protocol === 'http:')))
    return refused('media_address', `"${address.slice(0, 100)}" is no https:// address of a file.`);
  if (!isLocal && (await isPrivate(url.hostname)))
    return refused(
      'media_address',
      `${url.hostname} is an address of a private network: give one that others reach.`,
    );
  try {
    // A redirect would lead where nobody looked.
    const answer = await fetch(url, {
      redirect: 'error',
      signal: AbortSignal.timeout(LONGEST_MS),
      ...(!isLocal && { dispatcher: PUBLIC_ONLY }),
    });
    const type = (answer.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
    const most = TYPES[type];
    if (!answer.ok)
      return refused('media_missing', `${url.hostname} answered ${answer.status} for the file.`);
    if (most === undefined)
      return refused(
        'media_type',
        `The file is of type "${type}", and WhatsApp takes ${Object.keys(TYPES).join(', ')}.`,
      );
    const bytes = await readUpTo(answer, most);
    if (bytes === null) return refused('media_size', `The file is larger than ${most / MB} MB.`);
    return { ok: true, value: { bytes, type, name: basename(url.pathname) || 'file' } };
  } catch {
    return {
      ok: false,
      problem: {
        kind: 'later',
        code: 'media_unreachable',
        message: `The file at ${url.hostname} cannot be read now.`,
      },
    };
  }
}

async function readUpTo(answer: Awaited<ReturnType<typeof fetch>>, most: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += chunk.length;
    if (size > most) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A name may lead somewhere else by the time that it is connected to: it is looked at then, too. */
const PUBLIC_ONLY = new Agent({
  connections: 4,
  connect: {
    lookup: (hostname, options, done) =>
      resolveName(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
        if (error) return done(error, [] as never);
        const isBad = found.some(({ address, family }) =>
          PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4'),
        );
        if (isBad) return done(new Error('an address of a private network'), [] as never);
        const [first] = found;
        if (options.all) done(null, found as never);
        else done(null, first!.address as never, first!.family);
      }),
  },
});

async function isPrivate(hostname: string): Promise<boolean> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const found = isIP(host)
    ? [{ address: host, family: isIP(host) }]
    : await lookup(host, { all: true }).catch(() => []);
  return found.some(({ address, family }) => PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4'));
}

function refused(code: string, message: string): Answered<never> {
  return { ok: false, problem: { kind: 'refused', code, message } };
}
