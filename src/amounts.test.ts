import { expect, it } from 'vitest';
import { count, counted } from './amounts.ts';

it('amounts are grouped by thousands, and one is one', () => {
  expect([0, 1, 999, 1_000, 1_234_567, 0.1254].map(count)).toEqual([
    '0',
    '1',
    '999',
    '1,000',
    '1,234,567',
    '0.125',
  ]);
  expect([0, 1, 2_000].map((amount) => counted(amount, 'lead'))).toEqual([
    '0 leads',
    '1 lead',
    '2,000 leads',
  ]);
  expect([1, 2].map((amount) => counted(amount, 'lead stays', 'leads stay'))).toEqual([
    '1 lead stays',
    '2 leads stay',
  ]);
});
