import { afterEach, expect, it, vi } from 'vitest';
import type { Log } from './log/log.ts';
import { Rounds } from './rounds.ts';

const faults: string[] = [];
const log = { error: (_: object, words: string) => faults.push(words) } as unknown as Log;

afterEach(() => {
  vi.useRealTimers();
  faults.length = 0;
});

function rounds(look: () => Promise<number>) {
  vi.useFakeTimers();
  return new Rounds({ look, fault: 'it fails', log });
}

it('looks at once, then so often, and no more when it is stopped', async () => {
  const look = vi.fn(async () => 1_000);
  const all = rounds(look);
  all.start();
  all.start();
  await vi.advanceTimersByTimeAsync(2_500);
  expect(look).toHaveBeenCalledTimes(3);
  all.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(look).toHaveBeenCalledTimes(3);
  expect(all.isEnded).toBe(true);
});

it('looks when it is woken, also by what comes while it looks', async () => {
  const look = vi.fn(async () => {
    if (look.mock.calls.length === 2) all.wake();
    return 60_000;
  });
  const all = rounds(look);
  all.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(look).toHaveBeenCalledTimes(1);
  all.wake();
  await vi.advanceTimersByTimeAsync(0);
  expect(look).toHaveBeenCalledTimes(3);
  all.stop();
});

it('rests undisturbed where the round says so', async () => {
  const look = vi.fn(async () => -1_000);
  const all = rounds(look);
  all.start();
  await vi.advanceTimersByTimeAsync(500);
  all.wake();
  await vi.advanceTimersByTimeAsync(400);
  expect(look).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(look).toHaveBeenCalledTimes(2);
  all.stop();
});

it('goes on after a failure, and tells the first of them', async () => {
  let isMended = false;
  const look = vi.fn(async () => {
    if (isMended) return 1_000;
    throw new Error('no');
  });
  const all = rounds(look);
  all.start();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(look.mock.calls.length).toBeGreaterThan(3);
  expect(faults).toEqual(['it fails']);
  isMended = true;
  const before = look.mock.calls.length;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(look.mock.calls.length).toBeGreaterThan(before + 4);
  all.stop();
});
