import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fakeHost } from '../../test/support/fake-host.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidings-dkim-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a key is made for this user alone, with a record that is its public half', async () => {
  const { run, seen } = fakeHost();
  const file = join(folder, 'key.pem');
  expect(await run('dkim', 'create', '--domain', 'Shop.Example', '--out', file, '--json')).toBe(0);
  const made = JSON.parse(seen.out);
  expect(seen.opened).toBe(0);
  expect(made).toMatchObject({
    success: true,
    file,
    name: 'tidings._domainkey.shop.example',
    settings: { DKIM_DOMAIN: 'shop.example', DKIM_SELECTOR: 'tidings', DKIM_PRIVATE_KEY_FILE: file },
  });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const key = createPrivateKey(readFileSync(file));
  expect(key.asymmetricKeyDetails?.modulusLength).toBe(2048);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
  expect(made.value).toBe(`v=DKIM1; k=rsa; p=${spki}`);
  expect(made.strings.join('')).toBe(made.value);
  for (const one of made.strings) expect(one.length).toBeLessThanOrEqual(255);
  expect(JSON.stringify(made)).not.toContain('PRIVATE KEY-');
});

test('an Ed25519 key has its bare 32 octets in the record', async () => {
  const { run, seen } = fakeHost();
  const file = join(folder, 'ed.pem');
  expect(await run('dkim', 'create', '--ed25519', '--domain', 'shop.example', '--out', file)).toBe(0);
  const found = /^tidings-ed25519\._domainkey\.shop\.example\. IN TXT "v=DKIM1; k=ed25519; p=(.*)"$/m.exec(
    seen.out,
  );
  expect(Buffer.from(found![1]!, 'base64')).toHaveLength(32);
  expect(seen.out).toContain('DKIM_SELECTOR=tidings-ed25519');
});

test('a key that is there is not written over', async () => {
  const file = join(folder, 'kept.pem');
  const { run, seen } = fakeHost();
  await run('dkim', 'create', '--domain', 'shop.example', '--out', file);
  const before = readFileSync(file, 'utf8');
  expect(await run('dkim', 'create', '--domain', 'shop.example', '--out', file)).toBe(1);
  expect(seen.err).toContain(`There is a file ${file} already`);
  expect(readFileSync(file, 'utf8')).toBe(before);
});

test('without a domain it says what is missing', async () => {
  const { run, seen } = fakeHost();
  expect(await run('dkim', 'create', '--out', join(folder, 'x.pem'))).toBe(2);
  expect(seen.err).toContain('Give --domain');
});
