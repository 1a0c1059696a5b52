/** Of what stands above a column; a longer one was no name, and names are shown to callers. */
export const LONGEST_NAME = 200;

/**
 * Letters and digits only, without case and accents: `E-Mail ` and `email` are one. Nothing we know is long, and to
 * bring accents in order takes the square of their number.
 */
export function fold(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length > LONGEST_NAME) return '';
  return trimmed
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');
}

/** The words of a header: `Phone 1 - Value`, `phone_1.value` and `phone1Value` are the same four. */
export function wordsOf(text: string): string[] {
  if (text.length > LONGEST_NAME) return [];
  return text
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}
