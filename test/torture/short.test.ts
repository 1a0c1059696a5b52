import { describe, expect, it } from 'vitest';
import type { Reader } from '../../src/ledger/ledger.ts';
import { audit } from './audit.ts';
import { torture, WINDOW } from './torture.ts';

/** The long ones are beside it, and in CI. */
describe('torture, in short', () => {
  it('kills the server at a claim, at an answer and at any time: nobody is messaged twice, nobody is lost', async ({
    signal,
  }) => {
    const faults = ['claim:after', 'smtp:body, then accepted', 'random'];
    const result = await torture({ kills: faults.length, leads: 200, seed: 2, faults, signal });
    expect(result).toMatchObject({ duplicates: [], lost: [], wrong: [], missed: [], complaints: [] });
    expect(Object.keys(result.faults).sort()).toEqual([...faults].sort());
    expect(result.mostInDoubt).toBeLessThanOrEqual(WINDOW);
    expect(result.accepted + result.unknown - result.unknownArrived).toBe(result.deliveries);
  }, 240_000);

  it('would be noticed: a message too many, one too few, a row that says what is not so', async () => {
    const row = (contact: string, status: string, error_code: string | null = null) => ({
      campaign: 'c1',
      channel: 'email',
      contact,
      status,
      error_code,
    });
    const rows = [
      row('a@x.com', 'sent'),
      row('b@x.com', 'sent'),
      row('c@x.com', 'failed', 'outcome_unknown'),
      row('d@x.com', 'pending'),
    ];
    const reader = {
      all: async () => rows,
      get: async () => ({ sends: 1, missing: 1 }),
    } as unknown as Reader;
    const email = (to: string) => ({ raw: 'From: x\r\nSubject: c1\r\n\r\nHi', to: [to] }) as never;
    const found = await audit(reader, ['a@x.com', 'a@x.com', 'c@x.com', 'e@x.com'].map(email), []);
    expect(found).toMatchObject({
      duplicates: ['c1 email a@x.com × 2'],
      lost: ['c1 email b@x.com', '1 members without a row'],
      wrong: ['c1 email d@x.com is pending ', 'c1 email e@x.com has no row'],
      unknown: 1,
      unknownArrived: 1,
    });
  });
});
