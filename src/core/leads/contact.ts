import { createRequire } from 'node:module';

/** Loaded with the first phone: the numbering plans of the world are megabytes that an idle server need not carry. */
let loaded: typeof import('libphonenumber-js/max') | undefined;
function phones(): typeof import('libphonenumber-js/max') {
  loaded ??= createRequire(import.meta.url)(
    'libphonenumber-js/max',
  ) as typeof import('libphonenumber-js/max');
  return loaded;
}

/** A contact read into the one form that tells people apart, or why it cannot be used and what to do. */
export type Normalized =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly reason: string };

// RFC 5321 §4.5.3.1: 64 octets before the @, 254 for the whole path without its brackets.
const MAX_LOCAL_BYTES = 64;
const MAX_ADDRESS_BYTES = 254;
/** RFC 5322 dot-atom, with the letters of every language (RFC 6531). Quoted local parts are not used by people. */
const LOCAL = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const LABEL = /^[\p{L}\p{M}\p{N}]([\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?$/u;

/**
 * Reads an email address, also as `mailto:a@b` or `Name <a@b>`. Both sides are lower-cased: RFC 5321 lets a server
 * tell `Ann@` from `ann@`, none in the field does, and two spellings of one mailbox must be one person.
 */
export function normalizeEmail(raw: string): Normalized {
  let text = raw.trim();
  const bracketed = /<([^<>]*)>$/.exec(text);
  if (bracketed) text = bracketed[1]!.trim();
  text = text.replace(/^mailto:/i, '');
  const at = text.lastIndexOf('@');
  if (at < 0) return bad('there is no @ in it');
  if (/[\s,;]/.test(text)) return bad('there is a space or comma in it; give one address');
  const local = text.slice(0, at).normalize('NFC').toLowerCase();
  const domain = text
    .slice(at + 1)
    .normalize('NFC')
    .toLowerCase();
  if (!LOCAL.test(local)) return bad('what stands before the @ is not of the form of an address');
  const labels = domain.split('.');
  if (labels.length < 2) return bad(`"${domain}" is not a whole domain, as example.com is`);
  if (!labels.every((label) => label.length <= 63 && LABEL.test(label)))
    return bad(`"${domain}" is not a domain`);
  if (/^\d+$/.test(labels.at(-1)!)) return bad('an address at a bare IP number is not accepted');
  if (Buffer.byteLength(local) > MAX_LOCAL_BYTES)
    return bad(`more than ${MAX_LOCAL_BYTES} bytes before the @`);
  const value = `${local}@${domain}`;
  if (Buffer.byteLength(value) > MAX_ADDRESS_BYTES) return bad(`longer than ${MAX_ADDRESS_BYTES} bytes`);
  return { ok: true, value };
}

/** ISO 3166 two-letter code that phone numbers can be read for. */
export function isCountryCode(code: string): boolean {
  return phones().isSupportedCountry(code);
}

/** Mexico dropped the 1 of mobile numbers in 2019; address books, and WhatsApp's own ids, still write it. */
const OLD_MEXICAN_MOBILE = /^1\d{10}$/;

const WHY: Record<string, string> = {
  NOT_A_NUMBER: 'it is not a phone number',
  TOO_SHORT: 'it is too short',
  TOO_LONG: 'it is too long',
};

/**
 * Reads a phone number to E.164 (`+` and digits). One without a country code is read as of `defaultCountry`.
 */
export function normalizePhone(raw: string, defaultCountry: string | null): Normalized {
  const text = raw
    .trim()
    .replace(/^(whatsapp|tel):/i, '')
    .replace(/^00(?=\d)/, '+');
  if (/\p{L}/u.test(text)) return bad('there are letters in it; give one number without an extension');
  const { ParseError, parsePhoneNumberWithError } = phones();
  try {
    const country = defaultCountry as Parameters<typeof parsePhoneNumberWithError>[1];
    const number = parsePhoneNumberWithError(text, {
      ...(country && { defaultCountry: country as 'MX' }),
      extract: false,
    });
    if (number.countryCallingCode === '52' && OLD_MEXICAN_MOBILE.test(number.nationalNumber)) {
      return { ok: true, value: `+52${number.nationalNumber.slice(1)}` };
    }
    if (number.isPossible()) return { ok: true, value: number.number };
    return bad('no phone number of that country has this many digits');
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    if (error.message === 'INVALID_COUNTRY') {
      return bad(
        text.startsWith('+')
          ? 'no country has this code'
          : 'there is no country code: write it as +52 55 1234 5678, or set DEFAULT_COUNTRY',
      );
    }
    return bad(WHY[error.message] ?? 'it is not a phone number');
  }
}

function bad(reason: string): Normalized {
  return { ok: false, reason };
}
