import { expect, it } from 'vitest';
import { churn } from './churn/churn.ts';
import { MOVES } from './churn/moves.ts';
import { DOORS } from './doors.ts';
import { soak } from './soak.ts';

const CALLS = 250;
/** 20,000 calls may take 10 MB, which is 500 bytes each. So few are lost in noise below some 2 kB; a leaked server is 35 kB. */
const BYTES_A_CALL_MAX = 5_000;

it('no door keeps anything of the calls that went through it', async () => {
  const soaked = await soak({ calls: CALLS });
  expect(soaked.map(({ door }) => door)).toEqual(Object.keys(DOORS));
  expect(soaked.filter(({ calls, grownBytes }) => grownBytes / calls > BYTES_A_CALL_MAX)).toEqual([]);
}, 180_000);

it('sends that are paused, edited and cancelled among imports, webhooks and pages lose nothing and keep no socket', async () => {
  const moves = Object.keys(MOVES).length;
  const { losses, held, messages, sends } = await churn({ moves, everyMs: 0, sampleEvery: moves });
  expect(losses).toEqual([]);
  expect(sends).toBe(3);
  expect(messages).toBeGreaterThan(0);
  expect(held.at(-1)!.handles).toBeLessThanOrEqual(held[0]!.handles);
}, 180_000);
