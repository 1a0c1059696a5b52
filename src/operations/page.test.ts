import { expect, it } from 'vitest';
import { readPage } from './page.ts';

/** Rows 1, 2, 3 … of so many characters; what was asked for is noted. */
function list(count: number, length: number) {
  const asked: number[] = [];
  const read = async (after: number, limit: number) => {
    asked.push(limit);
    const rows = Array.from({ length: Math.max(0, count - after) }, (_, at) => after + at + 1);
    return rows.slice(0, limit).map((at) => ({ at, text: 'x'.repeat(length) }));
  };
  return {
    asked,
    read,
    after: 0,
    placeOf: ({ at }: { at: number }) => at,
    show: (row: { at: number; text: string }) => row,
  };
}

it.each([0, 1, 20, 21, 49, 50])(
  'a list of %i short rows is one page that says it is the last',
  async (count) => {
    const { shown, next } = await readPage({ ...list(count, 10), limit: 50 });
    expect(shown.map(({ at }) => at)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
    expect(next).toBeNull();
  },
);

it('a longer list goes on behind the last row shown', async () => {
  const { shown, next } = await readPage({ ...list(51, 10), limit: 50 });
  expect([shown.length, next]).toEqual([50, 50]);
  expect(await readPage({ ...list(51, 10), limit: 50, after: 50 })).toMatchObject({
    shown: [{ at: 51 }],
    next: null,
  });
});

it('short rows are read in two steps, long ones in many', async () => {
  const short = list(500, 10);
  await readPage({ ...short, limit: 200 });
  expect(short.asked).toEqual([21, 181]);
  const long = list(500, 100_000);
  await readPage({ ...long, limit: 200, show: ({ at }) => ({ at }) });
  expect(long.asked).toEqual(Array(10).fill(21));
});

it('a page ends before it is too long for an answer, and shows at least one row', async () => {
  const { shown, next } = await readPage({ ...list(500, 100_000), limit: 200 });
  expect([shown.length, next]).toEqual([12, 12]);
  expect(await readPage({ ...list(3, 2_000_000), limit: 200 })).toMatchObject({
    shown: [{ at: 1 }],
    next: 1,
  });
});
