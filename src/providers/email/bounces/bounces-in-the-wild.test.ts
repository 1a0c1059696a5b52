import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { judgeBounce } from './judge-bounce.ts';

const folder = join(import.meta.dirname, '../../../../test/cases/bounces');
const expected: Readonly<Record<string, { kind: string; recipients: string[] }>> = JSON.parse(
  readFileSync(join(folder, 'expected.json'), 'utf8'),
);

test.each(Object.entries(expected))('%s is read as a person reads it', async (name, { kind, recipients }) => {
  const judged = await judgeBounce(readFileSync(join(folder, name)));
  expect({ kind: judged.kind, recipients: judged.recipients.toSorted() }).toEqual({ kind, recipients });
});

test('they are read alike with other line ends, and with what editors and mailboxes put in front', async () => {
  for (const [name, { kind }] of Object.entries(expected)) {
    const text = readFileSync(join(folder, name), 'latin1').replace(/\r\n?/g, '\n');
    for (const written of [
      text.replace(/\n/g, '\r\n'),
      text.replace(/\n/g, '\r'),
      `\xef\xbb\xbf${text}`,
      `\n\n${text}`,
    ])
      expect((await judgeBounce(Buffer.from(written, 'latin1'))).kind, name).toBe(kind);
  }
});
