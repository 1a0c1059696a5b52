import { escapeHtml } from '../escape-html.ts';
import { type PageWords, WORDS } from './words.ts';

/** No script, nothing from elsewhere, in nobody's frame; the form goes back to where the page came from. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

export interface Page {
  readonly language: string;
  /** Who sends; null: nobody said. */
  readonly sender: string | null;
  /** Where its button goes. */
  readonly action: string;
}

/** Asks before anything is changed: programs that follow links get no further than this. */
export function askPage(page: Page, to: { contact: string; hasPhone: boolean } | null): string {
  const words = WORDS[page.language]!;
  const ask = to ? words.ask.replace('{to}', mask(to.contact)) : words.askPlain;
  const everywhere = to?.hasPhone
    ? `<label><input type="checkbox" name="everywhere" value="yes"> ${escapeHtml(words.everywhere)}</label>`
    : '';
  return whole(page, words, words.title, ask, form(page.action, words.button, everywhere));
}

/** The same for a link that was used before, and for one that nobody made. */
export function donePage(page: Page): string {
  const words = WORDS[page.language]!;
  return whole(page, words, words.done, words.doneMore, form(page.action, words.undo, '', 'quiet'));
}

export function undonePage(page: Page, isDone: boolean): string {
  const words = WORDS[page.language]!;
  const [heading, more] = isDone ? [words.undone, words.undoneMore] : [words.notUndone, words.notUndoneMore];
  return whole(page, words, heading, more, form(page.action, words.button, '', 'quiet'));
}

/** Enough of an address for its owner to know it: `a•••@example.com`. Of somebody who was erased nothing is known. */
export function mask(contact: string): string {
  const at = contact.lastIndexOf('@');
  if (at < 1) return '•••';
  return `${[...contact][0]}•••${contact.slice(at)}`;
}

function form(action: string, button: string, before: string, look = ''): string {
  const kind = look && ` class="${look}"`;
  return `<form method="post" action="${escapeHtml(action)}">${before}<button${kind}>${escapeHtml(button)}</button></form>`;
}

function whole(page: Page, words: PageWords, heading: string, more: string, rest: string): string {
  const text = escapeHtml(more.replace('{who}', () => page.sender ?? words.thisSender));
  return `<!doctype html>
<html lang="${page.language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(heading)}</title>
<style>
  :root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fff; --ground: #f1f1f4; --line: #6b6b76; --act: #1f4fd8 }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #ececf1; --paper: #1e1e23; --ground: #121215; --line: #9a9aa6; --act: #2f63ee }
  }
  * { box-sizing: border-box }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground);
    color: var(--ink); font: 1.0625rem/1.5 system-ui, sans-serif }
  main { width: 100%; max-width: 30rem; padding: 2rem 1.5rem; border-radius: 1rem; background: var(--paper) }
  h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25 }
  p { margin: 0 0 1.5rem; overflow-wrap: anywhere }
  label { display: flex; gap: .75rem; align-items: start; margin: 0 0 1.5rem }
  input { width: 1.5rem; height: 1.5rem; margin: 0; flex: none }
  button { width: 100%; min-height: 3rem; padding: .5rem 1rem; border: 2px solid var(--act); border-radius: .625rem;
    background: var(--act); color: #fff; font: inherit; font-weight: 600; cursor: pointer }
  button.quiet { border-color: var(--line); background: none; color: inherit; font-weight: 400 }
  :focus-visible { outline: 3px solid var(--ink); outline-offset: 3px }
</style>
<main>
<h1>${escapeHtml(heading)}</h1>
<p>${text}</p>
${rest}
</main>
</html>
`;
}
