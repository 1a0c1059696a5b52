import type { Outcome } from '../../core/deliveries/sender.ts';
import type { MergeValues } from '../../core/leads/lead.ts';
import { fewestCharacters, type MergeText, renderMergeText } from '../../core/messages/merge-text.ts';
import { TidingsError } from '../../errors.ts';

/** Characters in `text.body` (Cloud API reference, text messages). Counted as people do: an emoji code point is one. */
export const MAX_TEXT_LENGTH = 4_096;

/** Refuses a text that is too long for everyone, merge fields left out. @throws TidingsError `invalid_argument` */
export function refuseLongText(body: MergeText, most = MAX_TEXT_LENGTH): void {
  const length = fewestCharacters(body.segments, characters);
  if (length <= most) return;
  throw new TidingsError(
    'invalid_argument',
    `The message has ${length} characters, and a WhatsApp text holds at most ${most}.`,
    { fix: `Shorten it by ${length - most} characters. Nothing was sent.` },
  );
}

/** One recipient's text, or why this recipient cannot get one. */
export function renderText(
  body: MergeText,
  values: MergeValues,
  most = MAX_TEXT_LENGTH,
): { readonly text: string } | { readonly refusal: Outcome } {
  const text = renderMergeText(body, values);
  if (text.trim() === '') {
    return {
      refusal: {
        type: 'permanent',
        code: 'message_empty',
        message:
          'Nothing is left of the message for this lead: its merge fields have no value. Add a default filter.',
      },
    };
  }
  const length = characters(text);
  if (length <= most) return { text };
  return {
    refusal: {
      type: 'permanent',
      code: 'message_too_long',
      message: `With this lead's values the message has ${length} characters, and a WhatsApp text holds at most ${most}.`,
    },
  };
}

function characters(text: string): number {
  let length = text.length;
  // Only a text with surrogate pairs has fewer characters than UTF-16 units.
  for (const _pair of text.matchAll(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g)) length--;
  return length;
}
