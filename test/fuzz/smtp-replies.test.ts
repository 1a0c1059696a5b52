import { expect, it } from 'vitest';
import { fuzzSmtpReplies } from './smtp-replies.ts';

it('whatever a mail server says, at any step: the process lives, each message has an outcome, none is in doubt that no byte came of, and no secret comes back', async () => {
  expect(await fuzzSmtpReplies(250, 1)).toEqual([]);
});
