import { TidingsError } from '../../errors.ts';
import { parseMergeText } from './merge-text.ts';
import type { MessageContent } from './message.ts';

/** A message as it was written and is kept. */
export interface WrittenMessage {
  readonly message: string;
  readonly format: 'text' | 'html';
  /** null: the channel has none. */
  readonly subject: string | null;
  /** null: the configured one. */
  readonly from_name: string | null;
}

/** Elements that people write in messages; `<3`, `<ana@example.com>` and `a < b` are text. */
const HTML_ELEMENT =
  /<\/?(a|abbr|b|big|blockquote|body|br|button|center|code|div|em|font|footer|h[1-6]|head|header|hr|html|i|img|li|main|ol|p|pre|s|section|small|span|strong|style|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|u|ul)(\s[^<>]*)?\/?>|<!doctype html/iu;

/** The message itself tells: a known HTML element in it makes it HTML. WhatsApp knows text only. */
export function messageFormat(channel: string, message: string): 'text' | 'html' {
  return channel === 'email' && HTML_ELEMENT.test(message) ? 'html' : 'text';
}

/**
 * What a send says, parsed. Everything that is wrong with it is told here, before anything is sent.
 * @throws TidingsError `invalid_argument`, `invalid_template`
 */
export function parseContent(content: WrittenMessage, channel: string): MessageContent {
  if (content.message.trim() === '') {
    throw new TidingsError('invalid_argument', 'The message is empty.', {
      fix: 'Give the text to send as message.',
    });
  }
  if (channel === 'email') checkSubject(content.subject);
  return {
    format: content.format,
    body: parseMergeText(content.message, 'message'),
    subject: channel === 'email' ? parseMergeText(content.subject!, 'subject') : null,
    fromName: content.from_name,
  };
}

function checkSubject(subject: string | null): void {
  if (subject === null || subject.trim() === '') {
    throw new TidingsError('invalid_argument', 'An email needs a subject, and none was given.', {
      fix: 'Add subject, for example "Special offer this week".',
    });
  }
  if (/[\r\n\0]/u.test(subject)) {
    throw new TidingsError('invalid_argument', 'The subject has a line break in it.', {
      fix: 'Write the subject on one line.',
    });
  }
}
