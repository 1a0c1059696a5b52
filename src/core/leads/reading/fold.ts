/** Of what stands above a column; a longer one was no name, and names are shown to callers. */
export const LONGEST_NAME = 200;

/** Letters with a stroke or without a dot, which Unicode does not take apart. */
const BARE: Readonly<Record<string, string>> = { ı: 'i', ł: 'l', đ: 'd', ø: 'o', æ: 'ae', œ: 'oe', ß: 'ss' };

/** Small letters without accents, voicing marks and strokes; those of Korean taken apart. */
export function bareLetters(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '')
    .replace(/[ıłđøæœß]/g, (letter) => BARE[letter]!);
}

/**
 * Letters and digits only, without case and accents: `E-Mail ` and `email` are one. Nothing we know is long, and to
 * bring accents in order takes the square of their number.
 */
export function fold(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length > LONGEST_NAME) return '';
  return bareLetters(trimmed).replace(/[^\p{L}\p{N}]+/gu, '');
}

/** The words of a header: `Phone 1 - Value`, `phone_1.value` and `phone1Value` are the same four. */
export function wordsOf(text: string): string[] {
  if (text.length > LONGEST_NAME) return [];
  return bareLetters(text.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2'))
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}
