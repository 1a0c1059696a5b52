import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, test } from 'vitest';
import { readConfig } from '../../../config.ts';
import { TidingsError } from '../../../errors.ts';
import { type DkimConfig, readDkimKeys } from './dkim-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidings-dkim-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
const pem = rsa(1024).privateKey.export(pkcs8).toString();
const ed25519 = generateKeyPairSync('ed25519').privateKey.export(pkcs8).toString();

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(TidingsError);
    const { message, fix, code } = error as TidingsError;
    expect(code).toBe('configuration');
    const told = `${message} ${fix}`;
    expect(told).not.toContain(pem.split('\n')[1]);
    return told;
  }
  return 'it was taken';
}

const read = (given: Partial<DkimConfig>, from = 'shop.example') =>
  readDkimKeys({ domain: null, selector: 'tidings', privateKey: pem, privateKeyFile: null, ...given }, from);

test.each([
  ['no key', { privateKey: 'hello' }, 'DKIM_PRIVATE_KEY holds no key in PEM form'],
  ['a key that is cut', { privateKey: pem.replace(/\n.{20}/, '\n') }, 'no private key that can be read'],
  [
    'the public half',
    { privateKey: rsa(1024).publicKey.export({ type: 'spki', format: 'pem' }).toString() },
    'a public key',
  ],
  [
    'a key behind a password',
    {
      privateKey: rsa(1024)
        .privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' })
        .toString(),
    },
    'a key behind a password',
  ],
  ['too short a key', { privateKey: rsa(512).privateKey.export(pkcs8).toString() }, 'an RSA key of 512 bits'],
  [
    'a key of another kind',
    {
      privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pkcs8).toString(),
    },
    'of the kind ec',
  ],
  ['two keys and one selector', { privateKey: pem + ed25519 }, 'holds 2 keys, and DKIM_SELECTOR names 1'],
  ['two of a kind', { privateKey: pem + pem, selector: 'a,b' }, 'two keys of the same kind'],
  ['a domain of somebody else', { domain: 'other.example' }, 'DKIM_DOMAIN is "other.example"'],
  ['a domain that ends alike', { domain: 'op.example' }, 'DKIM_DOMAIN is "op.example"'],
  ['no domain', { domain: 'not a domain' }, 'which is no domain'],
  ['a selector that adds a tag', { selector: 'x; d=evil.example' }, 'is no selector'],
  ['a file that is not there', { privateKey: null, privateKeyFile: join(folder, 'none') }, 'ENOENT'],
])('%s stops the start', (_, given, what) => {
  expect(refusal(() => read(given))).toContain(what);
});

it('takes a key as it is, with written line breaks, and from a file', () => {
  const file = join(folder, 'key.pem');
  writeFileSync(file, pem);
  for (const given of [
    { privateKey: pem },
    { privateKey: pem.replaceAll('\n', '\\n') },
    { privateKey: null, privateKeyFile: file },
  ])
    expect(read(given)).toMatchObject([
      { algorithm: 'rsa-sha256', domain: 'shop.example', selector: 'tidings' },
    ]);
});

it('takes an Ed25519 key as a second one, and a domain around that of the sender', () => {
  expect(
    read({ privateKey: pem + ed25519, selector: 'tidings, ed', domain: 'Shop.Example' }, 'news.shop.example'),
  ).toMatchObject([
    { algorithm: 'rsa-sha256', selector: 'tidings', domain: 'shop.example' },
    { algorithm: 'ed25519-sha256', selector: 'ed', domain: 'shop.example' },
  ]);
});

test.each([
  [{ DKIM_DOMAIN: 'shop.example' }, 'DKIM_DOMAIN is set, but DKIM_PRIVATE_KEY is not'],
  [{ DKIM_SELECTOR: 'x' }, 'DKIM_SELECTOR is set, but DKIM_PRIVATE_KEY is not'],
  [{ DKIM_PRIVATE_KEY: pem, DKIM_PRIVATE_KEY_FILE: 'x' }, 'are both set'],
])('half of the settings stop the start: %j', (given, what) => {
  const email = { SMTP_URL: 'smtp://127.0.0.1:1', EMAIL_FROM: 'news@shop.example' };
  expect(refusal(() => readConfig({ ...email, ...given }))).toContain(what);
});
