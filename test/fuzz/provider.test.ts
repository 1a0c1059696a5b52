import { expect, it } from 'vitest';
import { fuzzProvider } from './provider.ts';

it('whatever an API for WhatsApp answers: each message has an outcome, nothing is thrown, and the token does not come back', async () => {
  expect(await fuzzProvider(400, 1)).toEqual([]);
}, 120_000);
