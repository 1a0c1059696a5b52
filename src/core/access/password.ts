import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { TidingsError } from '../../errors.ts';

/** OWASP, Password Storage: N=2^15, r=8, p=3 is as strong as its first choice and takes 32 MB. */
export const COSTS = { N: 2 ** 15, r: 8, p: 3 };
export type PasswordCosts = typeof COSTS;
const BYTES = 32;
const MEMORY_MAX = 64 * 1024 * 1024;
const WAITING_MAX = 20;
const PASSWORD_MIN = 10;
const PASSWORD_MAX = 200;

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);
let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/**
 * One at a time: each takes 32 MB and some tenths of a second of a processor.
 * @throws TidingsError `busy`
 */
async function hashed(password: string, salt: Buffer, { N, r, p }: PasswordCosts): Promise<Buffer> {
  if (waiting >= WAITING_MAX)
    throw new TidingsError('busy', 'Too many sign in at once.', { fix: 'Try again in a few seconds.' });
  waiting++;
  const turn = last.then(() =>
    derive(password.normalize('NFKC'), salt, BYTES, { N, r, p, maxmem: MEMORY_MAX }),
  );
  last = turn.catch(() => {});
  return turn.finally(() => waiting--);
}

/** What is stored of it: the costs and the salt with the hash. */
export async function hashPassword(password: string, costs: PasswordCosts): Promise<string> {
  const salt = randomBytes(16);
  const { N, r, p } = costs;
  const hash = await hashed(password, salt, costs);
  return ['scrypt', N, r, p, salt.toString('base64'), hash.toString('base64')].join('$');
}

/**
 * As long for somebody who is not there (null) as for somebody with another password: neither tells names.
 */
export async function isPassword(
  given: string,
  stored: string | null,
  usual: PasswordCosts,
): Promise<boolean> {
  const [, N, r, p, salt = '', hash = ''] = (stored ?? '').split('$');
  const costs = stored === null ? usual : { N: Number(N), r: Number(r), p: Number(p) };
  const found = await hashed(given.slice(0, PASSWORD_MAX), Buffer.from(salt, 'base64'), costs);
  const wanted = Buffer.from(hash, 'base64');
  return stored !== null && wanted.length === found.length && timingSafeEqual(found, wanted);
}

/**
 * The password itself is never repeated.
 * @throws TidingsError `invalid_argument`
 */
export function refusePassword({ length }: string): void {
  if (length >= PASSWORD_MIN && length <= PASSWORD_MAX) return;
  throw new TidingsError('invalid_argument', `The password has ${length} characters.`, {
    fix: `Use ${PASSWORD_MIN} to ${PASSWORD_MAX}: some words that only you put together are good.`,
  });
}
