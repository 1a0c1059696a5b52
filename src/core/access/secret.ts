import { createHash, randomBytes } from 'node:crypto';

/** 256 bits: nobody guesses them, so a plain hash keeps them, and it is quick. */
const BYTES = 32;
/** Keys that got lost are found by it: in files, logs and by scanners of secrets. */
export const KEY_PREFIX = 'tdg_';

/** @returns letters, digits, - and _ */
export function newSecret(prefix = ''): string {
  return prefix + randomBytes(BYTES).toString('base64url');
}

/** What is stored of it, in hexadecimal. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
