/**
 * `sign.mjs COUNT`: what the threads of libuv sign on this machine with RSA-2048 when they do nothing else: the header of
 * a message each, as many at once as keep all threads busy. Prints seconds.
 */
import { generateKeyPairSync, sign } from 'node:crypto';

const count = Number(process.argv[2]);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const data = Buffer.alloc(800, 'a header field: and its value\r\n');
const startedAt = performance.now();
let begun = 0;
async function work() {
  while (begun < count) {
    begun += 1;
    await new Promise((resolve, reject) =>
      sign('sha256', data, privateKey, (error, signature) => (error ? reject(error) : resolve(signature))),
    );
  }
}
await Promise.all(Array.from({ length: 32 }, work));
console.log((performance.now() - startedAt) / 1_000);
