import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { Names } from './names.ts';

/** What is wrong with an SPF record, or what it comes to (RFC 7208). */
export interface SpfReading {
  /** The record itself; null: there is none. */
  readonly record: string | null;
  /** Questions to name servers that a receiver needs; over ten it gives up (section 4.6.4). */
  readonly lookups: number;
  /** Of them, those without an answer; over two it gives up. */
  readonly empty: number;
  /** Why receivers cannot use it. */
  readonly faults: readonly string[];
  readonly usesPtr: boolean;
  /** What it says of all others: `+`, `?`, `~`, `-`; null: nothing. */
  readonly all: string | null;
  /** Whether the address may send; null: none was given. */
  readonly covers: boolean | null;
}

export const MOST_LOOKUPS = 10;
export const MOST_EMPTY = 2;
const MOST_HOSTS = 10;
/** Counted no further: whoever has so many has to begin anew. */
const ENOUGH = 30;

const isSpf = (text: string) => /^v=spf1(?: |$)/i.test(text);

/**
 * Reads the SPF record of a domain as a receiver does, and all that it includes.
 * @param address that sends; it is looked for among those the record allows
 * @returns null when a name server did not answer
 */
export async function readSpf(
  domain: string,
  names: Names,
  address: string | null = null,
): Promise<SpfReading | null> {
  const walk = new Walk(names, address);
  const texts = await names.texts(domain);
  if (texts === null) return null;
  const records = texts.filter(isSpf);
  const [record = null] = records;
  if (records.length > 1)
    walk.faults.push(`there are ${records.length} of them, and receivers then take none`);
  else if (record !== null) await walk.read(record, domain, [domain.toLowerCase()], true);
  if (walk.isSilent) return null;
  const { lookups, empty, usesPtr, all, covers } = walk;
  const faults = [...new Set(walk.faults)];
  if (lookups > MOST_LOOKUPS)
    faults.push(
      `receivers need ${lookups >= ENOUGH ? `${ENOUGH} or more` : lookups} questions to read it, and give up after ${MOST_LOOKUPS}`,
    );
  if (empty > MOST_EMPTY)
    faults.push(`${empty} of its names are empty, and receivers give up after ${MOST_EMPTY}`);
  return { record, lookups, empty, faults, usesPtr, all, covers: address === null ? null : covers };
}

class Walk {
  lookups = 0;
  empty = 0;
  usesPtr = false;
  all: string | null = null;
  covers = false;
  isSilent = false;
  readonly faults: string[] = [];
  readonly #names: Names;
  readonly #address: string | null;

  constructor(names: Names, address: string | null) {
    this.#names = names;
    this.#address = address;
  }

  async read(record: string, domain: string, path: readonly string[], isOwn: boolean): Promise<void> {
    let redirect: string | null = null;
    for (const term of record.trim().split(/\s+/).slice(1)) {
      const modifier = /^([a-z][a-z0-9_.-]*)=(.*)$/i.exec(term);
      if (modifier) {
        if (modifier[1]!.toLowerCase() === 'redirect') redirect = modifier[2]!;
        continue;
      }
      const [, sign = '', name = '', value, cidr = ''] =
        /^([+?~-]?)([a-z0-9]+)(?::([^/\s]+(?:\/(?![\d/])[^/]*)*|[0-9a-f:.]+))?((?:\/\d+)?(?:\/\/\d+)?)$/i.exec(
          term,
        ) ?? [];
      const kind = name.toLowerCase();
      if (kind === 'all') {
        if (isOwn) this.all = sign || '+';
        // What comes behind it is not read.
        return;
      }
      if (this.lookups >= ENOUGH) return;
      await this.#mechanism(kind, value, cidr, { term, domain, path });
      if (this.isSilent) return;
    }
    if (redirect !== null) await this.#include(redirect, path, isOwn);
  }

  async #mechanism(
    kind: string,
    value: string | undefined,
    cidr: string,
    at: { term: string; domain: string; path: readonly string[] },
  ): Promise<void> {
    // A macro differs from message to message.
    const isMacro = value?.includes('%') ?? false;
    switch (kind) {
      case 'ip4':
      case 'ip6':
        if (value === undefined || !(kind === 'ip4' ? isIPv4(value) : isIPv6(value)))
          this.faults.push(`"${at.term}" has no address`);
        else this.#compare([value], cidr, kind === 'ip6');
        return;
      case 'include':
        if (value === undefined) this.faults.push(`"${at.term}" names no domain`);
        else if (isMacro) this.lookups += 1;
        else await this.#include(value, at.path, false);
        return;
      case 'a':
      case 'exists':
      case 'mx':
        this.lookups += 1;
        if (isMacro) return;
        if (kind === 'mx') await this.#mailHosts(value ?? at.domain, cidr);
        else this.#found(await this.#names.addresses(value ?? at.domain), cidr, kind === 'a');
        return;
      case 'ptr':
        this.lookups += 1;
        this.usesPtr = true;
        return;
      default:
        this.faults.push(`"${at.term}" is not of the language of SPF`);
    }
  }

  async #include(domain: string, path: readonly string[], isOwn: boolean): Promise<void> {
    this.lookups += 1;
    const name = domain.toLowerCase();
    if (path.includes(name)) {
      this.faults.push(`${domain} includes itself`);
      return;
    }
    const texts = await this.#names.texts(domain);
    if (texts === null) {
      this.isSilent = true;
      return;
    }
    const records = texts.filter(isSpf);
    if (records.length === 1) return this.read(records[0]!, domain, [...path, name], isOwn);
    if (texts.length === 0) this.empty += 1;
    this.faults.push(
      `it includes ${domain}, which has ${records.length === 0 ? 'no SPF record' : `${records.length} SPF records`}`,
    );
  }

  async #mailHosts(domain: string, cidr: string): Promise<void> {
    const hosts = await this.#names.mailHosts(domain);
    if (hosts === null || hosts.length === 0) {
      this.#found(hosts === null ? null : [], cidr, false);
      return;
    }
    if (hosts.length > MOST_HOSTS) this.faults.push(`${domain} has more than ${MOST_HOSTS} mail hosts`);
    for (const { exchange } of hosts.slice(0, MOST_HOSTS))
      this.#compare((await this.#names.addresses(exchange)) ?? [], cidr);
  }

  #found(addresses: readonly string[] | null, cidr: string, allows: boolean): void {
    if (addresses === null) this.isSilent = true;
    else if (addresses.length === 0) this.empty += 1;
    else if (allows) this.#compare(addresses, cidr);
  }

  #compare(addresses: readonly string[], cidr: string, isIp6 = false): void {
    if (this.#address === null || this.covers) return;
    const [, first = '', second] = /^(?:\/(\d+))?(?:\/\/(\d+))?$/.exec(cidr) ?? [];
    const four = isIp6 ? '' : first;
    const six = isIp6 ? first : (second ?? '');
    const allowed = new BlockList();
    for (const address of addresses) {
      const [length, most] = isIPv4(address) ? [four, 32] : [six, 128];
      const bits = length === '' ? most : Number(length);
      if (bits <= most) allowed.addSubnet(address, bits, isIPv4(address) ? 'ipv4' : 'ipv6');
    }
    this.covers = allowed.check(this.#address, isIPv4(this.#address) ? 'ipv4' : 'ipv6');
  }
}
