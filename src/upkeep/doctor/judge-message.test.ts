import { expect, it, test } from 'vitest';
import { judgeMessage } from './judge-message.ts';
import { type RunProgram, runProgram } from './spam-filters.ts';

const HEADER = [
  'From: Shop <news@example.com>',
  'To: ann@example.org',
  'Subject: The programme of May',
  'Date: Thu, 26 Nov 2026 12:00:00 +0000',
  'Message-ID: <a.1@example.com>',
  'MIME-Version: 1.0',
  'List-Unsubscribe: <https://tidings.example.com/u/x>',
  'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
];
const nothing: RunProgram = async () => null;

function mail(header: readonly string[], body: string, type = 'text/plain'): Buffer {
  return Buffer.from([...header, `Content-Type: ${type}; charset=utf-8`, '', body].join('\r\n'));
}

const judge = async (raw: Buffer, run = nothing) =>
  Object.fromEntries(
    (await judgeMessage(raw, run)).map(({ name, ok, isWarning, detail }) => [
      name,
      `${ok}${isWarning ? '!' : ''} ${detail}`,
    ]),
  );

test('a message that is as it should be, where no filter is installed', async () => {
  expect(await judge(mail(HEADER, 'Hello Ann'))).toEqual({
    headers: 'true From, To, Subject, Date, Message-ID, MIME-Version',
    lines: 'true the longest has 51 octets',
    unsubscribe: 'true one click; the relay or provider has to sign it (no DKIM-Signature yet)',
    size: 'true 1 kB',
    content: 'true nothing that filters punish',
    spamassassin: 'null not installed here, so not asked',
    rspamd: 'null not installed here, so not asked',
  });
});

it.each([
  [
    'a header that is missing',
    HEADER.filter((line) => !line.startsWith('Date')),
    'x',
    'headers',
    'false missing: Date',
  ],
  [
    'one that is there twice',
    [...HEADER, 'Subject: again'],
    'x',
    'headers',
    'false there more than once: Subject',
  ],
  ['no way out', HEADER.slice(0, 6), 'x', 'unsubscribe', 'false there is no List-Unsubscribe'],
  [
    'a way out by mail only',
    [...HEADER.slice(0, 6), 'List-Unsubscribe: <mailto:a@b.example>'],
    'x',
    'unsubscribe',
    'false it is not one click',
  ],
  [
    'a signature without it',
    [...HEADER, 'DKIM-Signature: v=1; d=example.com; h=from:to:\r\n list-unsubscribe; b=x'],
    'x',
    'unsubscribe',
    'false List-Unsubscribe-Post is not in the h=',
  ],
  [
    'a signature with it',
    [
      ...HEADER,
      'DKIM-Signature: v=1; d=example.com; h=from:\r\n list-unsubscribe:list-unsubscribe-post; b=x',
    ],
    'x',
    'unsubscribe',
    'true one click, and signed',
  ],
  ['a line that is too long', HEADER, 'x'.repeat(999), 'lines', 'false the longest has 999 octets'],
  ['a field that is left', HEADER, 'Hi {{lead.name}}', 'content', 'true! {{lead.name}} is not filled in.'],
])('%s', async (_, header, body, name, said) => {
  expect((await judge(mail(header, body)))[name]).toContain(said);
});

test('HTML is looked at as a dry run does', async () => {
  const body = `<p>${'word '.repeat(25_000)}<img src="cid:none"></p>`.replaceAll(
    'word word ',
    'word word\r\n',
  );
  const found = (await judgeMessage(mail(HEADER, body, 'text/html'), nothing))
    .map(({ detail }) => detail)
    .join(' ');
  for (const words of ['Gmail hides', 'no alt text', 'cid:none', 'no text part'])
    expect(found).toContain(words);
});

test('what filters say is shown with the rules that count', async () => {
  const run: RunProgram = async (program) =>
    program === 'spamassassin'
      ? {
          code: 0,
          out: 'X-Spam-Level: ******\nX-Spam-Status: Yes, score=6.2 required=5.0 tests=HTML_MESSAGE,\n\tMISSING_MID autolearn=no\n\nx',
        }
      : {
          code: 0,
          out: JSON.stringify({
            score: 8,
            required_score: 15,
            symbols: { GOOD: { score: -1 }, LOW: { score: 1 }, HIGH: { score: 5 } },
          }),
        };
  expect(await judge(mail(HEADER, 'x'), run)).toMatchObject({
    spamassassin: 'false it takes this for spam: 6.2 points of 5: HTML_MESSAGE, MISSING_MID',
    rspamd: 'true! 8 points of 15: HIGH, LOW',
  });
});

test('of a server of SpamAssassin the points are known; one that is not running is told as such', async () => {
  const spamc =
    (out: string): RunProgram =>
    async (program) =>
      program === 'spamc' ? { code: 0, out } : null;
  expect(await judge(mail(HEADER, 'x'), spamc('1.2/5.0\nreport'))).toMatchObject({
    spamassassin: 'true 1.2 points of 5',
  });
  expect(await judge(mail(HEADER, 'x'), spamc('0/0\n'))).toMatchObject({
    spamassassin: 'null installed, and gave no verdict: is its server running?',
  });
});

it('a program that is not there is no fault', async () => {
  expect(await runProgram('tidings-no-such-program', [], Buffer.from('x'))).toBeNull();
  expect(await runProgram('cat', [], Buffer.from('x'))).toEqual({ code: 0, out: 'x' });
});

it('a file that is no message is refused', async () => {
  await expect(judgeMessage(Buffer.from('\r\n\r\nno header'), nothing)).rejects.toMatchObject({
    code: 'invalid_file',
  });
});
