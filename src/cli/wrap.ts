import { withoutColors } from './colors.ts';
import { width } from './table.ts';

/** Breaks a line between words, where it is longer than `columns`; what follows stands under `indent` spaces. */
export function wrap(line: string, columns: number, indent = 0): string {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`;
    if (current !== '' && indent + width(withoutColors(longer)) > columns) {
      lines.push(current);
      current = word;
    } else current = longer;
  }
  return [...lines, current].join(`\n${' '.repeat(indent)}`);
}

/** Prose is filled anew for these columns; what is indented (options, commands to copy) stays as it is. */
export function reflow(text: string, columns: number): string {
  if (!Number.isFinite(columns)) return text;
  return text.replaceAll(/^(?:[^\s].*\n?)+/gm, (paragraph) => {
    const end = paragraph.endsWith('\n') ? '\n' : '';
    return wrap(paragraph.trimEnd().replaceAll('\n', ' '), columns) + end;
  });
}
