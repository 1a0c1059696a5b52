import { callingCodeOf } from '../numbering-plan.ts';
import { isCountryCode } from '../phone.ts';
import { fold } from './fold.ts';

const LANGUAGES = ['en', 'es', 'pt', 'de', 'fr', 'it', 'sv', 'ru', 'ar', 'zh', 'ja'];
const ALSO: Readonly<Record<string, string>> = {
  usa: 'US',
  unitedstatesofamerica: 'US',
  eeuu: 'US',
  eua: 'US',
  america: 'US',
  estadosunidos: 'US',
  uk: 'GB',
  greatbritain: 'GB',
  england: 'GB',
  scotland: 'GB',
  wales: 'GB',
  inglaterra: 'GB',
  reinounido: 'GB',
  uae: 'AE',
  holland: 'NL',
  southkorea: 'KR',
  korea: 'KR',
  russia: 'RU',
  czechrepublic: 'CZ',
  mexico: 'MX',
  brasil: 'BR',
  turkey: 'TR',
  mex: 'MX',
  bra: 'BR',
  esp: 'ES',
  arg: 'AR',
  col: 'CO',
  deu: 'DE',
  fra: 'FR',
  gbr: 'GB',
  ita: 'IT',
};
let names: Map<string, string> | undefined;

function nameTable(): Map<string, string> {
  if (names) return names;
  names = new Map(Object.entries(ALSO));
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const codes = letters.flatMap((a) => letters.map((b) => a + b)).filter((code) => isCountryCode(code));
  for (const language of LANGUAGES) {
    const display = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' });
    for (const code of codes) {
      const name = display.of(code);
      if (name) names.set(fold(name), code);
    }
  }
  return names;
}

const known = new Map<string, string | null>();
const MOST_KNOWN = 2_000;

/**
 * The country that a cell names: by its code, its name in one of a few languages, or the digits to dial it. Null: none.
 * Those of several (+1) are the default one where it is among them.
 */
export function readCountry(cell: string, defaultCountry: string | null): string | null {
  const key = `${defaultCountry} ${cell}`;
  let country = known.get(key);
  if (country === undefined) {
    country = find(cell.trim(), defaultCountry);
    if (known.size < MOST_KNOWN) known.set(key, country);
  }
  return country;
}

/** Where a calling code is of several countries, the one whose plan covers the others. */
const MAIN: Readonly<Record<string, string>> = {
  '1': 'US',
  '7': 'RU',
  '44': 'GB',
  '39': 'IT',
  '47': 'NO',
  '61': 'AU',
  '212': 'MA',
  '358': 'FI',
  '590': 'GP',
  '262': 'RE',
  '599': 'CW',
  '290': 'SH',
};

function find(text: string, defaultCountry: string | null): string | null {
  if (/^[a-z]{2}$/i.test(text)) {
    const code = text.toUpperCase();
    if (isCountryCode(code)) return code;
  }
  const digits = /^(?:\+|00)?(\d{1,3})(?:\.0)?$/.exec(text.replace(/\s/g, ''))?.[1];
  if (digits !== undefined) return countryOf(digits, defaultCountry);
  return nameTable().get(fold(text)) ?? null;
}

function countryOf(callingCode: string, defaultCountry: string | null): string | null {
  if (defaultCountry !== null && callingCodeOf(defaultCountry) === callingCode) return defaultCountry;
  if (MAIN[callingCode]) return MAIN[callingCode];
  return [...nameTable().values()].find((country) => callingCodeOf(country) === callingCode) ?? null;
}
