/** Accents and points that stand on letters, also alone: Latin, Greek, Cyrillic, Hebrew, Arabic. */
const MARKS =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single marks are meant
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+/gu;
/** To bring marks in order takes the square of their number, and no letter carries so many. */
const TOO_MANY_MARKS = /(\p{M}{30})\p{M}+/gu;
/** Letters that are no letter with a mark, and are written without it where the keyboard has none. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ ø: 'o', ł: 'l', đ: 'd', ð: 'd', ħ: 'h', ŧ: 't', ŋ: 'n', ς: 'σ', ə: 'e' },
  ...{ æ: 'ae', œ: 'oe', þ: 'th' },
};
const SPECIAL = new RegExp(`[${Object.keys(PLAIN).join('')}]`, 'gu');

export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

/** Latin, Greek and Cyrillic: what becomes of a letter depends on no other. Marks do, and are not among them. */
function foldEach(): (string | undefined)[] {
  const isMark = /\p{M}/u;
  return Array.from({ length: 0x500 }, (_, code) => {
    const letter = String.fromCharCode(code);
    return isMark.test(letter) ? undefined : foldAny(letter);
  });
}
let letters: readonly (string | undefined)[] | undefined;

/**
 * A text as it is compared: NÚÑEZ, Núñez (also of two code points) and nunez are one; so are İ and i, ß and ss, Ø and o.
 * Here and not in SQL: the two databases know different letters. Text in ASCII only loses its capitals, which both do.
 */
export function foldText(text: string): string {
  let folded = '';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80) continue;
    letters ??= foldEach();
    const letter = letters[code];
    if (letter === undefined) return foldAny(text);
    folded += text.slice(from, at) + letter;
    from = at + 1;
  }
  return (folded + text.slice(from)).toLowerCase();
}

function foldAny(text: string): string {
  return (
    text
      .replace(TOO_MANY_MARKS, '$1')
      .normalize('NFKD')
      .replace(MARKS, '')
      // There and back: ß has two letters only as capitals.
      .toUpperCase()
      .toLowerCase()
      .replace(MARKS, '')
      .replace(SPECIAL, (letter) => PLAIN[letter]!)
      .normalize('NFC')
  );
}
