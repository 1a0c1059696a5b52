import { expect, it } from 'vitest';
import { fuzzHttp } from './http.ts';
import { fuzzProvider } from './provider.ts';
import { fuzzSmtpReplies } from './smtp-replies.ts';

/** The long ones are beside it, and in CI; other cases than theirs. */
it('whatever a caller, a mail server or an API for WhatsApp says, in a few cases, is answered or has an outcome', async () => {
  expect(await fuzzHttp(80, 2)).toEqual([]);
  expect(await fuzzSmtpReplies(40, 2)).toEqual([]);
  expect(await fuzzProvider(60, 2)).toEqual([]);
}, 240_000);
