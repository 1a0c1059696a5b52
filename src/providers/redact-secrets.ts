/** Something that must not get out, in every form that it can come back in. */
export interface Hidden {
  readonly pattern: RegExp;
  /** What stands in its place: `(password)`. */
  readonly as: string;
  /** Of its longest form; so much of a text that was cut may be half a secret. */
  readonly length: number;
}

/** More than this is read of no provider's words. */
const MOST_LENGTH = 8_192;
/** Shorter forms are found as words only: a user called "me" must not turn every "some" into a riddle. */
const SHORT = 6;

/**
 * A secret, prepared for {@link redactSecrets}: as it is, percent-encoded, inside JSON, in hexadecimal, and in base64,
 * also as a part of a longer text (`\0user\0password`) and of either alphabet.
 */
export function hide(secret: string, as: string): Hidden {
  const forms = new Set<string>([
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('hex'),
    ...base64Forms(Buffer.from(secret)),
  ]);
  const longestFirst = [...forms].filter((form) => form !== '').sort((a, b) => b.length - a.length);
  const pattern = longestFirst.map(patternOf).join('|') || '(?!)';
  return { pattern: new RegExp(pattern, 'giu'), as, length: 2 * (longestFirst[0]?.length ?? 0) };
}

/**
 * Words from outside without what we told in confidence: a server may say whatever it was told. To be called before a
 * text is cut, or half a secret is left at its end. The work is bounded, whatever the text.
 */
export function redactSecrets(text: string, hidden: readonly Hidden[]): string {
  let clean = text.slice(0, MOST_LENGTH);
  for (const { pattern, as } of hidden) clean = clean.replace(pattern, () => as);
  if (text.length <= MOST_LENGTH) return clean;
  return clean.slice(0, Math.max(0, clean.length - Math.max(0, ...hidden.map(({ length }) => length))));
}

/** Words from outside without anybody's address. Each pattern begins where a word begins: linear in the text. */
export function withoutAddresses(text: string): string {
  return text.replace(
    /<?(?:"[^"]*"|(?<![^\s<>"'(),;:[\]])[^\s<>"'(),;:[\]@]+)@[^\s<>"'(),;:]+>?/gu,
    '<address>',
  );
}

/** At any offset in a longer text the middle of a word in base64 is the same, for one of three. */
function base64Forms(bytes: Buffer): string[] {
  const forms = [bytes.toString('base64'), bytes.toString('base64').replace(/=+$/, '')];
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const middle = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    if (middle.length >= SHORT) forms.push(middle);
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

/** Long forms in any case, also where a server broke them into two lines; short ones as the word that they are. */
function patternOf(form: string): string {
  const letters = [...form].map(escaped);
  if (letters.length >= SHORT) return letters.join('\\s{0,2}');
  return `(?<![\\p{L}\\p{N}])(?-i:${letters.join('')})(?![\\p{L}\\p{N}])`;
}

function escaped(letter: string): string {
  return `\\u{${letter.codePointAt(0)!.toString(16)}}`;
}
