import { simpleParser } from 'mailparser';
import { describe, expect, it, test } from 'vitest';
import type { Attempt, Recipient } from '../../../core/deliveries/sender.ts';
import type { EmailMessage } from '../../../core/messages/message.ts';
import { parseMergeText } from '../../../core/messages/parse-merge-text.ts';
import { DeliveryTokens } from '../delivery-token.ts';
import { parseEmailFrom } from '../smtp/settings.ts';
import { UnsubscribeLinks } from '../unsubscribe/links.ts';
import { type EmailIdentity, NO_IDENTITY } from './identity.ts';
import { compileMessage } from './mime.ts';

const FROM = parseEmailFrom('Flor de Sal <news@shop.example>');
const TOKENS = new DeliveryTokens(Buffer.alloc(32, 1), 'unsubscribe');
const DELIVERY = '0199a1c2111170008000000000000001.2z';
const ATTEMPT: Attempt = { deliveryId: DELIVERY, attemptId: `${DELIVERY}.1`, mayLeave: () => true };
const SEND = { campaign: 'Spring – 50 % off', audience_id: '0199a1c2-2222-7000-8000-000000000001' };
const LINK = `https://tidings.example/mail/u/${TOKENS.of(ATTEMPT.attemptId)}`;
const IDENTITY: EmailIdentity = {
  links: new UnsubscribeLinks('https://tidings.example/mail/', TOKENS),
  hasFooter: true,
  siteName: 'Flor de Sal',
  postalAddress: 'Calle Mayor 1\\n28013 Madrid',
  replyTo: parseEmailFrom('Ana <ana@shop.example>', 'REPLY_TO'),
};
const ANN: Recipient = {
  contact: 'ann@example.org',
  values: {
    lead: {
      name: 'Ann',
      email: 'ann@example.org',
      phone: null,
      position: null,
      company: null,
      notes: null,
      metadata: {},
    },
    site: { name: null },
  },
};

function letter(body: string, format: EmailMessage['format'] = 'text', subject = 'Hi'): EmailMessage {
  return {
    channel: 'email',
    format,
    body: parseMergeText(body),
    subject: parseMergeText(subject),
    fromName: null,
  };
}

async function arrive(message: EmailMessage, identity: Partial<EmailIdentity> = {}, send = SEND) {
  const compiled = compileMessage(message, FROM, { ...IDENTITY, ...identity }, send);
  const raw = compiled.render(ANN, ANN.contact, ATTEMPT);
  const head = raw.slice(0, raw.indexOf('\r\n\r\n'));
  for (const line of raw.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
  const mail = await simpleParser(raw, { skipTextToHtml: true, skipHtmlToText: true });
  const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim();
  return { raw, head, mail, text: mail.text ?? '', html: mail.html || '', header };
}

describe('the header of an email', () => {
  it('has the pair of RFC 8058, and says whose list it is and that no person wrote it', async () => {
    const { header, mail } = await arrive(letter('Hello'));
    expect(header('List-Unsubscribe')).toBe(`<${LINK}>`);
    expect(header('List-Unsubscribe-Post')).toBe('List-Unsubscribe=One-Click');
    expect(header('List-Id')).toBe('Flor de Sal <news.shop.example>');
    expect(header('Feedback-ID')).toBe(`Spring-50-off:${SEND.audience_id}:bulk:shop-example`);
    expect(header('Auto-Submitted')).toBe('auto-generated');
    expect(header('Precedence')).toBe('bulk');
    expect(mail.replyTo?.value).toEqual([{ name: 'Ana', address: 'ana@shop.example' }]);
  });

  test.each([
    ['http', new UnsubscribeLinks('http://tidings.example', TOKENS)],
    ['no link', null],
  ])('has neither of the pair with %s', async (_, links) => {
    const { head } = await arrive(letter('Hello'), { links });
    expect(head).not.toMatch(/^List-Unsubscribe/im);
  });

  it('is the same list for every campaign, and another feedback id', async () => {
    const one = await arrive(letter('Hello'));
    const other = await arrive(letter('Hello'), {}, { ...SEND, campaign: '春节' });
    expect(other.header('List-Id')).toBe(one.header('List-Id'));
    expect(other.header('Feedback-ID')).toMatch(/^[A-Za-z0-9-]+:[0-9a-f-]{36}:bulk:shop-example$/);
  });

  test.each([
    '\r\nBcc: eve@x.example',
    '\nX-Evil: 1',
    '\u2028X-Evil: 1',
    ': , ; <a@b.example> "x',
    'é'.repeat(400),
  ])('takes no line from a name or a campaign (%j)', async (evil) => {
    const { head, mail } = await arrive(
      letter('Hello', 'text', 'Hi {{unsubscribe_url}}'),
      { siteName: `Shop${evil}`, postalAddress: `Street${evil}` },
      { ...SEND, campaign: `c${evil}` },
    );
    const names = head.match(/^[A-Za-z-]+(?=:)/gm);
    expect(names).toEqual([
      'From',
      'To',
      'Subject',
      'Date',
      'Message-ID',
      'List-Unsubscribe',
      'List-Unsubscribe-Post',
      'Reply-To',
      'List-Id',
      'Feedback-ID',
      'Auto-Submitted',
      'Precedence',
      'MIME-Version',
      'Content-Type',
      'Content-Transfer-Encoding',
    ]);
    expect(head.match(/^Feedback-ID: (.*)$/m)![1]!.split(':')).toHaveLength(4);
    expect(mail.bcc).toBeUndefined();
    expect(mail.subject).toBe(`Hi ${LINK}`);
  });
});

describe('a message without a way out', () => {
  it('is given a footer in both parts, before the end of its HTML', async () => {
    const { text, html } = await arrive(letter('<html><body><p>Hello</p></BODY ></html>', 'html'));
    expect(text.trimEnd()).toBe(
      `Hello\n\n---\nFlor de Sal\nCalle Mayor 1\n28013 Madrid\nUnsubscribe: ${LINK}`,
    );
    expect(html).toMatch(
      /^<html><body><p>Hello<\/p>\n<div style="[^"]+">Flor de Sal<br>Calle Mayor 1<br>28013 Madrid<br><a href="/,
    );
    expect(html).toContain(`<a href="${LINK}"`);
    expect(html).toMatch(/>Unsubscribe<\/a><\/div>\n<\/BODY ><\/html>\n?$/);
  });

  test.each([
    ['a part of HTML', '<p>Hello</p>', 'html', 'Hi'],
    ['plain text', 'Hello', 'text', 'Hi'],
    ['a link that only some are shown', 'Hello{{#if lead.company}} {{unsubscribe_url}}{{/if}}', 'text', 'Hi'],
    ['a link in its subject only', 'Hello', 'text', '{{unsubscribe_url}}'],
  ] as const)('is given one: %s', async (_, body, format, subject) => {
    const { text, html } = await arrive(letter(body, format, subject));
    expect(text).toContain(`Unsubscribe: ${LINK}`);
    if (format === 'html') expect(html).toContain(LINK);
  });

  test.each([
    ['Hola, esta semana tenemos una oferta para usted y los suyos.', 'Cancelar la suscripción'],
    ['Olá, você não pode perder: uma oferta para você e mais.', 'Cancelar inscrição'],
    ['Bonjour, nous avons une offre pour vous et les vôtres.', 'Se désabonner'],
    ['Hallo, wir haben ein Angebot für Sie und die Ihren.', 'Abmelden'],
    ['Hello, we have an offer for you and yours.', 'Unsubscribe'],
    ['您好，本周我们为您准备了特别优惠。', 'Unsubscribe'],
  ])('is given one in its language: %s', async (body, word) => {
    expect((await arrive(letter(body))).text).toContain(`\n${word}: ${LINK}`);
  });

  it('is given none when EMAIL_FOOTER is off; the header has the link all the same', async () => {
    const { text, header } = await arrive(letter('Hello'), { hasFooter: false });
    expect(text.trimEnd()).toBe('Hello');
    expect(header('List-Unsubscribe')).toBe(`<${LINK}>`);
  });

  it('says where the sender is where there is no link, and nothing where there is neither', async () => {
    const only = await arrive(letter('Hello'), { links: null });
    expect(only.text.trimEnd()).toBe('Hello\n\n---\nFlor de Sal\nCalle Mayor 1\n28013 Madrid');
    const neither = await arrive(letter('Hello'), { links: null, postalAddress: null });
    expect(neither.text.trimEnd()).toBe('Hello');
  });

  it('shows names as they are written, and never as HTML', async () => {
    const siteName = `<b>Müller & "Söhne"</b> {{lead.name}}`;
    const { text, html } = await arrive(letter('<p>Hello</p>', 'html'), { siteName });
    expect(text).toContain(siteName);
    expect(html).toContain('&lt;b&gt;Müller &amp; &quot;Söhne&quot;&lt;/b&gt; {{lead.name}}');
  });
});

describe('a message with its own link', () => {
  it('is left as it is', async () => {
    const body = '<p>Hello</p><a href="{{ Unsubscribe_URL }}">Leave</a>';
    const { text, html } = await arrive(letter(body, 'html'));
    expect(html.trimEnd()).toBe(`<p>Hello</p><a href="${LINK}">Leave</a>`);
    expect(text.trimEnd()).toBe(`Hello\n\nLeave (${LINK})`);
  });

  it('whose text part lost it is given one there', async () => {
    const { text, html } = await arrive(letter('<p>Hello</p><img src="{{unsubscribe_url}}">', 'html'));
    expect(html.match(/\/u\//g)).toHaveLength(1);
    expect(text).toContain(`Unsubscribe: ${LINK}`);
  });

  it('is refused where there is none: a link that leads nowhere is worse', () => {
    for (const message of [letter('Leave: {{unsubscribe_url}}'), letter('Hi', 'text', '{{unsubscribe_url}}')])
      expect(() => compileMessage(message, FROM, NO_IDENTITY)).toThrow(/PUBLIC_URL is not set/);
  });

  it('is shown with an example before it is sent, which is nobody’s', () => {
    const { text } = compileMessage(letter('Leave: {{unsubscribe_url}}'), FROM, IDENTITY).preview(ANN);
    expect(text).toMatch(/^Leave: https:\/\/tidings\.example\/mail\/u\/examplex+$/);
  });
});

test.each([
  ['nothing where all is well', {}, 'Hello', []],
  ['of no link', { links: null }, 'Hello', ['no link to unsubscribe']],
  [
    'of a link that is not https',
    { links: new UnsubscribeLinks('http://tidings.example', TOKENS) },
    'Hello',
    ['not https'],
  ],
  ['of a text that shows none', { hasFooter: false }, 'Hello', ['shows no link']],
  ['nothing of a text with its own', { hasFooter: false }, 'Leave: {{unsubscribe_url}}', []],
])('a dry run warns %s', (_, identity, body, words) => {
  const warnings = compileMessage(letter(body), FROM, { ...IDENTITY, ...identity }).warnings();
  expect(warnings).toEqual(words.map((word) => expect.stringContaining(word)));
});
