import type { MergeValues } from '../../../core/leads/lead.ts';
import { isUnsubscribeUrl } from '../../../core/messages/field-values.ts';
import {
  type Field,
  fieldPaths,
  type MergeText,
  renderMergeText,
} from '../../../core/messages/merge-text.ts';
import type { EmailMessage } from '../../../core/messages/message.ts';
import { htmlParser, withFields, withPlaceholders } from '../../../core/messages/text-part.ts';
import type { ClickLinks } from './click-links.ts';

/** As those of `withPlaceholders`: an HTML reader leaves it alone. */
const FIELD = (index: number) => `\uE000tidings-field-${index}\uE001`;
const COUNT = /\uE000tidings-(?:field|if)-\d+\uE001/g;
const ATTRIBUTE = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?/g;

/**
 * The message with its links leading through this server: those of `<a>` and `<area>` to the web, found by a reader of HTML. Never
 * the link to unsubscribe, whether it is in the message or in the footer, which is added afterwards.
 */
export function trackLinks(message: EmailMessage, links: ClickLinks): EmailMessage {
  const { body } = message;
  const html = withPlaceholders(body);
  const slots = html.match(COUNT)?.length ?? 0;
  const added: Field[] = [];
  let out = '';
  let from = 0;
  for (const { start, end, href } of hrefs(html)) {
    const field = linkField(href, body, links);
    if (field === null) continue;
    out += html.slice(from, start) + FIELD(slots + added.length);
    added.push(field);
    from = end;
  }
  if (added.length === 0) return message;
  const known = { ...body, segments: [...body.segments, ...added] };
  const { segments } = withFields(out + html.slice(from), known);
  return { ...message, body: { ...body, segments } };
}

interface Href {
  /** Of the value in the HTML, between its quotes. */
  readonly start: number;
  readonly end: number;
  /** With its entities decoded, once. */
  readonly href: string;
}

function hrefs(html: string): Href[] {
  const found: Href[] = [];
  const parser = new (htmlParser())({
    onopentag(name, { href }) {
      if ((name !== 'a' && name !== 'area') || href === undefined) return;
      const place = placeOfValue(html.slice(parser.startIndex, parser.endIndex + 1), name.length + 1);
      if (place) found.push({ start: parser.startIndex + place[0], end: parser.startIndex + place[1], href });
    },
  });
  parser.end(html);
  return found;
}

/** Where the value of the first `href` of a tag stands. */
function placeOfValue(tag: string, behindName: number): [number, number] | null {
  ATTRIBUTE.lastIndex = behindName;
  for (let match = ATTRIBUTE.exec(tag); match; match = ATTRIBUTE.exec(tag)) {
    if (match[1]!.toLowerCase() !== 'href') continue;
    const value = match[2] ?? match[3] ?? match[4];
    if (value === undefined) return null;
    const isBare = match[4] !== undefined;
    const end = match.index + match[0].length - (isBare ? 0 : 1);
    return [end - value.length, end];
  }
  return null;
}

/** null: it stays as it is. */
function linkField(href: string, body: MergeText, links: ClickLinks): Field | null {
  const destination = readDestination(href.trim(), body);
  if (destination === null || fieldPaths(destination.segments).some(isUnsubscribeUrl)) return null;
  const { segments } = destination;
  const isFixed = segments.every((segment) => typeof segment === 'string');
  if (isFixed) {
    const address = segments.join('');
    if (!links.counts(address)) return null;
    // Signed once a send.
    const tail = links.tail(address);
    return fieldOf(({ click_token }) => `${links.base}${click_token ?? links.exampleToken}${tail}`);
  }
  return fieldOf((values, escapeValue) => {
    const address = renderMergeText(destination, values);
    if (!links.counts(address)) return escapeValue(address);
    return `${links.base}${values.click_token ?? links.exampleToken}${links.tail(address)}`;
  });
}

function readDestination(href: string, body: MergeText): MergeText | null {
  try {
    return withFields(href, body);
  } catch {
    return null;
  }
}

function fieldOf(render: Field['render']): Field {
  return {
    path: ['tracked_link'],
    filters: [],
    read: (values: MergeValues) => render(values, String),
    render,
  };
}
