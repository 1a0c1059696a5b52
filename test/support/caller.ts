import type { Caller } from '../../src/operations/operation.ts';
import { PLAIN_WORDS } from '../../src/words.ts';

/** Whoever calls in a test that is not about doors. */
export const CALLER: Caller = { door: 'http', key: null, words: PLAIN_WORDS };
