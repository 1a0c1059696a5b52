import { expect, it } from 'vitest';
import type { Reader } from '../../ledger/ledger.ts';
import { eachSpan, SpanSize } from './scan.ts';

/** A million leads without anything in them. */
const reader = {
  dialect: 'sqlite',
  all: async () => [],
  get: async (sql: string) => (sql.includes('newest') ? { newest: 1_000_000 } : { bytes: 0 }),
} as unknown as Reader;

/** Keeps the event loop, as SQLite does. */
function work(ms: number): number {
  const startedAt = performance.now();
  while (performance.now() - startedAt < ms);
  return performance.now() - startedAt;
}

it('whoever has work beside somebody who looks at all leads keeps about half of the process', async () => {
  const ms = { looked: 0, beside: 0 };
  let isDone = false;
  const beside = () => {
    if (isDone) return;
    ms.beside += work(1);
    setImmediate(beside);
  };
  beside();
  let spans = 0;
  await eachSpan(reader, 0, async () => {
    ms.looked += work(8);
    spans += 1;
    return spans < 40;
  });
  isDone = true;
  expect(ms.beside / ms.looked).toBeGreaterThan(0.7);
});

it('where nobody else has work, what was looked at is not rested for', async () => {
  let looked = 0;
  let spans = 0;
  const startedAt = performance.now();
  await eachSpan(reader, 0, async () => {
    looked += work(40);
    spans += 1;
    return spans < 10;
  });
  expect((performance.now() - startedAt) / looked).toBeLessThan(1.5);
});

it('spans grow and shrink towards the time that one may take, within bounds', () => {
  const size = new SpanSize(10);
  for (let at = 0; at < 20; at++) size.took(size.rows * 0.005, size.rows);
  expect(size.rows).toBe(2_000);
  for (let at = 0; at < 20; at++) size.took(size.rows * 0.5, size.rows);
  expect(size.rows).toBe(250);
  for (let at = 0; at < 20; at++) size.took(0, size.rows);
  expect(size.rows).toBe(10_000);
});
