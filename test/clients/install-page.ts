import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the page tells people to type and to write into files, for programs that do just that. */
export const page = readFileSync(join(import.meta.dirname, '../../docs/install/assistants.md'), 'utf8');

/**
 * The blocks of a section of the page, as they stand there.
 * @throws Error when there are none: it would be tried no more, and nobody would notice
 */
export function blocksOf(title: string, language: string): string[] {
  const section = page.split(/^## /m).find((one) => one.startsWith(`${title}\n`)) ?? '';
  const blocks = [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, kind]) => kind === language)
    .map(([, , text]) => text!.trim());
  if (blocks.length === 0) throw new Error(`The page has no ${language} under "${title}".`);
  return blocks;
}

/** The lines that are typed into a shell. */
export function linesOf(title: string): string[] {
  return blocksOf(title, 'sh').flatMap((block) => block.split('\n'));
}

/** What people put in for the words that stand for their own. */
export function filled(text: string, own: Readonly<Record<string, string>>): string {
  return Object.entries(own).reduce((now, [word, value]) => now.replaceAll(word, value), text);
}
