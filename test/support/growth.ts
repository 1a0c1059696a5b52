import { expect } from 'vitest';

const KB = 1024;
/** The test is over at once where the small text takes so long: the large one may take hours. */
const TOO_LONG_MS = 1_000;
/** Of a sixteenth of the size linear work takes a sixteenth of the time, and quadratic work a 256th. */
const MOST_GROWTH = 40;
/** Below this the clock says little. */
const FLOOR_MS = 4;

type Work = (text: string) => unknown;

/** Expects that `work` on 1 MB of `unit`, between `before` and `after`, takes about 16 times what 64 KB take. */
export async function expectLinear(work: Work, unit: string, before = '', after = ''): Promise<void> {
  const of = (size: number) => before + unit.repeat(Math.ceil(size / unit.length)).slice(0, size) + after;
  const small = await leastMs(work, of(64 * KB), 3);
  expect(small, 'milliseconds for 64 KB').toBeLessThan(TOO_LONG_MS);
  const text = of(1024 * KB);
  const isTooMuch = (ms: number) => ms / Math.max(small, FLOOR_MS) >= MOST_GROWTH;
  let large = await leastMs(work, text, 1);
  // Once is enough where it is fast enough; what something else disturbed is tried again.
  if (isTooMuch(large) && small <= 20) large = Math.min(large, await leastMs(work, text, 1));
  expect(large / Math.max(small, FLOOR_MS), `${large} ms for 1 MB, ${small} ms for 64 KB`).toBeLessThan(
    MOST_GROWTH,
  );
}

/** Processor time of this thread, the least of some runs: what else goes on here and on the machine is not in it. */
async function leastMs(work: Work, text: string, runs: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const startedAt = process.threadCpuUsage();
    // A refusal is an answer like others.
    await Promise.resolve()
      .then(() => work(text))
      .catch(() => {});
    const { user, system } = process.threadCpuUsage(startedAt);
    least = Math.min(least, (user + system) / 1_000);
    if (least > TOO_LONG_MS) break;
  }
  return least;
}
