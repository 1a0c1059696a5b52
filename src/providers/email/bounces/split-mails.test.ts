import { expect, test } from 'vitest';
import { splitMails } from './split-mails.ts';

async function split(text: string, size = 7): Promise<string[]> {
  const input = async function* () {
    for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
  };
  const mails: string[] = [];
  for await (const mail of splitMails(input())) mails.push(mail.toString());
  return mails;
}

const LINE = 'From x@y.example Tue Nov  3 10:00:00 2026\n';

test('a mail is one, whatever its lines begin with', async () => {
  const mail = `Subject: a\n\nFrom here on\n\n${LINE}\nb`;
  expect(await split(mail)).toEqual([mail]);
});

test('an mbox has as many as there are lines between them, behind an empty line', async () => {
  const [first, second] = [`${LINE}Subject: a\n\nFrom Monday on\n${LINE}\n`, `${LINE}Subject: b\r\n\r\nx\n`];
  for (const size of [1, 10, 10_000])
    expect(await split(first + second, size), `${size}`).toEqual([first, second]);
});

test('of nothing there is nothing, and of a long mail the beginning', async () => {
  expect(await split('')).toEqual([]);
  const [long = ''] = await split(`Subject: a\n\n${'x'.repeat(3_000_000)}\n${'y\n'.repeat(100)}`, 60_000);
  expect(long.length).toBeLessThan(1_200_000);
});
