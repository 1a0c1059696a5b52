import { expect, it } from 'vitest';
import { LinesOfLeads } from './lines-of-leads.ts';

const linesOf = (made: readonly (readonly [seq: number, line: number])[]) => {
  const lines = new LinesOfLeads();
  for (const [seq, line] of made) lines.add(seq, line);
  return lines;
};

it('the line of a lead is known where leads or lines are left out, and of leads made by somebody else none is', () => {
  const made = [
    [5, 2],
    [6, 3],
    [7, 5],
    [9, 6],
    [10, 7],
    [11, 20],
  ] as const;
  const lines = linesOf(made);
  for (const [seq, line] of made) expect(lines.of(seq)).toBe(line);
  for (const seq of [0, 4, 8, 12]) expect(lines.of(seq)).toBeUndefined();
});

it('numbers that were taken back stand for who has them in the end', () => {
  const lines = linesOf([
    [1, 2],
    [2, 3],
    [3, 4],
    [4, 5],
    [3, 9],
    [4, 10],
    [5, 11],
  ]);
  expect([1, 2, 3, 4, 5].map((seq) => lines.of(seq))).toEqual([2, 3, 9, 10, 11]);
});

it('a file of ten million clean rows takes no more memory than one of ten', () => {
  const lines = new LinesOfLeads();
  for (let at = 1; at <= 10_000_000; at++) lines.add(at, at + 1);
  expect(lines.of(10_000_000)).toBe(10_000_001);
  expect(lines.runs).toBe(1);
});
