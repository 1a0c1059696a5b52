import { createRequire } from 'node:module';

type Library = typeof import('libphonenumber-js/max');
/** What a number is for: told by its first digits, so `either` where a country does not keep them apart. */
export type LineKind = 'mobile' | 'fixed' | 'either' | 'other';

/** Loaded with the first phone: the numbering plans of the world are megabytes that an idle server need not carry. */
let loaded: Library | undefined;
export function phoneLibrary(): Library {
  loaded ??= createRequire(import.meta.url)('libphonenumber-js/max') as Library;
  return loaded;
}

/** As the library keeps a country: its code, then its patterns by place. */
type CountryRow = readonly [code: string, ...unknown[]];
interface Plans {
  /** Calling code → the kinds of number there are. */
  readonly byCode: ReadonlyMap<string, readonly Kind[]>;
  /** Calling code → the countries that share it. */
  readonly sharing: Readonly<Record<string, readonly string[]>>;
  readonly byCountry: ReadonlyMap<string, { readonly code: string; readonly kinds: readonly Kind[] }>;
}
interface Kind {
  readonly pattern: RegExp;
  readonly kind: LineKind;
}

const TYPES_AT = 11;
let plans: Plans | undefined;

function loadPlans(): Plans {
  if (plans) return plans;
  const { countries, country_calling_codes } = createRequire(import.meta.url)(
    'libphonenumber-js/metadata.max.json',
  ) as { countries: Record<string, CountryRow>; country_calling_codes: Record<string, readonly string[]> };
  const byCode = new Map<string, Kind[]>();
  const byCountry = new Map<string, { code: string; kinds: Kind[] }>();
  for (const [country, row] of Object.entries(countries)) {
    const kinds = kindsOf(row[TYPES_AT] as unknown);
    byCountry.set(country, { code: row[0], kinds });
  }
  // The country that has most of a shared code comes first.
  for (const [code, sharing] of Object.entries(country_calling_codes))
    byCode.set(
      code,
      sharing.flatMap((country) => byCountry.get(country)?.kinds ?? []),
    );
  plans = { byCode, sharing: country_calling_codes, byCountry };
  return plans;
}

/** The library's order: fixed, mobile, toll free, premium, personal, voicemail, UAN, pager, VoIP, shared cost. */
function kindsOf(types: unknown): Kind[] {
  if (!Array.isArray(types)) return [];
  const patterns = types.map((type: unknown) => (Array.isArray(type) ? (type as unknown[])[0] : type));
  // One pattern for both: nobody can tell them apart.
  const isShared = !patterns[1] || patterns[0] === patterns[1];
  return patterns.flatMap((pattern, at): Kind[] => {
    if (typeof pattern !== 'string' || pattern === '') return [];
    const kind = at === 0 ? (isShared ? 'either' : 'fixed') : at === 1 ? 'mobile' : 'other';
    return [{ pattern: new RegExp(`^(?:${pattern})$`), kind }];
  });
}

function kindAmong(kinds: readonly Kind[], national: string): LineKind | null {
  let found: LineKind | null = null;
  for (const { pattern, kind } of kinds) {
    if (kind === found || (found !== null && kind === 'other') || !pattern.test(national)) continue;
    if (kind === 'either') return kind;
    if (found === null || found === 'other') found = kind;
    else return 'either';
  }
  return found;
}

/**
 * What kind of line `+` and these digits are; null: no number of that country, as far as its plan says. The library's
 * own answer takes 30 µs, this one: it is asked for each row of a file.
 */
export function lineKind(digits: string): LineKind | null {
  const { byCode } = loadPlans();
  for (let length = 1; length <= 3; length++) {
    const kinds = byCode.get(digits.slice(0, length));
    if (kinds) return kindAmong(kinds, digits.slice(length));
  }
  return null;
}

/** The same of digits as they are dialled within a country, with its calling code. */
export function nationalKind(
  country: string,
  national: string,
): { readonly code: string; readonly kind: LineKind } | null {
  const plan = loadPlans().byCountry.get(country);
  if (!plan) return null;
  const kind = kindAmong(plan.kinds, national);
  return kind === null ? null : { code: plan.code, kind };
}

/** The digits to dial a country from abroad. */
export function callingCodeOf(country: string): string | undefined {
  return loadPlans().byCountry.get(country)?.code;
}

/** The countries whose numbers begin with this code. */
export function countriesOfCode(code: string): readonly string[] {
  return loadPlans().sharing[code] ?? [];
}

/** By the four digits that tell the countries of +1 apart: the library takes 30 µs for each number. */
const areas = new Map<string, string | undefined>();

/** The country of an E.164 number. */
export function countryOfPhone(phone: string): string | undefined {
  const find = () => phoneLibrary().parsePhoneNumberFromString(phone)?.country;
  if (!phone.startsWith('+1')) return find();
  const area = phone.slice(0, 5);
  if (!areas.has(area)) {
    const country = find();
    // A number that its plan does not have says nothing of its neighbours.
    if (country === undefined) return undefined;
    areas.set(area, country);
  }
  return areas.get(area);
}
