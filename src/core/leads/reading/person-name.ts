const TITLES = new Set(
  (
    'mr mrs ms miss mx dr dra prof profa sr sra srta don dona doña d dª da ing lic licda arq abg cpa herr frau fraulein fräulein dipl mag ' +
    'm mme mlle me monsieur madame mademoiselle docteur maitre sig sigra signor signora signorina dott dottssa avv ' +
    'hr fru fröken sir lady lord rev hon capt col gen señor señora señorita senhor senhora dhr mevr mevrouw pan pani ' +
    'г-н г-жа السيد السيدة د'
  ).split(' '),
);
const SUFFIXES =
  /^(inc|llc|ltd|limited|corp|co|company|gmbh|ag|kg|sa|sas|srl|sl|bv|nv|ab|oy|as|plc|jr|sr|ii|iii|iv|phd|md|esq|cpa|mba|dds|rn|pe|lda|ltda|de cv|sa de cv)$/i;

/** Longer ones are refused elsewhere. */
const LONGEST = 300;

/** A name is in letters: addresses, numbers and links stand in its column, and greet nobody. */
export function isName(text: string): boolean {
  if (text.length > LONGEST) return true;
  return /\p{L}/u.test(text) && !/@\S|:\/\/|^www\./.test(text) && !/^[+(]?\d[\d\s().+-]{5,}$/.test(text);
}

/** `Smith, John` is John Smith; `Acme, Inc.` and `John Smith, Jr.` are as they stand. */
export function inOrder(name: string): string {
  if (name.length > LONGEST) return name;
  const comma = name.indexOf(',');
  if (comma < 0 || comma !== name.lastIndexOf(',')) return name;
  const [last, first] = [name.slice(0, comma).trim(), name.slice(comma + 1).trim()];
  if (!isName(last) || !isName(first) || SUFFIXES.test(first.replaceAll('.', ''))) return name;
  return last.split(/\s+/).length > 3 || first.split(/\s+/).length > 3 ? name : `${first} ${last}`;
}

/** Words to greet with: without title, and without what has no letter in it. */
function nameWords(name: string): string[] {
  const words = inOrder(name)
    .split(/\s+/u)
    .filter((word) => /\p{L}/u.test(word));
  let from = 0;
  while (from < words.length && isTitle(words[from]!)) from += 1;
  return words.slice(from);
}

function isTitle(word: string): boolean {
  const bare = word.toLowerCase().replaceAll('.', '');
  // A letter alone is a title with its dot only: "D. Juan", "M. Dupont".
  return TITLES.has(bare) && (bare.length > 2 || word.endsWith('.') || /^(mr|ms|mx|dr|sr|hr)$/.test(bare));
}

/** What a message may call a person by: the first name as given, else out of the name; null: better nothing. */
export function greetingName(
  given: string | null | undefined,
  name: string | null | undefined,
  last?: string | null,
): string | null {
  if (given && isName(given)) {
    const words = nameWords(given);
    if (words.length > 0)
      return words.length === given.trim().split(/\s+/u).length ? given.trim() : words.join(' ');
  }
  // Of somebody who gave a last name only, the name is that: nobody is greeted by it.
  if (!name || name === last || !isName(name)) return null;
  return nameWords(name)[0] ?? null;
}

/** The rest of the name behind the first one. */
export function familyName(
  given: string | null | undefined,
  first: string | null | undefined,
  name: string | null | undefined,
): string | null {
  if (given) return isName(given) ? given : null;
  // A first name as given says that there is no other.
  if (first || !name || !isName(name)) return null;
  return nameWords(name).slice(1).join(' ') || null;
}
