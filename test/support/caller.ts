import type { Caller } from '../../src/operations/operation.ts';
import { PLAIN_WORDS } from '../../src/words.ts';

/** Whoever calls in a test that is not about doors. */
export const CALLER: Caller = {
  door: 'http',
  principal: { kind: 'open', id: null, name: null, role: 'admin' },
  client: null,
  words: PLAIN_WORDS,
};

/** Somebody at the command line of the machine. */
export const PERSON = {
  caller: { ...CALLER, door: 'cli', principal: { ...CALLER.principal, kind: 'machine' } },
} as const;

/** A program with a key that may write, and not send. */
export const AUTHOR = { kind: 'key', id: 'author', name: 'author', role: 'author' } as const;
