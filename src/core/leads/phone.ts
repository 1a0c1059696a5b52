import { cleanPhone } from './clean-phone.ts';
import type { Normalized } from './contact.ts';
import { callingCodeOf, lineKind, nationalKind, phoneLibrary } from './numbering-plan.ts';

/** ISO 3166 two-letter code that phone numbers can be read for. */
export function isCountryCode(code: string): boolean {
  return phoneLibrary().isSupportedCountry(code);
}

const WHY: Record<string, string> = {
  NOT_A_NUMBER: 'it is not a phone number',
  TOO_SHORT: 'it is too short',
  TOO_LONG: 'it is too long',
};

const FIXED = 'it is a fixed line by its number, which few WhatsApp accounts have';
const UNPLANNED = 'its country gives out no such numbers, as far as its numbering plan says';

/**
 * Reads a phone number to the key of its WhatsApp account: E.164 (`+` and digits), in the one form that an account has
 * where people write several. One without a country code is read as of `defaultCountry`.
 */
export function normalizePhone(raw: string, defaultCountry: string | null): Normalized {
  const clean = cleanPhone(raw);
  if (!clean.ok) return clean;
  const { text } = clean;
  const bare = text.replace(/[\s().-]/g, '');
  if (/^[+\d]\d*$/.test(bare) && isPlaceholder(bare)) return bad('it is a placeholder, and nobody’s number');
  return fast(text, bare, defaultCountry) ?? slow(text, bare, defaultCountry);
}

/** Numbers whose plan knows them as they stand: nearly all, and the library takes thirty times as long. */
function fast(text: string, bare: string, country: string | null): Normalized | null {
  if (text.includes('(0)')) return null;
  if (bare.startsWith('+')) {
    const kind = lineKind(bare.slice(1));
    return kind === null || isOtherwiseWritten(bare) ? null : account(bare, kind);
  }
  if (country === null || bare.startsWith('0')) return null;
  const known = nationalKind(country, bare);
  const number = known && `+${known.code}${bare}`;
  return number === null || isOtherwiseWritten(number) ? null : account(number, known!.kind);
}

/** Argentina's 15 after an area code is a mobile of the shape of a fixed line. */
function isOtherwiseWritten(number: string): boolean {
  return number.startsWith('+54') && !number.startsWith('+549') && /15\d{6,8}$/.test(number);
}

function slow(text: string, bare: string, country: string | null): Normalized {
  const given = withoutTrunk(text, bare, country);
  const other = country === null || bare.startsWith('+') ? null : alsoAbroad(bare, country);
  const read = parse(given, country);
  if (!read.ok) return other === null ? read : bad(`${read.reason}; with + it would be ${other}`);
  const number = mended(read.value);
  if (/^\+1(?![2-9]\d\d[2-9]\d{6}$)/.test(number)) return bad('no number of North America begins like that');
  const code = country === null ? undefined : callingCodeOf(country);
  const national =
    !bare.startsWith('+') && !(code !== undefined && bare.startsWith(code) && bare.length > 10);
  if (other !== null && national && number !== other)
    return bad(
      `it also reads as ${other}, a number of another country: write it with + and the country code`,
    );
  const kind = lineKind(number.slice(1));
  if (kind !== null) return account(number, kind);
  if (given !== text && !given.startsWith('+'))
    return bad('without the prefix before it, it is no number of that country');
  if (national && number.startsWith('+54'))
    return bad('it has no area code, or too many digits: write it as +54 9 11 5555 1234');
  if (number.startsWith('+55') && /^\+55\d\d[6-9]\d{7}$/.test(number)) {
    if (national) return bad('mobile numbers of Brazil have nine digits: write the 9 before it');
    const whole = `${number.slice(0, 5)}9${number.slice(5)}`;
    if (lineKind(whole.slice(1)) !== null) return account(whole, 'mobile');
  }
  return { ok: true, value: number, warning: UNPLANNED };
}

/** What stands before a number that is dialled within Mexico, until 2019 and in address books since. */
function withoutTrunk(text: string, bare: string, country: string | null): string {
  const international = text.replace(/^\s*00(?=\s*[1-9])/, '+');
  if (international !== text) return international;
  if (country === 'US' || country === 'CA')
    return text.replace(/^\s*011(?=[\s-]*[1-9]\d{1,2})/, bare.length > 11 ? '+' : '$&');
  if (country !== 'MX') return text;
  const trunk = /^(?:01|044|045|1)(\d{10})$/.exec(bare);
  return trunk ? trunk[1]! : text;
}

/** The number that the digits would be with a + before them, of a country other than the one they are read for. */
function alsoAbroad(bare: string, country: string): string | null {
  const code = callingCodeOf(country);
  if (bare.startsWith('0') || bare.length < 11 || (code !== undefined && bare.startsWith(code))) return null;
  const kind = lineKind(bare);
  return kind === null || kind === 'other' ? null : `+${bare}`;
}

function parse(text: string, defaultCountry: string | null): Normalized {
  const { ParseError, parsePhoneNumberWithError } = phoneLibrary();
  try {
    const number = parsePhoneNumberWithError(text, {
      ...(defaultCountry && { defaultCountry: defaultCountry as 'MX' }),
      extract: false,
    });
    if (mended(number.number) !== number.number || number.isPossible())
      return { ok: true, value: number.number };
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

/** Mexico dropped the 1 of mobile numbers in 2019; address books, and WhatsApp's own ids, still write it. */
function mended(number: string): string {
  return /^\+521\d{10}$/.test(number) ? `+52${number.slice(4)}` : number;
}

/**
 * An account of Argentina is known with the 9 of mobiles, also when a number is written without: those are one person,
 * who opted out once. What was written is what is dialled.
 */
function account(number: string, kind: string): Normalized {
  const warning = kind === 'fixed' ? { warning: FIXED } : {};
  const key = accountKey(number);
  return key === number
    ? { ok: true, value: number, ...warning }
    : { ok: true, value: key, dial: number, ...warning };
}

/** The account that a dialled number is of. */
export function accountKey(number: string): string {
  return number.startsWith('+54') && !number.startsWith('+549') && number.length === 13
    ? `+549${number.slice(3)}`
    : number;
}

/** The number to dial for an account: as its lead wrote it, where the key is another spelling. */
export function dialled(key: string, phone: string | null): string {
  return key.startsWith('+549') && phone === `+54${key.slice(4)}` ? phone : key;
}

function isPlaceholder(bare: string): boolean {
  const digits = bare.replace(/^\+/, '');
  return /^(\d)\1{6,}$/.test(digits) || ('01234567890123456789'.includes(digits) && digits.length >= 7);
}

function bad(reason: string): Normalized {
  return { ok: false, reason };
}
