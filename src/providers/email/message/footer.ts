import { isUnsubscribeUrl, UNSUBSCRIBE_URL } from '../../../core/messages/field-values.ts';
import { languageOf } from '../../../core/messages/language-of.ts';
import { isChoice, literalText, type MergeText, type Segment } from '../../../core/messages/merge-text.ts';
import type { EmailMessage } from '../../../core/messages/message.ts';
import { makeField } from '../../../core/messages/parse-merge-text.ts';
import { textPart } from '../../../core/messages/text-part.ts';
import { escapeHtml } from './escape-html.ts';
import type { EmailIdentity } from './identity.ts';
import { withPreheader } from './preheader.ts';

const UNSUBSCRIBE: Readonly<Record<string, string>> = {
  en: 'Unsubscribe',
  es: 'Cancelar la suscripción',
  pt: 'Cancelar inscrição',
  fr: 'Se désabonner',
  de: 'Abmelden',
};

const LOOK =
  'margin:32px auto 0;padding:12px 0;max-width:600px;border-top:1px solid #cccccc;font:13px/1.5 Arial,sans-serif;color:#595959;text-align:center';

/** An email with its plain text, both with a way out: their own, or that of a footer. */
export type WholeEmail = EmailMessage & { readonly textPart: MergeText };

/**
 * The message with all that its readers get: where it names no link to unsubscribe, a footer says who sends, from where,
 * and has the link, in the language of the message.
 */
export function withFooter(given: EmailMessage, identity: EmailIdentity): WholeEmail {
  const { format } = given;
  const plain = format === 'html' ? (given.textPart ?? textPart(given.body)) : given.body;
  const message = withPreheader(given);
  const { body } = message;
  if (!identity.hasFooter) return { ...message, textPart: plain };
  const lines = [identity.siteName, ...(identity.postalAddress?.split(/\n|\\n/) ?? [])].flatMap(
    (line) => line?.trim() || [],
  );
  const hasLink = identity.links?.isLocal === false;
  const link = hasLink ? UNSUBSCRIBE[languageOf(literalText(plain.segments))]! : null;
  if (link === null && identity.postalAddress === null) return { ...message, textPart: plain };
  const footed = (text: MergeText, add: (segments: readonly Segment[]) => Segment[]): MergeText =>
    showsLink(text.segments) ? text : { ...text, segments: add(text.segments) };
  const text = footed(plain, (segments) => [...segments, ...textFooter(lines, link)]);
  const html =
    format === 'html' ? footed(body, (segments) => beforeEnd(segments, htmlFooter(lines, link))) : text;
  return { ...message, body: html, textPart: text };
}

/** What keeps readers of it from leaving, and mail programs from helping them. */
export function warnOfWayOut({ body, textPart }: WholeEmail, { links }: EmailIdentity): string[] {
  if (links === null)
    return [
      'This email has no link to unsubscribe, and Gmail, Yahoo and Outlook refuse bulk mail without one: set PUBLIC_URL.',
    ];
  const found: string[] = [];
  if (!links.isOneClick)
    found.push('PUBLIC_URL is not https: mail programs will show no button to unsubscribe.');
  if (![body, textPart].every(({ segments }) => showsLink(segments)))
    found.push('The text shows no link to unsubscribe: add {{unsubscribe_url}}, or leave EMAIL_FOOTER on.');
  return found;
}

/** Whether everybody is shown it: of a choice, in both of its texts. */
function showsLink(segments: readonly Segment[]): boolean {
  return segments.some((segment) => {
    if (typeof segment === 'string') return false;
    return isChoice(segment)
      ? showsLink(segment.yes) && showsLink(segment.no)
      : isUnsubscribeUrl(segment.path);
  });
}

function textFooter(lines: readonly string[], link: string | null): Segment[] {
  const head = `\n\n---\n${lines.join('\n')}`;
  return link === null ? [head] : [`${head}${lines.length > 0 ? '\n' : ''}${link}: `, url()];
}

function htmlFooter(lines: readonly string[], link: string | null): Segment[] {
  const head = `\n<div style="${LOOK}">${lines.map(escapeHtml).join('<br>')}`;
  if (link === null) return [`${head}</div>\n`];
  return [
    `${head}${lines.length > 0 ? '<br>' : ''}<a href="`,
    url(),
    `" style="color:#595959;text-decoration:underline">${escapeHtml(link)}</a></div>\n`,
  ];
}

function url(): Segment {
  return makeField([UNSUBSCRIBE_URL], []);
}

/** Before the last `</body>`, or `</html>`, of the text itself; where there is none, at the end. */
function beforeEnd(segments: readonly Segment[], footer: readonly Segment[]): Segment[] {
  for (const end of ['</body', '</html']) {
    for (let at = segments.length - 1; at >= 0; at--) {
      const literal = segments[at]!;
      if (typeof literal !== 'string') continue;
      const cut = literal.toLowerCase().lastIndexOf(end);
      if (cut < 0) continue;
      const around = [literal.slice(0, cut), ...footer, literal.slice(cut)];
      return joined([...segments.slice(0, at), ...around, ...segments.slice(at + 1)]);
    }
  }
  return joined([...segments, ...footer]);
}

/** Literals that stand beside each other are one. */
function joined(segments: readonly Segment[]): Segment[] {
  const out: Segment[] = [];
  for (const segment of segments) {
    const last = out.at(-1);
    if (typeof segment === 'string' && typeof last === 'string') out[out.length - 1] = last + segment;
    else out.push(segment);
  }
  return out;
}
