import PostalMime, { decodeWords } from 'postal-mime';
import { cutReturned } from './returned.ts';
import { textOfHtml } from './text-of-html.ts';

/** A mail as far as a judge of bounces needs it: its own header, what it says to people, and the parts for machines. */
export interface BounceMail {
  /** Values of a header, decoded, in the order in which they stand. */
  header(name: string): readonly string[];
  /** What is written for a person, without the message that comes back; lines end in \n. */
  readonly notice: string;
  /** `message/delivery-status` (RFC 3464) and its kin with UTF-8 (RFC 6533), each as text. */
  readonly reports: readonly string[];
  /** `message/feedback-report` (RFC 5965), each as text. */
  readonly feedback: readonly string[];
  /** Whether it is for a machine of another kind, such as a receipt that it was read (RFC 8098). */
  readonly isReceipt: boolean;
  /** Header of the message that comes back, as it stands there; empty when none does. */
  readonly returned: string;
  /** A report that is attached whole, as filters that add their own words do; null when there is none. */
  readonly wrapped: Uint8Array | null;
}

/** What counts stands in front; a message with attachments that comes back is cut. */
const MOST_BYTES = 1_000_000;
/** The parser needs 12 seconds for a megabyte of empty lines, and a tenth of one for these. */
const MOST_LINES = 10_000;
const MOST_HEADER_BYTES = 256_000;
const MOST_NOTICE = 60_000;
const MOST_REPORT = 60_000;
const MOST_PARTS = 60;
const DEEPEST = 20;

const REPORT = /^message\/(global-)?delivery-status$/;
const FEEDBACK = /^message\/feedback-report$/;
const RECEIPT = /^message\/(global-)?disposition-notification$/;
const RETURNED = /^(message\/(rfc822|global|partial)|(text|message)\/(rfc822|global|rfc-?822)-headers?)$/;

/** Any bytes make a mail; those that no parser takes make one that says nothing. */
export async function readMail(raw: Uint8Array): Promise<BounceMail> {
  const email = await PostalMime.parse(beginning(raw), {
    forceRfc822Attachments: true,
    rfc822Attachments: true,
    maxNestingDepth: DEEPEST,
    maxHeadersSize: MOST_HEADER_BYTES,
    attachmentEncoding: 'arraybuffer',
  }).catch(() => null);
  if (email === null) return NOTHING;
  const headers = new Map<string, string[]>();
  for (const { key, value } of email.headers) {
    const values = headers.get(key);
    const text = decodeWords(value.slice(0, MOST_LINE));
    if (values) values.push(text);
    else headers.set(key, [text]);
  }
  const parts = email.attachments.slice(0, MOST_PARTS).map(({ mimeType, content }) => ({
    type: mimeType.toLowerCase(),
    text: asText(content),
    content,
  }));
  const of = (type: RegExp) => parts.filter((part) => type.test(part.type)).map(({ text }) => text);
  const { notice, returned } = cutReturned(lines(email.text ?? textOfHtml(email.html ?? '')));
  const apart = of(RETURNED).map((text) => headerOf(text));
  return {
    header: (name) => headers.get(name) ?? [],
    notice: notice.slice(0, MOST_NOTICE),
    reports: of(REPORT),
    feedback: of(FEEDBACK),
    isReceipt: parts.some(({ type }) => RECEIPT.test(type)),
    returned: [...apart, returned].filter((text) => text !== '').join('\n\n'),
    wrapped: wrappedIn(parts),
  };
}

/** Longer ones are an attack or a list of a thousand people. */
const MOST_LINE = 10_000;

const NOTHING: BounceMail = {
  header: () => [],
  notice: '',
  reports: [],
  feedback: [],
  isReceipt: false,
  returned: '',
  wrapped: null,
};

/** Without empty lines in front, nor the line that an mbox puts there; lines that end in a bare CR (old Macs) get LF. */
function beginning(raw: Uint8Array): Uint8Array {
  let bytes = fromFirstLine(raw);
  if (FROM_LINE.every((byte, at) => bytes[at] === byte)) {
    const end = bytes.findIndex(endsLine);
    bytes = fromFirstLine(bytes.subarray(end < 0 ? bytes.length : end));
  }
  bytes = bytes.subarray(0, MOST_BYTES);
  return firstLines(bytes.includes(LF) ? bytes : bytes.map((byte) => (byte === CR ? LF : byte)));
}

function firstLines(bytes: Uint8Array): Uint8Array {
  let end = 0;
  for (let lines = 0; lines < MOST_LINES; lines++) {
    end = bytes.indexOf(LF, end) + 1;
    if (end === 0) return bytes;
  }
  return bytes.subarray(0, end);
}

const LF = 0x0a;
const CR = 0x0d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const FROM_LINE = Buffer.from('From ');
const endsLine = (byte: number) => byte === LF || byte === CR;

function fromFirstLine(given: Uint8Array): Uint8Array {
  const bytes = BYTE_ORDER_MARK.every((byte, at) => given[at] === byte) ? given.subarray(3) : given;
  const start = bytes.findIndex((byte) => !endsLine(byte));
  return start < 0 ? new Uint8Array() : bytes.subarray(start);
}

function wrappedIn(
  parts: readonly { type: string; text: string; content: ArrayBuffer | Uint8Array | string }[],
) {
  const found = parts.find(
    ({ type, text }) =>
      type === 'message/rfc822' && /^content-type:\s*multipart\/report/im.test(headerOf(text)),
  );
  if (found === undefined) return null;
  return typeof found.content === 'string' ? Buffer.from(found.content) : new Uint8Array(found.content);
}

function asText(content: ArrayBuffer | Uint8Array | string): string {
  if (typeof content === 'string') return lines(content.slice(0, MOST_REPORT));
  const bytes = content instanceof Uint8Array ? content : new Uint8Array(content);
  return lines(new TextDecoder().decode(bytes.subarray(0, MOST_REPORT)));
}

function lines(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

function headerOf(message: string): string {
  const text = message.replace(/^\n+/, '');
  const end = text.indexOf('\n\n');
  return end < 0 ? text : text.slice(0, end);
}
