import { expect, it } from 'vitest';
import { COSTS, hashPassword, isPassword } from './password.ts';

it('a password is known again by its hash alone, whatever way its letters are composed, and no other is', async () => {
  const stored = await hashPassword('café con leche', COSTS);
  expect(stored).toMatch(/^scrypt\$32768\$8\$3\$/);
  expect(await isPassword('cafe\u0301 con leche', stored, COSTS)).toBe(true);
  expect(await isPassword('cafe con leche', stored, COSTS)).toBe(false);
  expect(await isPassword('', null, { N: 2, r: 1, p: 1 })).toBe(false);
});

it('twenty wait for their turn, and more are told to come back', async () => {
  const costs = { N: 2, r: 1, p: 1 };
  const all = await Promise.allSettled(
    Array.from({ length: 30 }, () => hashPassword('four words, mine', costs)),
  );
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
  expect(all.at(-1)).toMatchObject({ reason: { code: 'busy' } });
});
