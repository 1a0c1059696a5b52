import { domainToASCII, domainToUnicode } from 'node:url';
import type { ChannelName } from '../channel.ts';
import { normalizePhone } from './phone.ts';

export { isCountryCode, normalizePhone } from './phone.ts';

/** A contact read into the one form that tells people apart, or why it cannot be used and what to do. */
export type Normalized =
  | {
      readonly ok: true;
      /** The key: one for all spellings of a contact. */
      readonly value: string;
      /** The number to dial where that is another one than the key. */
      readonly dial?: string;
      /** It can be used, and perhaps it should not be as it stands. */
      readonly warning?: string;
    }
  | { readonly ok: false; readonly reason: string };

// RFC 5321 §4.5.3.1: 64 octets before the @, 254 for the whole path without its brackets.
const MAX_LOCAL_BYTES = 64;
const MAX_ADDRESS_BYTES = 254;
/** Characters of no spelling of such an address. To bring accents in order takes the square of their number. */
const MAX_SPELLING = 1_000;
/** RFC 5322 dot-atom, with the letters of every language (RFC 6531). Quoted local parts are not used by people. */
const LOCAL = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
/** RFC 1035 §2.3.4 and RFC 1123 §2.1: what a host name in ASCII may look like. */
const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const MAX_LABEL = 63;
/** The last label of an IP number, also of one written as 0x7f.1: resolvers read it as a number (WHATWG URL §3.5). */
const NUMBER = /^(\d+|0x[0-9a-f]*)$/;
/** What comes along when an address is copied from a page, and nobody sees: directions, zero-width spaces, a BOM. */
const UNSEEN = /\p{Cf}/u;

/** An address with a name before it; more is a text. */
const LONGEST_CELL = 2_000;

/** As most are: nothing around it to take off. */
const PLAIN_EMAIL = /^[a-z0-9][a-z0-9._+-]*@[a-z0-9][a-z0-9.-]*[a-z0-9]$/i;
/** Said of which address it is, and nothing else: (unsubscribed) behind one is no such word. */
const WHICH =
  /\s*[([](?:work|home|personal|private|office|business|main|primary|other|trabajo|casa|privado|oficina|arbeit|privat|travail|bureau|lavoro|arbete)[)\]]$/iu;

/**
 * The key of a contact on a channel: what duplicates, suppressions and the provider's envelope go by. Nothing else may
 * decide whether two contacts are the same.
 */
export function normalizeContact(
  channel: ChannelName,
  raw: string,
  defaultCountry: string | null,
): Normalized {
  return NORMALIZERS[channel](raw, defaultCountry);
}

const NORMALIZERS: {
  readonly [Name in ChannelName]: (raw: string, defaultCountry: string | null) => Normalized;
} = { email: normalizeEmail, whatsapp: normalizePhone };

/**
 * Reads an email address, also as `mailto:a@b` or `Name <a@b>`. Two spellings of one mailbox must be one person, who
 * is written to once and not at all after an opt-out. So the domain is in the ASCII form that goes over the wire, and
 * before the @, compatibility forms (full-width letters, ligatures) and case are folded: RFC 5321 lets a server tell
 * `Ann@` from `ann@`, none in the field does.
 */
export function normalizeEmail(raw: string): Normalized {
  if (isUsualKey(raw)) return { ok: true, value: raw };
  if (raw.length > LONGEST_CELL) return bad(`longer than ${MAX_ADDRESS_BYTES} bytes`);
  const text = PLAIN_EMAIL.test(raw) ? raw : unwrapped(raw);
  const at = text.lastIndexOf('@');
  if (at < 0) return bad('there is no @ in it');
  if (text.length > MAX_SPELLING) return bad(`longer than ${MAX_ADDRESS_BYTES} bytes`);
  if (/[\s,;]/.test(text)) return bad('there is a space or comma in it; give one address');
  const local = foldLocal(text.slice(0, at));
  // Quotes within quotes, or a full-width one: what stands around the address is taken away once more.
  if (local.startsWith("'")) return normalizeEmail(`${local}${text.slice(at)}`);
  if (!LOCAL.test(local)) return bad('what stands before the @ is not of the form of an address');
  const given = text.slice(at + 1);
  if (given === '') return bad('there is no domain after the @');
  const domain = asciiDomain(given);
  if (domain === null) return bad(`"${given}" is not a domain`);
  const labels = domain.split('.');
  if (NUMBER.test(labels.at(-1)!)) return bad('an address at a bare IP number is not accepted');
  if (labels.length < 2) return bad(`"${given}" is not a whole domain, as example.com is`);
  if (Buffer.byteLength(local) > MAX_LOCAL_BYTES)
    return bad(`more than ${MAX_LOCAL_BYTES} bytes before the @`);
  const value = `${local}@${domain}`;
  if (Buffer.byteLength(value) > MAX_ADDRESS_BYTES) return bad(`longer than ${MAX_ADDRESS_BYTES} bytes`);
  return { ok: true, value };
}

const USUAL_KEY = /^[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;

/** What nearly every address is once it was read: asked for each message, it costs a tenth of reading it again. */
function isUsualKey(text: string): boolean {
  return (
    text.length <= MAX_ADDRESS_BYTES &&
    text.indexOf('@') <= MAX_LOCAL_BYTES &&
    !text.includes('xn--') &&
    USUAL_KEY.test(text)
  );
}

/**
 * A domain as it goes over the wire: ASCII and lower case by UTS 46 (not transitional: ß stays a letter of its own),
 * without the dot of the root. Null when it is none.
 */
export function asciiDomain(given: string): string | null {
  if (given.length > MAX_SPELLING) return null;
  // `domainToASCII` reads its argument as the host of a URL: %61, a port or a path must not get that far.
  if (/[^a-z0-9.\u0080-\uffff-]/i.test(given)) return null;
  let domain = given.toLowerCase();
  if (!isPlain(domain)) {
    domain = domainToASCII(given);
    // An `xn--` label that stands for nothing, or for what is written otherwise, is nobody's name.
    const meant = domainToUnicode(domain);
    if (meant.includes('xn--') || domainToASCII(meant) !== domain) return null;
  }
  if (domain.endsWith('.')) domain = domain.slice(0, -1);
  const isHostName = domain.split('.').every((label) => label.length <= MAX_LABEL && LABEL.test(label));
  return isHostName ? domain : null;
}

/** Whether UTS 46 has nothing to do: most domains, and the mapping costs a microsecond for each message. */
function isPlain(domain: string): boolean {
  return /^[a-z0-9.-]*$/.test(domain) && !domain.includes('xn--');
}

/** An address out of what spreadsheets, mail programs and people put around it. */
function unwrapped(raw: string): string {
  let text = trimUnseen(
    trimUnseen(raw)
      .replace(/^="(.*)"$/, '$1')
      .replaceAll('＠', '@'),
  );
  text = trimUnseen(text.replace(/^[([«](.*)[)\]»]$/, '$1'));
  if (text.startsWith("'")) text = trimUnseen(text.slice(1).replace(/'$/, ''));
  text = trimUnseen(text.replace(WHICH, '').replace(/[,;:'"’”]+$/, ''));
  if (/[^.]\.$/.test(text)) text = text.slice(0, -1);
  const open = text.lastIndexOf('<');
  if (open >= 0 && text.endsWith('>')) text = trimUnseen(text.slice(open + 1, -1));
  // An address within quotes, not a quoted part before the @.
  text = text.replace(/^["'“‘](.*)$/, (whole, inner: string) => (inner.includes('"@') ? whole : inner));
  text = text.replace(/^(?:e-?mail|correo|mail|work|home)\s*:\s*(?=\S+@)/iu, '');
  return text.replace(/^(mailto:[^?]*)\?[a-z]+=.*$/i, '$1').replace(/^mailto:/i, '');
}

function foldLocal(local: string): string {
  if (/^[a-z0-9._+-]*$/.test(local)) return local;
  // Lower case can decompose (İ), and what it makes is composed again: folding twice changes nothing.
  return local.normalize('NFKC').toLowerCase().normalize('NFKC');
}

function trimUnseen(text: string): string {
  let [from, to] = [0, text.length];
  const isUnseen = (at: number) => UNSEEN.test(text[at]!) || text[at]!.trim() === '';
  while (from < to && isUnseen(from)) from += 1;
  while (to > from && isUnseen(to - 1)) to -= 1;
  return text.slice(from, to);
}

function bad(reason: string): Normalized {
  return { ok: false, reason };
}
