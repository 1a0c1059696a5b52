import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { giveMemoryBack } from './give-memory-back.ts';

afterEach(() => vi.unstubAllGlobals());

it('collects once, and only when nothing happens', async () => {
  const gc = vi.fn();
  vi.stubGlobal('gc', gc);
  giveMemoryBack(100);
  const busyUntil = performance.now() + 600;
  while (performance.now() < busyUntil) {
    const spin = performance.now() + 30;
    while (performance.now() < spin);
    await sleep(1);
  }
  expect(gc).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(gc).toHaveBeenCalledOnce(), 10_000);
  await sleep(300);
  expect(gc).toHaveBeenCalledOnce();
});

it('leaves memory as it is where Node was started without the flag', () => {
  vi.stubGlobal('gc', undefined);
  const timers = vi.spyOn(globalThis, 'setInterval');
  giveMemoryBack(1);
  expect(timers).not.toHaveBeenCalled();
  timers.mockRestore();
});
