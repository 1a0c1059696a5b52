import PostalMime, { type Email } from 'postal-mime';
import type { MergeText } from '../../core/messages/merge-text.ts';
import { TidingsError } from '../../errors.ts';
import { lintEmail } from '../../providers/email/message/lint.ts';
import { bad, type Check, good, warning } from './check.ts';
import { askFilters, type RunProgram } from './spam-filters.ts';

const MOST_BYTES = 64 * 1024 * 1024;
/** RFC 5322, section 2.1.1; without the line break. */
const LONGEST_LINE = 998;
/** What most mailboxes take, in base64. */
const LARGE = 20_000_000;
const ONCE = ['From', 'To', 'Subject', 'Date', 'Message-ID', 'MIME-Version'];
const FIELDS_LEFT = /\{\{[^{}]{1,100}\}\}/;

/**
 * What can be said of a message before it leaves: its form, what filters punish, and what the filters that are installed here
 * say of it. Nothing is sent, and nobody is asked over the network.
 * @throws TidingsError `invalid_file` for what is no message
 */
export async function judgeMessage(raw: Buffer, run?: RunProgram): Promise<Check[]> {
  if (raw.length > MOST_BYTES) throw noMessage('is larger than 64 MB');
  const mail = await PostalMime.parse(raw);
  if (mail.headers.length === 0) throw noMessage('has no header');
  return [
    checkHeaders(mail),
    checkLines(raw),
    checkLeaving(mail),
    checkSize(raw, mail),
    ...checkContent(mail),
    ...(await askFilters(raw, run)),
  ];
}

function noMessage(what: string): TidingsError {
  return new TidingsError('invalid_file', `The file ${what}: it is no message.`, {
    fix: 'Give a message as it would leave, with its header: most programs call it "save as .eml".',
  });
}

function countOf({ headers }: Email, name: string): number {
  return headers.filter(({ key }) => key === name.toLowerCase()).length;
}

function checkHeaders(mail: Email): Check {
  const missing = ONCE.filter((name) => countOf(mail, name) === 0);
  const twice = ONCE.filter((name) => countOf(mail, name) > 1);
  if (missing.length > 0)
    return bad('headers', `missing: ${missing.join(', ')}`, 'Filters take such a message for spam.');
  if (twice.length > 0)
    return bad('headers', `there more than once: ${twice.join(', ')}`, 'Gmail refuses such a message.');
  return good('headers', ONCE.join(', '));
}

function checkLines(raw: Buffer): Check {
  let longest = 0;
  for (let from = 0; from < raw.length; ) {
    const end = raw.indexOf(10, from);
    const until = end < 0 ? raw.length : end;
    longest = Math.max(longest, until - from - (raw[until - 1] === 13 ? 1 : 0));
    from = until + 1;
  }
  return longest > LONGEST_LINE
    ? bad(
        'lines',
        `the longest has ${longest} octets, and mail servers cut or refuse more than ${LONGEST_LINE}`,
        'Encode the text as quoted-printable or base64.',
      )
    : good('lines', `the longest has ${longest} octets`);
}

function checkLeaving(mail: Email): Check {
  const header = mail.headers.find(({ key }) => key === 'list-unsubscribe')?.value;
  if (header === undefined)
    return bad(
      'unsubscribe',
      'there is no List-Unsubscribe, and Gmail, Yahoo and Outlook refuse bulk mail without one',
      'Set PUBLIC_URL to an https address.',
    );
  if (!/<https:[^>]+>/i.test(header) || countOf(mail, 'List-Unsubscribe-Post') !== 1)
    return bad('unsubscribe', 'it is not one click (RFC 8058)', 'Set PUBLIC_URL to an https address.');
  if (countOf(mail, 'DKIM-Signature') === 0)
    return good('unsubscribe', 'one click; the relay or provider has to sign it (no DKIM-Signature yet)');
  const signed = mail.headers.some(
    ({ key, value }) =>
      key === 'dkim-signature' && /\bh=[^;]*\blist-unsubscribe-post\b/i.test(value.replace(/\s+/g, '')),
  );
  return signed
    ? good('unsubscribe', 'one click, and signed')
    : bad(
        'unsubscribe',
        'List-Unsubscribe-Post is not in the h= of the DKIM signature: mail programs show no button',
        'Sign with DKIM_PRIVATE_KEY_FILE, or tell whoever signs.',
      );
}

function checkSize(raw: Buffer, mail: Email): Check {
  const kB = (bytes: number) => `${Math.ceil(bytes / 1_000)} kB`;
  const html = Buffer.byteLength(mail.html ?? '');
  const files = mail.attachments.map(({ filename }) => filename ?? 'a file without a name');
  const detail = `${kB(raw.length)}${mail.html ? `, HTML ${kB(html)}` : ''}${files.length > 0 ? `, with ${files.join(', ')}` : ''}`;
  return raw.length > LARGE
    ? warning('size', detail, 'Many mailboxes refuse more than 20 MB: put a link into the text.')
    : good('size', detail);
}

/** The same as a dry run warns of. */
function checkContent(mail: Email): Check[] {
  const { html, text = '', subject = '' } = mail;
  const found = lintEmail({
    channel: 'email',
    format: html === undefined ? 'text' : 'html',
    subject: plain(subject),
    body: plain(html ?? text),
    textPart: plain(text),
    fromName: null,
    attachments: mail.attachments.map(({ filename, mimeType, contentId }) => ({
      filename: filename ?? '',
      content_type: mimeType,
      content_id: contentId?.replace(/^<|>$/g, '') ?? null,
      size: 0,
      hash: '',
      content: '',
    })),
  });
  if (html !== undefined && text.trim() === '') found.push('There is no text part beside the HTML.');
  const left = FIELDS_LEFT.exec(`${subject}\n${html ?? text}`);
  if (left) found.push(`${left[0]} is not filled in.`);
  if (found.length === 0) return [good('content', 'nothing that filters punish')];
  return found.map((what) => ({ name: 'content', ok: true, isWarning: true, detail: what }));
}

function plain(text: string): MergeText {
  return { source: text, segments: [text], fieldCount: 0 };
}
