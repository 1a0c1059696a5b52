import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RawRequest } from '../../../../core/events/event-source.ts';

/**
 * Whether Twilio made a request (Twilio: "Webhooks security"): base64 of HMAC-SHA1, by the auth token, over the address that
 * Twilio called and the names and values of the form, sorted. Of a body that is no form the query has the hash, and the
 * address alone is signed. `publicUrl` is where Twilio calls: behind a proxy the request itself does not know it.
 */
export function isSignedByTwilio(request: RawRequest, publicUrl: string, authToken: string): boolean {
  const given = Buffer.from(request.headers['x-twilio-signature'] ?? '', 'base64');
  if (given.length !== 20) return false;
  const base = publicUrl.replace(/\/+$/, '');
  const bodyHash = new URL(request.url, base).searchParams.get('bodySHA256');
  if (bodyHash !== null && !isHashOf(request.rawBody, bodyHash)) return false;
  const signed = bodyHash === null ? sortedForm(request.rawBody) : '';
  // One of two, without leaving early: Twilio signs with or without the standard port, as its edge sees the address.
  return addressesOf(base + request.url)
    .map((address) =>
      createHmac('sha1', authToken)
        .update(address + signed)
        .digest(),
    )
    .map((own) => timingSafeEqual(given, own))
    .includes(true);
}

function addressesOf(address: string): string[] {
  const { protocol, host, hostname, port } = new URL(address);
  const behind = address.slice(address.indexOf('//') + 2).replace(/^[^/?#]*/, '');
  const standard = protocol === 'https:' ? '443' : '80';
  const hosts = port === '' ? [host, `${hostname}:${standard}`] : [host, hostname];
  return hosts.map((one) => `${protocol}//${one}${behind}`);
}

/** What Twilio adds to a form appears unannounced: whatever came is signed. */
function sortedForm(body: Buffer): string {
  const values = new Map<string, Set<string>>();
  for (const [name, value] of new URLSearchParams(body.toString('utf8')))
    values.set(name, (values.get(name) ?? new Set()).add(value));
  return [...values.keys()]
    .sort()
    .map((name) =>
      [...values.get(name)!]
        .sort()
        .map((value) => name + value)
        .join(''),
    )
    .join('');
}

function isHashOf(body: Buffer, given: string): boolean {
  const hash = createHash('sha256').update(body).digest();
  const told = Buffer.from(given, 'hex');
  return told.length === hash.length && timingSafeEqual(told, hash);
}
