/** Between the words of a name these stay small, in the languages that have them. */
const SMALL = new Set(
  'de del la las los da das do dos di du e y van von der den ter ten zu zur und of the'.split(' '),
);

/**
 * `JOHN SMITH` → John Smith, `maría de la cruz` → María de la Cruz, `O'BRIEN-MCDONALD` → O'Brien-McDonald. A word in
 * which large and small letters stand mixed was written so by somebody who knew: `DeVito` stays.
 */
export function titlecase(text: string): string {
  let isFirst = true;
  return text.replace(/[^\s]+/gu, (word) => {
    const small = word.toLowerCase();
    const staysSmall = !isFirst && SMALL.has(small);
    isFirst = false;
    if (isMixed(word)) return word;
    return staysSmall ? small : small.replace(/[^-/.&]+/gu, largeFirst);
  });
}

function isMixed(word: string): boolean {
  const [first = ''] = word;
  const rest = word.slice(first.length);
  return /\p{Lu}/u.test(word) && /\p{Ll}/u.test(word) && /\p{Lu}/u.test(rest);
}

function largeFirst(part: string): string {
  const [, start = '', before = '', rest = ''] =
    /^([^\p{L}]*)((?:[odl]['’]|mc(?=\p{L}{3}))?)(.*)$/su.exec(part) ?? [];
  return start + upper(before) + upper(rest);
}

function upper(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length);
}
