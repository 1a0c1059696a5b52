import { expect, it, test } from 'vitest';
import { messageFormat, parseMessage } from '../../../core/messages/content.ts';
import { messageFor } from '../../../core/messages/message.ts';
import { withFooter } from './footer.ts';
import { NO_IDENTITY } from './identity.ts';
import { lintEmail } from './lint.ts';

const WORDS =
  'many good words about what there is this week in our shop and where and for whom and how long '.repeat(2);

function lint(message: string, subject = 'This week in our shop'): string[] {
  const format = messageFormat('email', message);
  const parsed = messageFor('email', parseMessage({ message, subject, format, from_name: null }, 'email'));
  return lintEmail(withFooter(parsed, NO_IDENTITY));
}

it('says nothing of a decent message', () => {
  expect(
    lint(
      `<html><head><style>p{color:red}</style></head><body><p>Hello {{lead.first_name}}, ${WORDS}</p>
       <img src="https://cdn.shop.example/a.png" alt=""><img src="{{lead.metadata.picture}}" alt="You">
       <a href="https://news.shop.example/x">shop.example</a> <a href="https://www.shop.example">www.shop.example/sale</a>
       <a href="{{lead.metadata.link}}">shop.example</a> <a href="mailto:a@shop.example">a@shop.example</a></body></html>`,
      'Hi {{lead.first_name}}: 20 % off!',
    ),
  ).toEqual([]);
  expect(lint('Hello, see https://shop.example/sale', '今週の特別なご提案があります、ぜひ')).toEqual([]);
});

test.each([
  [
    `<p>${WORDS}</p><img src="https://x.example/a.png"><img src="https://x.example/b.png">`,
    '2 pictures have no alt',
  ],
  ['<img src="https://x.example/a.png" alt="Sale">', 'hardly any text'],
  [`<p>${WORDS}</p><img src="data:image/png;base64,AA" alt="a">`, '(data:)'],
  [`<p>${WORDS}</p><img src="images/a.png" alt="a">`, '"images/a.png" has no address on the web'],
  [`<p>${WORDS}</p><script>alert(1)</script>`, '<script>'],
  [`<p>${WORDS}</p><form action="https://x.example"><b>x</b></form>`, '<form>'],
  ['<p>x</p><a href="javascript:alert(1)">x</a>', '"javascript:"'],
  ['<p>x</p><a href="http://192.0.2.7/x">x</a>', '192.0.2.7, an address without a name'],
  ['See https://bit.ly/abc', 'hidden behind bit.ly'],
  [
    '<p>x</p><a href="https://evil.example/x"><b>https://bank.example</b>/login</a>',
    'shows bank.example and leads to evil.example',
  ],
  [`<p>${'x'.repeat(110_000)}</p>`, '110 kB'],
])('%.60s', (message, word) => {
  expect(lint(message)).toEqual([expect.stringContaining(word)]);
});

test.each([
  ['THE GREAT SALE OF THE YEAR', 'capitals'],
  ['Sale!!', 'marks'],
  ['Buy! Now! Cheap!', 'marks'],
  ['Re: your order', 'pretends'],
])('the subject %s', (subject, word) => {
  expect(lint('Hello', subject)).toEqual([expect.stringContaining(word)]);
});

it('takes HTML of any kind, and no long time for it', () => {
  const startedAt = performance.now();
  for (const html of [
    '<p><a href="',
    '<a '.repeat(20_000),
    `<p>${'<a href=https://x.example>a.b</a>'.repeat(20_000)}`,
    '<p><img src>',
  ])
    expect(Array.isArray(lint(html))).toBe(true);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
