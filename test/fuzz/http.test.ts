import { expect, it } from 'vitest';
import { fuzzHttp } from './http.ts';

it('whatever a caller sends is answered or refused: no crash, no error of ours, no hang, no word from inside', async () => {
  expect(await fuzzHttp(400, 1)).toEqual([]);
}, 240_000);
