import type { Attempt, Recipient, SendAbout } from '../../../core/deliveries/sender.ts';
import { isUnsubscribeUrl } from '../../../core/messages/field-values.ts';
import { fieldPaths } from '../../../core/messages/merge-text.ts';
import { type EmailMessage, mergeTextsOf } from '../../../core/messages/message.ts';
import { TidingsError } from '../../../errors.ts';
import type { ClickLinks } from '../clicks/click-links.ts';
import type { FromAddress } from '../smtp/settings.ts';
import type { UnsubscribeLinks } from '../unsubscribe/links.ts';
import { fromHeader, headerText, unstructuredHeader } from './header.ts';

/** What all emails of this house say of who sends them, whichever way they leave. */
export interface EmailIdentity {
  /** null: nobody can come here to leave. */
  readonly links: UnsubscribeLinks | null;
  /** Links that are counted; without them, nothing can be. */
  readonly clicks?: ClickLinks | null;
  /** Whether a message without a way out is given one (`EMAIL_FOOTER`). */
  readonly hasFooter: boolean;
  readonly siteName: string | null;
  /** `POSTAL_ADDRESS`; a line break, or `\n` written out, begins another line. */
  readonly postalAddress: string | null;
  /** `REPLY_TO`. */
  readonly replyTo: FromAddress | null;
}

/** Nothing is known of it: no link, no footer. */
export const NO_IDENTITY: EmailIdentity = {
  links: null,
  hasFooter: true,
  siteName: null,
  postalAddress: null,
  replyTo: null,
};

/** The values of a message that is on its way: those of the lead, and its link. */
export function withLink(recipient: Recipient, links: UnsubscribeLinks | null, url?: string): Recipient {
  if (links === null) return recipient;
  return { ...recipient, values: { ...recipient.values, unsubscribe_url: url ?? links.example } };
}

/** @throws TidingsError `configuration` for a message that names a link which there is none of */
export function refuseMissingLink(message: EmailMessage, { links }: EmailIdentity): void {
  const paths = mergeTextsOf(message).flatMap(({ segments }) => fieldPaths(segments));
  if (links !== null || !paths.some(isUnsubscribeUrl)) return;
  throw new TidingsError(
    'configuration',
    'The message has {{unsubscribe_url}}, and PUBLIC_URL is not set: the link would lead nowhere.',
    { fix: 'Set PUBLIC_URL to the address by which others reach this server. Nothing was sent.' },
  );
}

/** @throws TidingsError `configuration` for a message whose clicks are to be counted where nobody can come */
export function refuseTracking({ tracksClicks }: EmailMessage, { clicks, links }: EmailIdentity): void {
  if (!tracksClicks || (clicks && links?.isOneClick)) return;
  throw new TidingsError(
    'configuration',
    'Clicks can be counted only where readers can come: PUBLIC_URL is no https:// address.',
    { fix: 'Set PUBLIC_URL to the https address of this server, or leave tracking out. Nothing was sent.' },
  );
}

/**
 * The header lines by which mail programs and providers know bulk mail, and its readers leave. All of them are the same
 * for everybody but the link; each is one line, for no value can bring a line break.
 */
export function listHeaders(
  identity: EmailIdentity,
  from: FromAddress | null,
  send: SendAbout | undefined,
): { readonly fixed: string; readonly leave: (url: string | undefined) => string } {
  const { links, replyTo, siteName } = identity;
  const replies = replyTo ? fromHeader(replyTo.name, replyTo.address, 'Reply-To') : '';
  const fixed =
    replies +
    (from ? listId(siteName ?? from.name, from) : '') +
    feedbackId(from, send) +
    'Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\n';
  const isOneClick = links?.isOneClick === true;
  return {
    fixed,
    leave: (url) =>
      isOneClick && url !== undefined
        ? `List-Unsubscribe: <${url}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n`
        : '',
  };
}

/** RFC 2919. The same for all that leaves from an address, so that a reader's filter holds for the next campaign too. */
function listId(name: string | null, { address, domain }: FromAddress): string {
  const local = atoms(address.slice(0, address.lastIndexOf('@')).toLowerCase());
  const id = `<${local || 'mail'}.${domain}>`;
  const phrase = name === null ? '' : headerText(name);
  return phrase === '' || !/^[\w .-]{1,60}$/.test(phrase)
    ? `List-Id: ${id}\r\n`
    : unstructuredHeader('List-Id', `${phrase} ${id}`);
}

/** `campaign:audience:kind:sender`, by which Gmail groups complaints; the last one stays the same for years. */
function feedbackId(from: FromAddress | null, send: SendAbout | undefined): string {
  const sender = atoms((from?.domain ?? '').replaceAll('.', '-')).slice(0, 15);
  const parts = [
    (send && atoms(send.campaign).slice(0, 40)) || 'campaign',
    (send && atoms(send.audience_id)) || 'audience',
    'bulk',
    sender.length < 5 ? `tidings-${sender}`.slice(0, 15) : sender,
  ];
  return `Feedback-ID: ${parts.join(':')}\r\n`;
}

/** Letters, digits and single hyphens. */
function atoms(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

/** The link of one attempt, once for all that a message needs it for. */
export function linkOf(
  { links }: EmailIdentity,
  { attemptId }: Pick<Attempt, 'attemptId'>,
): string | undefined {
  return links?.of(attemptId);
}
