import { TidingsError } from '../../errors.ts';

const OPENING = /\{\{!\s*preheader\b/iu;
const WORDS = String.raw`(?:[^{}]|\{\{[^{}]*\}\}|\{(?!\{)|\}(?!\}))*`;
const WHOLE = new RegExp(String.raw`\{\{!\s*preheader\b[ \t]*:?\s*(${WORDS})\}\}[ \t]*\r?\n?`, 'giu');
const ONLY_WORDS = new RegExp(`^${WORDS}$`, 'u');
const LONGEST = 500;

/**
 * Takes `{{!preheader …}}` out of an HTML message: the words that a mailbox shows behind the subject. They may have merge
 * fields of their own.
 * @throws TidingsError `invalid_template` when it is broken, stands there twice, or in plain text
 */
export function takePreheader(
  message: string,
  format: 'text' | 'html',
): { readonly message: string; readonly preheader: string | null } {
  if (!OPENING.test(message)) return { message, preheader: null };
  if (format === 'text')
    throw broken(
      '{{!preheader …}} is for HTML: of plain text mailboxes show the first line.',
      'Write those words as the first line.',
    );
  const found = [...message.matchAll(WHOLE)];
  if (found.length > 1) throw broken('There is more than one {{!preheader …}}.', 'Leave one of them.');
  const [match] = found;
  const words = match?.[1]?.replace(/\s+/gu, ' ').trim() ?? '';
  if (!match || words === '' || words.length > LONGEST)
    throw broken(
      match && words !== ''
        ? `The preheader has ${words.length} characters: mailboxes show about 100, and ${LONGEST} are the most.`
        : 'The preheader is empty, or never closed by "}}".',
      'Write it as {{!preheader Only this week, {{lead.first_name}}}}.',
    );
  const rest = message.slice(0, match.index) + message.slice(match.index + match[0].length);
  return { message: rest, preheader: words };
}

/**
 * The message with a preheader that was given beside it: written into it, so that it is part of what is kept, confirmed and
 * compared.
 * @throws TidingsError `invalid_template` when it would end before its last word
 */
export function putPreheader(message: string, preheader: string | undefined): string {
  if (preheader === undefined || preheader.trim() === '') return message;
  if (!ONLY_WORDS.test(preheader))
    throw broken(
      'The preheader has braces that belong to no field.',
      'Write fields as {{lead.first_name}}, and leave other double braces out.',
    );
  return `{{!preheader: ${preheader} }}\n${message}`;
}

function broken(message: string, fix: string): TidingsError {
  return new TidingsError('invalid_template', message, { fix: `${fix} Nothing was sent.` });
}
