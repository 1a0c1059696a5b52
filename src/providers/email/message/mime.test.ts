import { type AddressObject, simpleParser } from 'mailparser';
import { describe, expect, test } from 'vitest';
import fc from '../../../../test/support/property.ts';
import type { Attempt, Recipient } from '../../../core/deliveries/sender.ts';
import type { MergeValues } from '../../../core/leads/lead.ts';
import { parseMergeText } from '../../../core/messages/parse-merge-text.ts';
import { parseEmailFrom } from '../smtp/settings.ts';
import { compileMessage } from './mime.ts';

const FROM = parseEmailFrom('Tidings <news@example.com>');
const ATTEMPT: Attempt = { deliveryId: 'd1', attemptId: 'd1.1', mayLeave: () => true };

function recipient(lead: Partial<MergeValues['lead']> = {}, contact = 'ann@example.org'): Recipient {
  const empty = { name: null, email: contact, phone: null, position: null, company: null, notes: null };
  return { contact, values: { lead: { ...empty, metadata: {}, ...lead }, site: { name: 'Café' } } };
}

interface Content {
  readonly body: string;
  readonly format?: 'text' | 'html';
  readonly subject?: string;
  readonly fromName?: string | null;
}

function compile({ body, format = 'text', subject = 'Hi', fromName = null }: Content) {
  return compileMessage(
    { channel: 'email', format, body: parseMergeText(body), subject: parseMergeText(subject), fromName },
    FROM,
  );
}

async function arrive(content: Content, to: Recipient = recipient()) {
  const raw = compile(content).render(to, to.contact, ATTEMPT);
  for (const line of raw.split('\r\n')) expect(line.length).toBeLessThanOrEqual(76);
  expect(raw.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  expect(raw).not.toMatch(/[ \t]\r\n/);
  expect(raw).not.toContain('\r\n.');
  const mail = await simpleParser(raw, { skipTextToHtml: true, skipHtmlToText: true });
  return { raw, mail, text: mail.text?.replace(/\n$/, ''), html: mail.html };
}

const LANGUAGES = [
  ['English', 'Hello, the winter sale begins today.'],
  ['German', 'Grüße aus Köln: Wir schließen früher. Größe ß, äöü.'],
  ['Vietnamese', 'Chào bạn, ưu đãi đặc biệt tuần này dành cho bạn.'],
  ['Greek', 'Καλημέρα, έχουμε μια ειδική προσφορά.'],
  ['Russian', 'Здравствуйте, у нас для вас особое предложение.'],
  ['Arabic', 'مرحبا، لدينا عرض خاص لك هذا الأسبوع.'],
  ['Hebrew', 'שלום, יש לנו הצעה מיוחדת בשבילך.'],
  ['Hindi', 'नमस्ते, इस सप्ताह आपके लिए विशेष प्रस्ताव है।'],
  ['Chinese', '您好，本周我们为您准备了特别优惠。'],
  ['Japanese', 'こんにちは、今週は特別なご提案があります。'],
  ['Korean', '안녕하세요, 이번 주 특별 할인이 있습니다.'],
  ['emoji', 'Hi 👋🏽 family 👨‍👩‍👧‍👦 flags 🇧🇷🏴󠁧󠁢󠁷󠁬󠁳󠁿 party 🎉🎉🎉'],
] as const;

describe('a message in any language', () => {
  test.each(LANGUAGES)(
    '%s arrives as written, in the subject, the sender name and both parts',
    async (_, words) => {
      const long = `${words} ${words} ${words}`;
      const { mail, text } = await arrive(
        {
          format: 'html',
          body: `<p>${long}</p><p>{{lead.name}}!</p>`,
          subject: `${long} {{lead.name}}`,
          fromName: words,
        },
        recipient({ name: words }),
      );
      expect(mail.subject).toBe(`${long} ${words}`);
      expect(mail.from?.value[0]).toMatchObject({ name: words, address: 'news@example.com' });
      expect(text).toBe(`${long}\n\n${words}!`);
      expect(mail.html).toBe(`<p>${long}</p><p>${words}!</p>`);
    },
  );

  test.each(LANGUAGES)('a name in %s fits into English text', async (_, name) => {
    const { text } = await arrive({ body: 'Dear {{lead.name}}, hello.' }, recipient({ name }));
    expect(text).toBe(`Dear ${name}, hello.`);
  });

  test('text that is mostly not ASCII is sent as base64, other text stays readable on the wire', async () => {
    const chinese = await arrive(
      { body: `${LANGUAGES[8][1]}{{lead.name}}` },
      recipient({ name: 'Ann\nLee' }),
    );
    expect(chinese.mail.headers.get('content-transfer-encoding')).toBe('base64');
    expect(chinese.text).toBe(`${LANGUAGES[8][1]}Ann\nLee`);
    const english = await arrive({ body: 'Hello {{lead.name}}, welcome.' }, recipient({ name: 'Ann' }));
    expect(english.raw).toContain('\r\n\r\nHello Ann, welcome.');
  });

  test('any text, cut into any pieces, comes back as it was', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 120 }),
      fc.stringMatching(/^[ .=\n\ta-z]{0,100}$/),
      fc.stringMatching(/^[a-zé=_ ]{60,90}$/),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(piece, piece), { minLength: 1, maxLength: 4 }), async (pairs) => {
        const clean = pairs.map(
          (pair) => pair.map((text) => text.replace(/[{}\0\r]/g, '')) as [string, string],
        );
        const body = clean.map(([literal], at) => `${literal}{{lead.metadata.v${at}}}`).join('');
        const metadata = Object.fromEntries(clean.map(([, value], at) => [`v${at}`, value]));
        const compiled = compile({ body: `x${body}x` });
        const to = recipient({ metadata });
        const raw = compiled.render(to, to.contact, ATTEMPT);
        const [head, encoded] = [
          raw.slice(0, raw.indexOf('\r\n\r\n')),
          // The last line ends, too: the text itself does not.
          raw.slice(raw.indexOf('\r\n\r\n') + 4, -2),
        ];
        expect(raw.slice(-2)).toBe('\r\n');
        for (const line of encoded.split('\r\n')) expect(line.length).toBeLessThanOrEqual(76);
        expect(raw).not.toContain('\r\n.');
        const decoded = head.includes('base64')
          ? Buffer.from(encoded, 'base64')
          : Buffer.from(
              encoded
                .replace(/=\r\n/g, '')
                .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
              'latin1',
            );
        expect(decoded.toString('utf8').replaceAll('\r\n', '\n')).toBe(compiled.preview(to).text);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what a message is made of', () => {
  test('spaces around a value are kept at the end of a line and at the end of the message', async () => {
    const { text } = await arrive(
      { body: 'a {{lead.company}}\nb {{lead.name}}\nc {{lead.notes}}d {{lead.position}}' },
      recipient({ name: 'Ann ', notes: '\nnote \n', position: ' ' }),
    );
    expect(text).toBe('a \nb Ann \nc \nnote \nd ');
  });

  test('plain text is sent alone and keeps its line breaks, trailing spaces and lonely dots', async () => {
    const body = 'one \n.\n..\n\n  two\t\nFrom here = there\n.';
    const { raw, text, html } = await arrive({ body });
    expect(text).toBe(body);
    expect(html).toBe(false);
    expect(raw).not.toContain('multipart');
  });

  test('a line of any length arrives whole, with and without spaces', async () => {
    const body = `${'a'.repeat(5_000)} ${'word '.repeat(500)}{{lead.notes}}end`;
    const notes = 'é'.repeat(800);
    const { text } = await arrive({ body }, recipient({ notes }));
    expect(text).toBe(body.replace('{{lead.notes}}', notes));
  });

  test('HTML gets a text part: links keep their address, pictures their words, headings their case', async () => {
    const { text } = await arrive(
      {
        format: 'html',
        body:
          '<html><head><title>No</title><style>p{color:red}</style></head><body><h1>Hello {{lead.first_name}}!</h1>' +
          '<p>See <a href="https://example.com/?u={{lead.metadata.code}}&amp;x=1">our shop</a> &amp; more<br>soon.</p>' +
          '<img src="https://example.com/p.png" alt="A red coat"><table><tr><td>Coat</td><td>10 €</td></tr></table>' +
          '</body></html>',
      },
      recipient({ name: 'Ann Lee', metadata: { code: 'a&b' } }),
    );
    expect(text).toBe(
      'Hello Ann!\n\nSee our shop (https://example.com/?u=a&b&x=1) & more\nsoon.\n\nA red coat\nCoat 10 €',
    );
  });

  test('a value is escaped in the HTML part and stays as it is in the text part', async () => {
    const name = `<script>alert("1")</script> & 'co'`;
    const { text, html } = await arrive(
      { format: 'html', body: '<p title="{{lead.name}}">{{lead.name}}</p>' },
      recipient({ name }),
    );
    const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;co&#39;';
    expect(html).toBe(`<p title="${escaped}">${escaped}</p>`);
    expect(text).toBe(name);
  });

  test('a missing value leaves nothing behind, a fallback takes its place', async () => {
    const { text } = await arrive({ body: 'Hi{{lead.company}} {{lead.first_name | default: "there"}}!' });
    expect(text).toBe('Hi there!');
  });

  test('the date, the message id and the address are in the header', async () => {
    const { mail } = await arrive({ body: 'x' });
    expect(mail.messageId).toBe('<d1@example.com>');
    expect(Math.abs(Date.now() - Number(mail.date))).toBeLessThan(10_000);
    expect((mail.to as AddressObject).value).toEqual([{ name: '', address: 'ann@example.org' }]);
    expect(mail.headers.get('mime-version')).toBe('1.0');
  });
});

describe('headers cannot be forged', () => {
  test.each([
    '\r\nBcc: eve@example.com',
    '\nX-Evil: 1',
    '\rX-Evil: 1',
    '\u2028X-Evil: 1',
    '\0\u0085X-Evil: 1',
  ])('a line break in a value or a sender name starts no header (%j)', async (evil) => {
    const { mail, raw } = await arrive(
      { body: 'x', subject: 'Hi {{lead.name}}', fromName: `Shop${evil}` },
      recipient({ name: `Ann${evil}` }),
    );
    expect(mail.bcc).toBeUndefined();
    expect(mail.headers.has('x-evil')).toBe(false);
    expect(raw.match(/^[A-Za-z-]+:/gm)).toHaveLength(12);
    expect(mail.subject).toMatch(/^Hi Ann /);
  });

  test.each([
    'Ann, the "best" \\ shop <eve@example.com>',
    'Smith; Sons (Ltd.) @ home',
    "O'Neil",
    '=?UTF-8?B?RXZl?=',
    `A very long name of a shop ${'that goes on '.repeat(12)}`.trim(),
  ])('the sender name %j is shown as written and adds no address', async (fromName) => {
    const { mail } = await arrive({ body: 'x', fromName });
    expect(mail.from?.value).toEqual([{ name: fromName, address: 'news@example.com' }]);
  });

  test.each([
    `Sale: ${'many good words '.repeat(20)}end`,
    'x'.repeat(300),
    'a =?UTF-8?B?RXZl?= b',
    'two  spaces   inside',
    'a'.repeat(66),
    'a'.repeat(67),
    'a'.repeat(68),
  ])('the subject %j arrives as written', async (subject) => {
    const { mail } = await arrive({ body: 'x', subject });
    expect(mail.subject).toBe(subject);
  });

  test('a sender name of nothing but control characters falls back to the configured one', async () => {
    const { mail } = await arrive({ body: 'x', fromName: '\r\n \0' });
    expect(mail.from?.value[0]?.name).toBe('Tidings');
  });
});
