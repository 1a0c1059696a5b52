import { createPublicKey, type KeyObject } from 'node:crypto';
import type { DkimKey } from './dkim-settings.ts';

/** The DNS record of a key: what receivers check signatures with. */
export interface DkimRecord {
  /** `tidings._domainkey.example.com` */
  readonly name: string;
  readonly value: string;
  /** The value as a zone file has it: strings of at most 255 octets, which are read as one (RFC 6376, section 3.6.2.2). */
  readonly strings: readonly string[];
}

const STRING_OCTETS = 255;

export function dkimRecord({ algorithm, domain, selector, key }: DkimKey): DkimRecord {
  const kind = algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519';
  const value = `v=DKIM1; k=${kind}; p=${publicPart(key)}`;
  return {
    name: `${selector}._domainkey.${domain}`,
    value,
    strings: value.match(new RegExp(`.{1,${STRING_OCTETS}}`, 'g')) ?? [],
  };
}

/** `p=`: of RSA the whole SubjectPublicKeyInfo, of Ed25519 the bare 32 octets (RFC 8463, section 4). */
function publicPart(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return (key.asymmetricKeyType === 'ed25519' ? spki.subarray(-32) : spki).toString('base64');
}
