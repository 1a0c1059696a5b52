import { describe, expect, test } from 'vitest';
import { redact as redactDetails } from './answers.ts';
import { redact as redactReply } from './email/smtp/errors.ts';
import { parseReply } from './email/smtp/reply.ts';
import { hide, redactSecrets, withoutAddresses } from './redact-secrets.ts';

const PASSWORD = 'S3cret/Pw+ü of "ours"';
const HIDDEN = [hide(PASSWORD, '(password)'), hide('me', '(user)')];
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('words from outside come without what was told in confidence', () => {
  test.each([
    ['as it is', PASSWORD],
    ['in other case', PASSWORD.toUpperCase()],
    ['percent-encoded', encodeURIComponent(PASSWORD)],
    ['inside JSON', JSON.stringify(PASSWORD).slice(1, -1)],
    ['in base64', base64(PASSWORD)],
    ['in base64url', Buffer.from(PASSWORD).toString('base64url')],
    ['in hexadecimal', Buffer.from(PASSWORD).toString('hex')],
    ['broken into two lines', `${base64(PASSWORD).slice(0, 9)} ${base64(PASSWORD).slice(9)}`],
  ])('%s', (_, form) => {
    expect(redactSecrets(`Bad: "${form}", try again`, HIDDEN)).toMatch(/^Bad: "\(password\)=*", try again$/);
  });

  test('as a part of a longer text in base64, wherever it stands there', () => {
    for (const before of ['', '\0', '\0me', 'user:', '\0me\0']) {
      const clean = redactSecrets(`got ${base64(`${before}${PASSWORD}, and more`)}`, HIDDEN);
      expect(clean).toContain('(password)');
      const rest = clean.slice(4).split('(password)');
      // At most the letter on either side that it shares with its neighbour.
      for (const part of rest) expect(part).not.toContain(base64(PASSWORD).slice(4, 8));
    }
  });

  test('and words that only hold a short one stay what they are', () => {
    expect(redactSecrets('me: some mail for me', HIDDEN)).toBe('(user): some mail for (user)');
  });

  test('also where the text is cut: no half of a secret is left at the end', () => {
    for (let before = 8_150; before < 8_200; before++) {
      expect(redactSecrets(`${'.'.repeat(before)}${PASSWORD} and more`, HIDDEN)).not.toMatch(/S3c/);
    }
  });
});

/** Processor time of the cheapest of a few runs, in ms, and never nothing: what is measured is how the work grows. */
function costMs(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const before = process.threadCpuUsage();
    work();
    best = Math.min(best, process.threadCpuUsage(before).user / 1_000);
  }
  return Math.max(best, 2);
}

describe('the work on words from outside grows no faster than they do', () => {
  const steps: [string, (text: string) => unknown][] = [
    ['secrets', (text) => redactSecrets(text, HIDDEN)],
    ['addresses', withoutAddresses],
    ["a mail server's words", (text) => redactReply(text, HIDDEN)],
    ["WhatsApp's words", (text) => redactDetails(text, HIDDEN)],
    ['a reply', (text) => parseReply(`550-${text}\r\n550 ${text}`)],
  ];
  const worst = [
    'a',
    '"',
    '"a',
    'a@',
    '@',
    '<',
    'S',
    'S3',
    'S ',
    '1 ',
    '(1',
    '\n',
    'ü',
    '250-\r\n',
    '-',
    '  @',
  ];
  test.each(steps)('%s', (_, step) => {
    for (const letters of worst) {
      const [small, large] = [64 * 1_024, 1_024 * 1_024].map((size) =>
        letters.repeat(Math.ceil(size / letters.length)).slice(0, size),
      ) as [string, string];
      // Sixteen times as long: 16 for linear work, 256 for quadratic.
      expect(costMs(() => step(large)) / costMs(() => step(small)), JSON.stringify(letters)).toBeLessThan(80);
    }
  });
});
