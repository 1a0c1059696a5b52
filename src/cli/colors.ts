import { randomBytes } from 'node:crypto';
import { visible } from '../visible.ts';

/** Parameters of SGR (ECMA-48): what turns it on, what turns it off. */
const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

export type Colors = Readonly<Record<keyof typeof CODES, (text: string) => string>>;

/**
 * Colours as marks that only this process knows. Whatever is printed is made visible first, and becomes coloured after
 * that: an escape sequence in a lead's name can never pass for one of ours.
 */
const MARK = `\u001b<${randomBytes(12).toString('hex')}:`;

export const colors = Object.fromEntries(
  Object.entries(CODES).map(([name, [on, off]]) => [
    name,
    (text: string) => `${MARK}${on}>${text}${MARK}${off}>`,
  ]),
) as Colors;

const MARKS = new RegExp(`${MARK.replace('[', '\\[')}\\d+>`, 'g');

/** The text without its colours, to be measured. */
export function withoutColors(text: string): string {
  return text.replaceAll(MARKS, '');
}

/** Text for a terminal or file: without anything of strangers that a terminal would act on. */
export function toTerminal(text: string, isColored: boolean): string {
  const [first = '', ...rest] = text.split(MARK);
  const colored = rest.map((part) => {
    const end = part.indexOf('>');
    return (isColored ? `\u001b[${part.slice(0, end)}m` : '') + visible(part.slice(end + 1));
  });
  return visible(first) + colored.join('');
}
