import { describe, expect, it } from 'vitest';
import { runChain } from '../chain/chain.ts';
import { WAYS, type Way } from '../chain/mail-chain.ts';
import { packageOf } from './support/packages.ts';

const postfix = packageOf('postfix', 'postfix');
const opendkim = packageOf('opendkim', 'opendkim');
const LEADS = 60;

describe.skipIf(postfix.isMissing || opendkim.isMissing)(
  'a campaign through two Postfixes and OpenDKIM',
  () => {
    it('reaches everybody once; who is not there or has left gets no second one', {
      timeout: 180_000,
    }, async () => {
      const parts = { postfix, opendkim, leads: LEADS, bouncing: 1, leaving: 4, killsAt: [20] };
      const result = await runChain({ ...parts, rate: 60, longestMs: 150_000 });
      expect(result).toMatchObject({
        kills: 1,
        most_to_one: 1,
        most_in_one_mailbox: 1,
        remaining: 0,
        left: 4,
      });
      expect(result.dkim_pass).toBe(result.in_mailboxes);
      // What a kill left in doubt is never sent again, whether the relay has it or not.
      expect(result.taken_by_relay).toBeGreaterThanOrEqual(LEADS - result.unknown);
      expect(result.sent + result.failed + result.skipped).toBe(LEADS);
      expect(result.failed).toBe(result.bounced + result.unknown);
      const taken = (way: string) => result.ways[way as Way].taken_by_relay;
      const expected = Object.entries(WAYS).map(([way, { kind }]) => [
        way,
        {
          ...{ people: 1, taken_by_relay: taken(way), came_back: taken(way) },
          codes: [taken(way) ? `bounce_${kind}` : 'outcome_unknown'],
          suppressed: kind === 'hard' ? taken(way) : 0,
        },
      ]);
      expect(result.ways).toEqual(Object.fromEntries(expected));
      const hard = taken('nobody') + taken('nullmx');
      expect(result.second).toEqual({
        ...{ taken_by_relay: LEADS - 4 - hard, skipped: 4 + hard, in_mailboxes: LEADS - 10 - 4 },
        ...{ most_in_one_mailbox: 1, to_who_left: 0, to_hard: 2 - hard, to_soft: 3 },
      });
    });
  },
);
