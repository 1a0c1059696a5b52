import { TidingsError } from '../../errors.ts';
import { CHANNELS, type ChannelName } from '../channel.ts';
import { encodeLinks } from './encode-links.ts';
import type { Message } from './message.ts';
import { parseMergeText } from './parse-merge-text.ts';
import { takePreheader } from './preheader.ts';
import { parseTemplate, type TemplateUse } from './template-message.ts';
import { takeTracking } from './tracking.ts';

/** A message as it was written and is kept. */
export interface WrittenMessage {
  readonly message: string;
  readonly format: 'text' | 'html';
  /** null: the channel has none. */
  readonly subject: string | null;
  /** null: the configured one. */
  readonly from_name: string | null;
  /** JSON of a {@link TemplateUse}; null: everybody gets the text. */
  readonly template?: string | null;
}

/** Elements that people write in messages; `<3`, `<ana@example.com>` and `a < b` are text. */
const HTML_ELEMENT =
  /<\/?(a|abbr|b|big|blockquote|body|br|button|center|code|div|em|font|footer|h[1-6]|head|header|hr|html|i|img|li|main|ol|p|pre|s|section|small|span|strong|style|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|u|ul)(\s[^<>]*)?\/?>|<!doctype html/iu;

/** The message itself tells: a known HTML element in it makes it HTML, where the channel knows HTML. */
export function messageFormat(channel: ChannelName, message: string): 'text' | 'html' {
  return CHANNELS[channel].hasHtml && HTML_ELEMENT.test(message) ? 'html' : 'text';
}

/**
 * What a send says, parsed. Everything that is wrong with it is told here, before anything is sent.
 * @throws TidingsError `invalid_argument`, `invalid_template`
 */
export function parseMessage(written: WrittenMessage, channel: ChannelName): Message {
  if (written.message.trim() === '') {
    throw new TidingsError('invalid_argument', 'The message is empty.', {
      fix: 'Give the text to send as message.',
    });
  }
  return PARSERS[channel](written);
}

const PARSERS: { readonly [Name in ChannelName]: (written: WrittenMessage) => Message } = {
  email({ format, subject, message: given, from_name }) {
    const { message: tracked, tracksClicks } = takeTracking(given, format);
    const { message, preheader } = takePreheader(tracked, format);
    return {
      channel: 'email',
      format,
      body: encodeLinks(parseMergeText(message, 'message'), format),
      subject: parseMergeText(checkSubject(subject), 'subject'),
      ...(preheader !== null && { preheader: parseMergeText(preheader, 'preheader') }),
      fromName: from_name,
      ...(tracksClicks && { tracksClicks }),
    };
  },
  whatsapp: ({ message, template }) => ({
    channel: 'whatsapp',
    body: encodeLinks(parseMergeText(message, 'message'), 'text'),
    ...(template && { template: parseTemplate(JSON.parse(template) as TemplateUse) }),
  }),
};

function checkSubject(subject: string | null): string {
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
  return subject;
}
