import { expect, it } from 'vitest';
import { DOORS } from './doors.ts';
import { soak } from './soak.ts';

const CALLS = 400;
/** 20,000 calls may take 10 MB, which is 500 bytes each. So few are lost in noise below some 2 kB; a leaked server is 35 kB. */
const BYTES_A_CALL_MAX = 5_000;

it('no door keeps anything of the calls that went through it', async () => {
  const soaked = await soak({ calls: CALLS });
  expect(soaked.map(({ door }) => door)).toEqual(Object.keys(DOORS));
  expect(soaked.filter(({ calls, grownBytes }) => grownBytes / calls > BYTES_A_CALL_MAX)).toEqual([]);
}, 180_000);
