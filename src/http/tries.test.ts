import { expect, it } from 'vitest';
import { Tries } from './tries.ts';

it('an address has ten tries at once and then one every six seconds', () => {
  const tries = new Tries();
  const waits = Array.from({ length: 11 }, () => tries.take('203.0.113.9', 1_000));
  expect(waits).toEqual([...Array(10).fill(0), 6]);
  expect(tries.take('203.0.113.9', 4_000)).toBe(3);
  expect(tries.take('203.0.113.9', 7_000)).toBe(0);
  expect(tries.take('203.0.113.9', 7_000)).toBe(6);
  expect(tries.take('203.0.113.10', 7_000)).toBe(0);
});

it('addresses of one IPv6 network share their tries, however they are written', () => {
  const tries = new Tries();
  for (let at = 1; at <= 10; at++) tries.take(`2001:db8:1:2::${at}`, 0);
  expect(tries.take('2001:db8:1:2:aaaa:bbbb:cccc:dddd', 0)).toBe(6);
  expect(tries.take('2001:db8:1:3::1', 0)).toBe(0);
  for (let at = 1; at <= 10; at++) tries.take(`2001:db8::${at}`, 0);
  expect(tries.take('2001:db8:0:0:1::', 0)).toBe(6);
});

it('a million addresses take no more memory than ten thousand', () => {
  const tries = new Tries();
  for (let at = 0; at < 100_000; at++) tries.take(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`);
  expect(tries.size).toBe(10_000);
});
