import type { Segment } from '../../../core/messages/merge-text.ts';
import { type MergeText, mapLiterals } from '../../../core/messages/merge-text.ts';
import type { EmailMessage } from '../../../core/messages/message.ts';
import { escapeHtml } from './escape-html.ts';

const HIDDEN = '<div style="display:none;max-height:0;overflow:hidden;opacity:0;mso-hide:all">';
/** Blanks of no width, so that a mailbox does not go on with the text behind the preheader. */
const FILLING = `${'&#847;&zwnj;&nbsp;'.repeat(60)}</div>\n`;

/** The message with its preheader as the first words of the HTML, seen by mailboxes only; the text part has no need of it. */
export function withPreheader(message: EmailMessage): EmailMessage {
  const { preheader, body } = message;
  if (!preheader) return message;
  const words = mapLiterals(preheader.segments, escapeHtml);
  return { ...message, body: { ...body, segments: atStart(body, [HIDDEN, ...words, FILLING]) } };
}

/** Behind `<body …>`, where there is one; else before everything, which is what stands in it. */
function atStart({ segments }: MergeText, added: readonly Segment[]): Segment[] {
  let isIn = false;
  for (const [at, literal] of segments.entries()) {
    if (typeof literal !== 'string') continue;
    const begins = isIn ? 0 : literal.search(/<body(?=[\s>])/iu);
    if (begins < 0) continue;
    isIn = true;
    const end = literal.indexOf('>', begins) + 1;
    if (end === 0) continue;
    return [
      ...segments.slice(0, at),
      literal.slice(0, end),
      ...added,
      literal.slice(end),
      ...segments.slice(at + 1),
    ];
  }
  return [...added, ...segments];
}
