import { generateKeyPairSync } from 'node:crypto';
import { afterEach, expect, it, vi } from 'vitest';
import type { DkimKey } from './dkim-settings.ts';
import { dkimSignatures } from './sign.ts';
import { DkimSigner } from './signer.ts';

const ED: DkimKey = {
  algorithm: 'ed25519-sha256',
  domain: 'shop.example',
  selector: 'ed',
  key: generateKeyPairSync('ed25519').privateKey,
};
const message = (at: number) => `From: news@shop.example\r\nSubject: ${at}\r\n\r\nNumber ${at}\r\n`;

let signer: DkimSigner;
afterEach(() => signer.close());

/** Ed25519 always signs alike: but for the second that it was made in. */
const apart = (signature: string) => signature.replace(/t=\d+|b=[^;]*$/g, '');

it('gives every message its own signature, however many come at once', async () => {
  signer = new DkimSigner([ED], 2);
  const all = Array.from({ length: 300 }, (_, at) => message(at));
  const signatures = await Promise.all(all.map((one) => signer.sign(one)));
  expect(signatures.map(apart)).toEqual(all.map((one) => apart(dkimSignatures(one, [ED], Date.now()))));
});

it('goes on by another thread when one ends with messages in its hands', async () => {
  signer = new DkimSigner([ED], 1);
  const { Worker } = await import('node:worker_threads');
  const post = vi.spyOn(Worker.prototype, 'postMessage').mockImplementationOnce(function (
    this: InstanceType<typeof Worker>,
  ) {
    void this.terminate();
  });
  const signatures = await Promise.all([0, 1, 2].map((at) => signer.sign(message(at))));
  expect(signatures.map(apart)).toEqual([0, 1, 2].map((at) => apart(dkimSignatures(message(at), [ED], 0))));
  post.mockRestore();
});

it('gives up on a message that ends two of them, and on no other', async () => {
  signer = new DkimSigner([ED], 1);
  const { Worker } = await import('node:worker_threads');
  const post = vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (
    this: InstanceType<typeof Worker>,
  ) {
    void this.terminate();
  });
  await expect(signer.sign(message(0))).rejects.toThrow('the threads that sign end');
  post.mockRestore();
  expect(await signer.sign(message(1))).toContain('DKIM-Signature: ');
});

it('rejects what a key cannot sign', async () => {
  const { publicKey } = generateKeyPairSync('ed25519');
  signer = new DkimSigner([{ ...ED, key: publicKey }], 1);
  await expect(signer.sign(message(0))).rejects.toThrow('the key signed nothing');
});

it('tells whoever waits when it is closed', async () => {
  signer = new DkimSigner([ED], 1);
  const waiting = Array.from({ length: 50 }, (_, at) => signer.sign(message(at)));
  const settled = Promise.allSettled(waiting);
  await signer.close();
  for (const one of await settled) expect(one).toMatchObject({ status: 'rejected' });
  await expect(signer.sign(message(0))).rejects.toThrow('closed');
});
