import type { Attempt, Preview, Recipient, SendAbout } from '../../../core/deliveries/sender.ts';
import { type AttachedFile, withInlineImages } from '../../../core/messages/attachment.ts';
import { mapLiterals, renderMergeText, type Segment } from '../../../core/messages/merge-text.ts';
import type { EmailMessage } from '../../../core/messages/message.ts';
import { trackLinks } from '../clicks/track-links.ts';
import type { FromAddress } from '../smtp/settings.ts';
import { type Wrapping, wrapWithFiles } from './attach.ts';
import { escapeHtml } from './escape-html.ts';
import { warnOfWayOut, withFooter } from './footer.ts';
import { dateHeader, fromHeader, headerText, unstructuredHeader } from './header.ts';
import {
  type EmailIdentity,
  linkOf,
  listHeaders,
  NO_IDENTITY,
  refuseMissingLink,
  refuseTracking,
  withLink,
} from './identity.ts';
import { lintEmail } from './lint.ts';
import { type QuotedLiteral, QuotedPrintableWriter, quoteLiteral, toCrlf } from './quoted-printable.ts';

/** What somebody reads of a message. */
export type WrittenText = Pick<Preview, 'text' | 'html'> & { readonly subject: string };

/** A message as a provider wants it that puts it together itself. */
export interface MessageParts extends WrittenText {
  /** The header lines of bulk mail, by name; ASCII. `Reply-To` is not among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Missing: none. */
  readonly attachments?: readonly AttachedFile[];
}

/** A message compiled for one send: all that is the same for everyone is already encoded. */
export interface CompiledMessage {
  /**
   * The whole message with CRLF line ends, the last one too. No line begins with a dot, so that none needs another one on
   * the way (RFC 5321, section 4.5.2). ASCII, but for an address that needs SMTPUTF8.
   */
  render(recipient: Recipient, to: string, attempt: Attempt): string;
  /** The same message, in parts. */
  parts(recipient: Recipient, attempt: Attempt): MessageParts;
  /** The same for every attempt at a delivery, so that a mailbox or a log can tell a repeat. */
  messageId(attempt: Attempt): string;
  /** Display name and address, as a person reads them. */
  readonly from: string;
  /** The display name; null: there is none. */
  readonly fromName: string | null;
  /** What everybody gets beside the text, pictures of the HTML among it. */
  readonly attachments: readonly AttachedFile[];
  /** What is worth a word before it is sent to many; sentences. */
  warnings(): string[];
  /** As it would arrive, with an example of a link to unsubscribe. */
  preview(recipient: Recipient): WrittenText;
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

/**
 * Compiles the MIME form (RFC 2045, RFC 2046) of what a send says, with what every email of this house has: a way out, and
 * the header lines of bulk mail.
 * @throws TidingsError `configuration` when it names a link to unsubscribe, and there is none
 */
export function compileMessage(
  given: EmailMessage,
  sender: FromAddress,
  identity: EmailIdentity = NO_IDENTITY,
  send?: SendAbout,
  hasInlineImages = true,
): CompiledMessage {
  refuseMissingLink(given, identity);
  refuseTracking(given, identity);
  const { clicks } = identity;
  const counted = given.tracksClicks && clicks ? trackLinks(given, clicks) : given;
  const message = withFooter(hasInlineImages ? withInlineImages(counted) : counted, identity);
  const { attachments = [] } = message;
  const { subject, body, textPart: plain } = message;
  const name = (message.fromName && headerText(message.fromName)) || sender.name;
  const text = compilePart('text/plain', plain.segments, String);
  const html = message.format === 'html' ? compilePart('text/html', body.segments, escapeHtml) : null;
  const texts: RenderPart = html
    ? (recipient) => MIXED_HEADERS + text(recipient) + BETWEEN_PARTS + html(recipient) + END_OF_PARTS
    : text;
  let wrapping: Wrapping | undefined;
  const parts: RenderPart =
    attachments.length === 0
      ? texts
      : (recipient) => {
          wrapping ??= wrapWithFiles(attachments, html !== null);
          return wrapping.before + texts(recipient) + wrapping.behind;
        };
  // A text by itself may end anywhere; the others end in a boundary.
  const closed = (whole: string) =>
    html || attachments.length > 0 || whole.endsWith('\r\n') ? whole : `${whole}\r\n`;
  const fromLine = fromHeader(name, sender.address);
  const { fixed, leave } = listHeaders(identity, sender, send);
  const listLines = `${fixed}MIME-Version: 1.0\r\n`;
  const subjectText = (recipient: Recipient) => headerText(renderMergeText(subject, recipient.values));
  const isFixedSubject = subject.segments.every((segment) => typeof segment === 'string');
  const fixedSubject = isFixedSubject ? unstructuredHeader('Subject', subject.segments.join('')) : null;
  const messageId = (attempt: Attempt) => `<${attempt.deliveryId}@${sender.domain}>`;
  const withToken = (recipient: Recipient, { attemptId }: Attempt): Recipient =>
    counted === given
      ? recipient
      : { ...recipient, values: { ...recipient.values, click_token: clicks!.tokenOf(attemptId) } };
  const listParts = headerParts(fixed);
  const written = (recipient: Recipient): WrittenText => ({
    subject: subjectText(recipient),
    text: renderMergeText(plain, recipient.values),
    ...(html && { html: renderMergeText(body, recipient.values, escapeHtml) }),
  });
  return {
    fromName: name || null,
    from: name ? `${name} <${sender.address}>` : sender.address,
    attachments,
    messageId,
    warnings: () => [
      ...warnOfWayOut(message, identity),
      ...lintEmail(counted === given ? message : withFooter(given, identity)),
    ],
    preview: (recipient) => written(withLink(recipient, identity.links)),
    parts(recipient, attempt) {
      const url = linkOf(identity, attempt);
      const headers = { ...listParts, ...headerParts(leave(url)) };
      return {
        ...written(withToken(withLink(recipient, identity.links, url), attempt)),
        headers,
        ...(attachments.length > 0 && { attachments }),
      };
    },
    render(given, to, attempt) {
      const url = linkOf(identity, attempt);
      const recipient = withToken(withLink(given, identity.links, url), attempt);
      return closed(
        `${fromLine}To: ${to}\r\n${fixedSubject ?? unstructuredHeader('Subject', subjectText(recipient))}` +
          `${dateHeader(new Date())}Message-ID: ${messageId(attempt)}\r\n${leave(url)}${listLines}${parts(recipient)}`,
      );
    },
  };
}

/** Header lines by name, unfolded; who answers go to is a part of its own. */
function headerParts(lines: string): Record<string, string> {
  const whole = lines.replaceAll('\r\n ', ' ').split('\r\n');
  const pairs = whole.flatMap((line) => {
    const colon = line.indexOf(': ');
    return colon < 0 || line.startsWith('Reply-To:') ? [] : [[line.slice(0, colon), line.slice(colon + 2)]];
  });
  return Object.fromEntries(pairs);
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
