import { literalText } from '../../../core/messages/merge-text.ts';
import { htmlParser, withPlaceholders } from '../../../core/messages/text-part.ts';
import type { WholeEmail } from './footer.ts';
import { lintFiles } from './lint-files.ts';

/** Gmail shows the first 102 kB of HTML and hides the rest, the link to unsubscribe with it. */
const CLIPPED_AT = 100_000;
/** Elements that mail programs take out, or take for an attack. */
const UNSAFE = new Set(['script', 'iframe', 'object', 'embed', 'form', 'input', 'video', 'audio', 'base']);
const SHORTENERS = new Set(
  'bit.ly tinyurl.com t.co goo.gl is.gd ow.ly buff.ly rebrand.ly cutt.ly rb.gy shorturl.at tiny.cc s.id'.split(
    ' ',
  ),
);
const BARE_ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/i;
/** A link text that is an address itself. */
const SHOWN_ADDRESS = /^(?:https?:\/\/)?((?:[a-z0-9-]+\.)+[a-z]{2,24})(?:[/?#].*)?$/i;
const WEB_LINK = /https?:\/\/[^\s<>"')\]]+/gi;
/** Fewer words than these beside pictures: such a message says nothing to whoever does not load them. */
const FEW_WORDS = 20;
const SHOWN = 60;

/**
 * What filters punish and readers cannot use, found in the message alone: sentences, each kind of fault once. It is no
 * judgement: `tidings send --test-to` shows what a mailbox does with it.
 */
export function lintEmail(message: WholeEmail): string[] {
  const found = new Map<string, string>();
  const tell = (kind: string, sentence: string) => {
    if (!found.has(kind)) found.set(kind, sentence);
  };
  lintSubject(literalText(message.subject.segments).replaceAll('\0', ''), tell);
  if (message.format === 'html') lintHtml(withPlaceholders(message.body), tell);
  else {
    for (const [link] of literalText(message.body.segments).matchAll(WEB_LINK)) lintLink(link, '', tell);
  }
  return [...found.values(), ...lintFiles(message)];
}

type Tell = (kind: string, sentence: string) => void;

function lintSubject(subject: string, tell: Tell): void {
  const letters = subject.replace(/[^\p{L}]/gu, '');
  // Of a script without capitals nothing is said.
  if (letters.length >= 10 && letters === letters.toUpperCase() && letters !== letters.toLowerCase())
    tell('capitals', 'The subject is in capitals only: filters take that for spam.');
  if (/[!?]{2}|!.*!.*!/u.test(subject))
    tell('marks', 'The subject has many exclamation or question marks: filters take that for spam.');
  if (/^\s*(?:re|fwd?|aw|rv|tr)\s*:/iu.test(subject))
    tell('reply', 'The subject pretends to be an answer or passed on: filters and laws do not like that.');
}

function lintHtml(html: string, tell: Tell): void {
  const size = Buffer.byteLength(html);
  if (size > CLIPPED_AT)
    tell('size', `The HTML has ${Math.round(size / 1_000)} kB: Gmail hides what is beyond 102 kB.`);
  let words = 0;
  let images = 0;
  let withoutAlt = 0;
  let hidden = 0;
  const link: { href: string; text: string } = { href: '', text: '' };
  const parser = new (htmlParser())({
    onopentag(name, { href, src, alt }) {
      if (name === 'style' || name === 'script' || name === 'title') hidden += 1;
      if (UNSAFE.has(name))
        tell(name, `The HTML has a <${name}>: mail programs take it out, and filters the message.`);
      if (name === 'a') Object.assign(link, { href: href ?? '', text: '' });
      if (name !== 'img') return;
      images += 1;
      if (alt === undefined) withoutAlt += 1;
      if (src?.startsWith('data:'))
        tell('data', 'A picture is written into the HTML (data:): Gmail and Outlook do not show it.');
      if (src !== undefined && /^(?!https?:|cid:|data:|\uE000)/iu.test(src))
        tell('src', `The picture "${shown(src)}" has no address on the web: nobody will see it.`);
    },
    ontext(text) {
      if (hidden > 0) return;
      words += text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;
      if (link.href !== '') link.text += text;
    },
    onclosetag(name) {
      if (name === 'style' || name === 'script' || name === 'title') hidden -= 1;
      if (name !== 'a') return;
      if (link.href !== '') lintLink(link.href, link.text, tell);
      link.href = '';
    },
  });
  parser.end(html);
  if (withoutAlt > 0)
    tell(
      'alt',
      `${withoutAlt === 1 ? 'A picture has' : `${withoutAlt} pictures have`} no alt text: whoever does not load or see them reads nothing there.`,
    );
  if (images > 0 && words < FEW_WORDS)
    tell('pictures', 'The message is pictures with hardly any text: filters take that for spam.');
}

function lintLink(href: string, text: string, tell: Tell): void {
  if (/^\s*(?:javascript|data|vbscript):/iu.test(href))
    tell('script', `A link begins with "${shown(href.split(':')[0]!)}:": mail programs take it out.`);
  if (!/^https?:/iu.test(href) || !URL.canParse(href)) return;
  const host = new URL(href).hostname.toLowerCase();
  if (BARE_ADDRESS.test(host))
    tell('address', `A link leads to ${host}, an address without a name: filters take that for fraud.`);
  if (SHORTENERS.has(host.replace(/^www\./, '')))
    tell('shortener', `A link is hidden behind ${host}: filters take that for spam. Write where it leads.`);
  const claimed = SHOWN_ADDRESS.exec(text.trim())?.[1]?.toLowerCase();
  if (claimed !== undefined && !sameSite(claimed, host))
    tell('claim', `A link shows ${shown(claimed)} and leads to ${shown(host)}: filters take that for fraud.`);
}

/** The same host, or one within the other. */
function sameSite(one: string, other: string): boolean {
  const [a, b] = [one, other].map((host) => host.replace(/^www\./, '')) as [string, string];
  return a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);
}

function shown(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN).toWellFormed()}…` : text;
}
