import type { Attempt, Recipient } from '../../../core/deliveries/sender.ts';
import { mapLiterals, renderMergeText, type Segment } from '../../../core/messages/merge-text.ts';
import type { EmailMessage } from '../../../core/messages/message.ts';
import { textPart } from '../../../core/messages/text-part.ts';
import type { FromAddress } from '../smtp/settings.ts';
import { dateHeader, fromHeader, headerText, unstructuredHeader } from './header.ts';
import { type QuotedLiteral, QuotedPrintableWriter, quoteLiteral, toCrlf } from './quoted-printable.ts';

/** A message compiled for one send: all that is the same for everyone is already encoded. */
export interface CompiledMessage {
  /**
   * The whole message with CRLF line ends. No line begins with a dot, so that none needs another one on the way
   * (RFC 5321, section 4.5.2). ASCII, but for an address that needs SMTPUTF8.
   */
  render(recipient: Recipient, to: string, attempt: Attempt): string;
  /** The same for every attempt at a delivery, so that a mailbox or a log can tell a repeat. */
  messageId(attempt: Attempt): string;
  /** Display name and address, as a person reads them. */
  readonly from: string;
  subject(recipient: Recipient): string;
  text(recipient: Recipient): string;
}

/**
 * No body can hold this: `=_` occurs neither in quoted-printable, where `=` stands before a hex digit or a line
 * break, nor in base64 (RFC 2045, section 6.7).
 */
const BOUNDARY = '=_tidings_alternative';
const MIXED_HEADERS = `Content-Type: multipart/alternative; boundary="${BOUNDARY}"\r\n\r\n--${BOUNDARY}\r\n`;
const BETWEEN_PARTS = `\r\n--${BOUNDARY}\r\n`;
const END_OF_PARTS = `\r\n--${BOUNDARY}--\r\n`;

type RenderPart = (recipient: Recipient) => string;

/** Compiles the MIME form (RFC 2045, RFC 2046) of what a send says. */
export function compileMessage(message: EmailMessage, sender: FromAddress): CompiledMessage {
  const { subject } = message;
  const name = (message.fromName && headerText(message.fromName)) || sender.name;
  const plain = message.format === 'html' ? (message.textPart ?? textPart(message.body)) : message.body;
  const text = compilePart('text/plain', plain.segments, String);
  const html = message.format === 'html' ? compilePart('text/html', message.body.segments, escapeHtml) : null;
  const body: RenderPart = html
    ? (recipient) => MIXED_HEADERS + text(recipient) + BETWEEN_PARTS + html(recipient) + END_OF_PARTS
    : text;
  const fromLine = fromHeader(name, sender.address);
  const subjectText = (recipient: Recipient) => headerText(renderMergeText(subject, recipient.values));
  const isFixedSubject = subject.segments.every((segment) => typeof segment === 'string');
  const fixedSubject = isFixedSubject ? unstructuredHeader('Subject', subject.segments.join('')) : null;
  const messageId = (attempt: Attempt) => `<${attempt.deliveryId}@${sender.domain}>`;
  return {
    from: name ? `${name} <${sender.address}>` : sender.address,
    messageId,
    subject: subjectText,
    text: (recipient) => renderMergeText(plain, recipient.values),
    render: (recipient, to, attempt) =>
      `${fromLine}To: ${to}\r\n${fixedSubject ?? unstructuredHeader('Subject', subjectText(recipient))}` +
      `${dateHeader(new Date())}Message-ID: ${messageId(attempt)}\r\nMIME-Version: 1.0\r\n${body(recipient)}`,
  };
}

/** One text part with its headers. Base64 where quoted-printable would be longer, as for Chinese or Arabic. */
function compilePart(
  type: string,
  segments: readonly Segment[],
  escapeValue: (value: string) => string,
): RenderPart {
  const literals = segments.filter((segment) => typeof segment === 'string').join('');
  const encoding = prefersBase64(literals) ? 'base64' : 'quoted-printable';
  const headers = `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
  if (encoding === 'base64') {
    const lines = { segments: mapLiterals(segments, toCrlf) };
    return ({ values }) =>
      headers + base64Lines(renderMergeText(lines, values, (value) => escapeValue(toCrlf(value))));
  }
  const quoted = segments.map((segment) => (typeof segment === 'string' ? quoteLiteral(segment) : segment));
  return ({ values }) => {
    const writer = new QuotedPrintableWriter();
    for (const piece of quoted) {
      if (isLiteral(piece)) writer.literal(piece);
      else writer.value(piece.render(values, escapeValue));
    }
    return headers + writer.end();
  };
}

function isLiteral(piece: QuotedLiteral | Segment): piece is QuotedLiteral {
  return typeof piece === 'object' && 'firstLine' in piece;
}

/** A byte costs 4/3 in base64; in quoted-printable 1 when ASCII and 3 when not: they meet at one byte in six. */
function prefersBase64(text: string): boolean {
  const bytes = Buffer.byteLength(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  const ascii = text.replace(/[^\u0000-\u007f]+/g, '').length;
  return (bytes - ascii) * 6 > bytes;
}

function base64Lines(text: string): string {
  const encoded = Buffer.from(text).toString('base64');
  const lines: string[] = [];
  for (let at = 0; at < encoded.length; at += 76) lines.push(encoded.slice(at, at + 76));
  return lines.join('\r\n');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe in text and in a quoted attribute, whatever a lead calls itself. */
export function escapeHtml(value: string): string {
  return /[&<>"']/.test(value) ? value.replace(/[&<>"']/g, (char) => ESCAPES[char]!) : value;
}
