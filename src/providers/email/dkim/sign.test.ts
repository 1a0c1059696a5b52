import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { describe, expect, it, test } from 'vitest';
import fc from '../../../../test/support/property.ts';
import type { Attempt } from '../../../core/deliveries/sender.ts';
import { parseMergeText } from '../../../core/messages/parse-merge-text.ts';
import { DeliveryTokens } from '../delivery-token.ts';
import { NO_IDENTITY } from '../message/identity.ts';
import { compileMessage } from '../message/mime.ts';
import { parseEmailFrom } from '../smtp/settings.ts';
import { UnsubscribeLinks } from '../unsubscribe/links.ts';
import { dkimRecord } from './dkim-record.ts';
import type { DkimKey } from './dkim-settings.ts';
import { dkimSignatures } from './sign.ts';

const DOMAIN = 'shop.example';
const RSA: DkimKey = {
  algorithm: 'rsa-sha256',
  domain: DOMAIN,
  selector: 'tidings',
  key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
};
const ED: DkimKey = {
  algorithm: 'ed25519-sha256',
  domain: DOMAIN,
  selector: 'ed',
  key: generateKeyPairSync('ed25519').privateKey,
};
const RECORDS = new Map([RSA, ED].map(dkimRecord).map(({ name, strings }) => [name, [...strings]]));
const NOW = Date.now();

function signed(message: string, keys: readonly DkimKey[] = [RSA, ED]): string {
  return dkimSignatures(message, keys, NOW) + message;
}

/** What mailauth makes of it: one word for each signature. */
async function verdicts(message: string): Promise<string[]> {
  const resolver = async (name: string) => {
    const strings = RECORDS.get(name);
    if (strings) return [strings];
    throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
  };
  const { results } = await dkimVerify(Buffer.from(message), { resolver, minBitLength: 1024 });
  return results.map((one: { status: { result: string } }) => one.status.result);
}

const HEADER =
  'From: Shop <news@shop.example>\r\nTo: ann@example.org\r\nSubject: Hi\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\n' +
  'Message-ID: <a@shop.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n';

/** A whole message of ours, with everything that is signed. */
function letter(): string {
  const tokens = new DeliveryTokens(Buffer.alloc(32, 1), 'unsubscribe');
  const id = '0199a1c2111170008000000000000001.1';
  const attempt: Attempt = { deliveryId: id, attemptId: `${id}.1`, mayLeave: () => true };
  const subject = parseMergeText('Grüße aus Köln, {{lead.name}}! '.repeat(6));
  const body = parseMergeText(`<p>Hallo  {{lead.name}}</p>\n\n\t<p>${'ä = . '.repeat(99)}</p>\n\n`);
  const compiled = compileMessage(
    { channel: 'email', format: 'html', body, subject, fromName: 'Müller & Söhne, "Best" GmbH' },
    parseEmailFrom('news@shop.example'),
    {
      ...NO_IDENTITY,
      links: new UnsubscribeLinks('https://tidings.example', tokens),
      replyTo: parseEmailFrom('Ana <ana@shop.example>'),
    },
  );
  const lead = {
    name: 'Zoë',
    email: 'a',
    phone: null,
    position: null,
    company: null,
    notes: null,
    metadata: {},
  };
  return compiled.render(
    { contact: 'ann@example.org', values: { lead, site: { name: null } } },
    'ann@example.org',
    attempt,
  );
}

describe('a signed message', () => {
  it('is taken by mailauth, by both signatures', async () => {
    const message = signed(letter());
    expect(await verdicts(message)).toEqual(['pass', 'pass']);
    for (const line of message.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);
    for (const line of message.slice(0, message.indexOf('From:')).split('\r\n'))
      expect(line.length).toBeLessThanOrEqual(78);
  });

  it('has everything in h= that readers and their programs go by, and From once more', async () => {
    const signature = dkimSignatures(letter(), [RSA], NOW);
    const names = /h=([^;]+);/.exec(signature)![1]!.replace(/\s/g, '');
    expect(names).toBe(
      'from:to:subject:date:message-id:mime-version:content-type:reply-to:list-unsubscribe:list-unsubscribe-post:' +
        'list-id:feedback-id:from',
    );
  });

  test.each([
    ['another From', (message: string) => `From: Eve <eve@shop.example>\r\n${message}`],
    ['no way out', (message: string) => message.replace(/^List-Unsubscribe-Post: .*\r\n/m, '')],
    [
      'another link',
      (message: string) => message.replace('<https://tidings.example', '<https://evil.example'),
    ],
    ['another subject', (message: string) => message.replace(/^Subject: /m, 'Subject: x')],
    ['another word', (message: string) => message.replace(/(base64\r\n\r\n\w)\w/, '$1_')],
    ['one more line', (message: string) => `${message}\r\nx`],
  ])('is not taken with %s', async (_, change) => {
    const message = signed(letter());
    const changed = change(message);
    expect(changed).not.toBe(message);
    expect(await verdicts(changed)).not.toContain('pass');
  });

  it('is taken after a relay has folded lines anew, or added header fields and empty lines', async () => {
    const message = signed(letter());
    const relayed = `Received: from x by y; now\r\n${message.replace('To: ann', 'To:\r\n\t ann')}\r\n\r\n\r\n`;
    expect(await verdicts(relayed)).toEqual(['pass', 'pass']);
  });

  test.each([
    ['empty', ''],
    ['no body at all', null],
    ['empty lines only', '\r\n\r\n'],
    ['spaces only', '  \t \r\n \r\n'],
    ['empty lines at the end', 'Hi\r\n\r\n\r\n'],
    ['no line end', 'Hi'],
    ['spaces at the end', 'Hi  \t'],
    ['spaces within', 'a  b\t\tc \t\r\n  d\r\n'],
    ['dots', '.\r\n..\r\n.a\r\n'],
    ['8 bits', 'Grüße 👩‍👩‍👧‍👦\r\n'],
    ['a line of any length', `${'x'.repeat(5_000)}\r\n`],
    ['what looks like a header', 'From: eve\r\n\r\nb=x\r\n'],
  ])('is taken with a body of %s', async (_, body) => {
    const message = body === null ? HEADER.slice(0, -2) : `${HEADER}\r\n${body}`;
    expect(await verdicts(signed(message))).toEqual(['pass', 'pass']);
  });

  it('is taken with any body', async () => {
    const line = fc.oneof(
      fc.stringMatching(/^[ \t.a=-]{0,90}$/),
      fc
        .string({ unit: 'grapheme', maxLength: 60 })
        .map((text) => text.replace(/[\r\n]/g, '').toWellFormed()),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 6 }), fc.boolean(), async (lines, ends) => {
        const body = lines.join('\r\n') + (ends ? '\r\n' : '');
        expect(await verdicts(signed(`${HEADER}\r\n${body}`, [ED]))).toEqual(['pass']);
      }),
      { numRuns: 300 },
    );
  });
});

/** As `.ci/install-mail-servers` fetches it. */
const cache =
  process.env['TIDINGS_MAIL_SERVERS'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tidings-mail-servers');
const dkimpy = join(cache, 'dkimpy/usr/lib/python3/dist-packages');
const isMissing = !existsSync(dkimpy) || spawnSync('python3', ['-c', '']).status !== 0;
if (isMissing) console.warn('SKIPPED, nothing is verified by dkimpy: .ci/install-mail-servers fetches it.');

const VERIFY = `
import dkim, json, sys
records = json.loads(sys.argv[1])
find = lambda name, timeout=5: records.get(name.decode().rstrip('.'), '').encode()
one = dkim.DKIM(sys.stdin.buffer.read())
print(json.dumps([one.verify(idx=at, dnsfunc=find) for at in range(2)]))
`;

describe.skipIf(isMissing)('dkimpy', () => {
  test.each([
    ['a message of ours', letter()],
    ['an empty body', `${HEADER}\r\n`],
    ['spaces and empty lines', `${HEADER}\r\na  b\t\tc \t\r\n .\r\n\r\n\r\n`],
  ])('takes both signatures of %s', async (_, message) => {
    const records = Object.fromEntries([...RECORDS].map(([name, strings]) => [name, strings.join('')]));
    const { stdout, stderr } = spawnSync('python3', ['-c', VERIFY, JSON.stringify(records)], {
      input: Buffer.from(signed(message)),
      env: { ...process.env, PYTHONPATH: dkimpy },
    });
    expect(stderr.toString()).toBe('');
    expect(JSON.parse(stdout.toString())).toEqual([true, true]);
  });
});
