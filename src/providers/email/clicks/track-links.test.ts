import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { MergeValues } from '../../../core/leads/lead.ts';
import { parseMessage } from '../../../core/messages/content.ts';
import { messageFor } from '../../../core/messages/message.ts';
import { htmlParser } from '../../../core/messages/text-part.ts';
import { DeliveryTokens } from '../delivery-token.ts';
import { type EmailIdentity, NO_IDENTITY } from '../message/identity.ts';
import { compileMessage } from '../message/mime.ts';
import { parseEmailFrom } from '../smtp/settings.ts';
import { UnsubscribeLinks } from '../unsubscribe/links.ts';
import { ClickLinks } from './click-links.ts';

const SECRET = randomBytes(32);
const PUBLIC = 'https://tidings.example.com/mail';
const CLICKS = new ClickLinks(PUBLIC, new DeliveryTokens(SECRET, 'click'), SECRET);
const LINKS = new UnsubscribeLinks(PUBLIC, new DeliveryTokens(SECRET, 'unsubscribe'));
const IDENTITY = { ...NO_IDENTITY, links: LINKS, clicks: CLICKS, siteName: 'Shop' };
const DELIVERY = `${'0'.repeat(32)}.a`;
const ATTEMPT = { deliveryId: DELIVERY, attemptId: `${DELIVERY}.1`, mayLeave: () => true };

const lead = {
  name: 'Ann & Co',
  email: 'a+b@example.org',
  phone: null,
  position: null,
  company: null,
  notes: null,
};
const metadata = { url: 'https://own.example/a?b=1&c', note: 'none', vip: 'yes' };
const values: MergeValues = { lead: { ...lead, metadata }, site: { name: null } };

function compile(message: string, identity: EmailIdentity = IDENTITY) {
  const written = {
    message: `{{!track clicks}}\n${message}`,
    format: 'html' as const,
    subject: 'Hi',
    from_name: null,
  };
  return compileMessage(
    messageFor('email', parseMessage(written, 'email')),
    parseEmailFrom('a@shop.example'),
    identity,
  );
}
const htmlOf = (message: string) =>
  compile(message).parts({ contact: 'ann@example.org', values }, ATTEMPT).html!;
/** Where each link leads in the end, or the link itself where it is not counted. */
function destinations(html: string): string[] {
  const found: string[] = [];
  const parser = new (htmlParser())({
    onopentag(_, { href }) {
      if (href === undefined) return;
      const click = href.startsWith(CLICKS.base) ? CLICKS.read(href.slice(CLICKS.base.length)) : null;
      if (click) expect(click.token).toMatchObject({ deliveryId: DELIVERY, attempt: 1 });
      found.push(click ? `→ ${click.destination}` : href);
    },
  });
  parser.end(html);
  return found;
}
const own = LINKS.of(ATTEMPT.attemptId);

it.each([
  [
    '<a href="https://x.example/?q=a&amp;f[0]=t:2&amp;p=50%25">x</a>',
    '→ https://x.example/?q=a&f[0]=t:2&p=50%25',
  ],
  ["<a title='no href=\"y\"' class=b HREF = 'http://x.example/é'>x</a>", '→ http://x.example/é'],
  ['<a href=https://x.example/bare>x</a>', '→ https://x.example/bare'],
  ['<map><area href=" https://x.example/area "></map>', '→ https://x.example/area'],
  [
    '<a href="https://x.example/?n={{lead.name}}&amp;e={{lead.email}}">x</a>',
    '→ https://x.example/?n=Ann%20%26%20Co&e=a%2Bb%40example.org',
  ],
  ['<a href="{{lead.metadata.url}}">x</a>', '→ https://own.example/a?b=1&c'],
  [
    '<a href="https://x.example/{{#if lead.metadata.vip}}vip{{else}}all{{/if}}">x</a>',
    '→ https://x.example/vip',
  ],
  [
    '{{#if lead.metadata.vip}}<a href="https://x.example/1">{{lead.name}}</a>{{/if}}',
    '→ https://x.example/1',
  ],
  // Not counted, whatever it looks like.
  ['<a href="mailto:a@x.example">x</a>', 'mailto:a@x.example'],
  ['<a href="tel:+34600000000">x</a>', 'tel:+34600000000'],
  ['<a href="#top">x</a>', '#top'],
  ['<a href="{{lead.metadata.note}}">x</a>', 'none'],
  ['<link href="https://x.example/a.css">', 'https://x.example/a.css'],
  [`<a href="${PUBLIC}/u/abc">x</a>`, `${PUBLIC}/u/abc`],
  [`<a href="https://x.example/${'x'.repeat(1_600)}">x</a>`, `https://x.example/${'x'.repeat(1_600)}`],
])('%.70s', (message, leads) => {
  expect(destinations(htmlOf(message))).toEqual([leads, own]);
});

it('the link to unsubscribe is never counted: in the text, in the footer, in the header', () => {
  const html = htmlOf(
    '<a href="{{unsubscribe_url}}">leave</a><a href="https://x.example/{{unsubscribe_url}}">x</a>',
  );
  expect(destinations(html)[0]).toBe(own);
  expect(html).not.toContain('/c/');
  const { headers, text } = compile('<p>x</p>').parts({ contact: 'a@b.example', values }, ATTEMPT);
  expect(headers['List-Unsubscribe']).toBe(`<${own}>`);
  expect(text).toContain(own);
});

it('whoever changes a link leads nobody anywhere', () => {
  const tail = CLICKS.tail('https://x.example/');
  const token = CLICKS.tokenOf(ATTEMPT.attemptId);
  const encoded = Buffer.from('https://evil.example/').toString('base64url');
  expect(CLICKS.read(token + tail)).toMatchObject({ destination: 'https://x.example/' });
  const sign = tail.split('/')[1]!;
  const foreign = new DeliveryTokens(SECRET, 'unsubscribe').of(ATTEMPT.attemptId);
  for (const path of [
    `${token}/${sign}/${encoded}`,
    `${foreign}${tail}`,
    `${token.slice(0, -4)}aaaa${tail}`,
    `${token}${new ClickLinks(PUBLIC, new DeliveryTokens(SECRET, 'click'), randomBytes(32)).tail('https://x.example/')}`,
    `${CLICKS.exampleToken}${tail}`,
    `${token}/${encoded}`,
    `${token}${tail}xxxx`,
    '',
  ])
    expect(CLICKS.read(path), path).toBeNull();
});

it('what is no link to its readers stays as it is', () => {
  const html = '<!-- <a href="https://x.example/">x</a> --><p title="<a href=https://x.example/>">x</p>';
  expect(htmlOf(html)).toContain(html);
});

it('the rest of the HTML stays as it is, and without the mark every link does', () => {
  const message =
    '<p class="a" data-x=\'1\'>Hi &amp; {{lead.name}} <br/> <A HREF="https://x.example/">x</A>&nbsp;</p>';
  const counted = htmlOf(message);
  const plain = compileMessage(
    messageFor('email', parseMessage({ message, format: 'html', subject: 'Hi', from_name: null }, 'email')),
    parseEmailFrom('a@shop.example'),
    IDENTITY,
  ).parts({ contact: 'ann@example.org', values }, ATTEMPT).html!;
  expect(counted.replace(/https:\/\/tidings\.example\.com\/mail\/c\/[^"]+/, 'https://x.example/')).toBe(
    plain,
  );
  expect(plain).not.toContain('/c/');
});

it.each([
  ['no PUBLIC_URL', { ...IDENTITY, links: null, clicks: null }],
  [
    'one without https',
    {
      ...IDENTITY,
      links: new UnsubscribeLinks('http://x.example', new DeliveryTokens(SECRET, 'unsubscribe')),
    },
  ],
])('with %s it is refused', (_, identity) => {
  expect(() => compile('<a href="https://x.example/">x</a>', identity)).toThrow('PUBLIC_URL is no https');
});

it('dry runs warn of the links that were written', () => {
  expect(compile('<a href="https://1.2.3.4/x">y</a>').warnings().join()).toContain('leads to 1.2.3.4');
});
