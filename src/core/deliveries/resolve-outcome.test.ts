import { describe, expect, it } from 'vitest';
import { GIVEN_UP } from './delivery.ts';
import { resolveOutcome } from './resolve-outcome.ts';
import type { Outcome } from './sender.ts';

const AT = { wallMs: 5_000_000, steadyMs: 1_000_000 };
const what = { code: 'x', message: 'Words.' };

const settled = (outcome: Outcome, retries = 0, dice = 0.5) =>
  resolveOutcome({ position: 1, attempts: 3, retries }, outcome, AT, dice);

/** What a row goes through when every try ends like this: milliseconds until the next one, and the last word. */
function waits(outcome: Outcome, dice: number) {
  const all: number[] = [];
  for (let row = settled(outcome, 0, dice); ; row = settled(outcome, row.retries, dice)) {
    if (row.status !== 'pending' || row.retryAt === GIVEN_UP) return { all, row };
    all.push(row.retryAt! - AT.steadyMs);
  }
}

describe('what an outcome means for its row', () => {
  it('accepted: sent, at the time that a clock on the wall shows', () => {
    const row = settled({ type: 'accepted', providerMessageId: 'id-1' });
    expect(row).toMatchObject({ status: 'sent', providerMessageId: 'id-1', sentAt: 5_000_000 });
  });

  it.each<[Outcome, object]>([
    [
      { type: 'permanent', ...what },
      { status: 'failed', errorCode: 'x', error: 'Words.' },
    ],
    [
      { type: 'skipped', ...what },
      { status: 'skipped', errorCode: 'x' },
    ],
    [
      { type: 'uncertain', ...what },
      { status: 'failed', errorCode: 'outcome_unknown', error: 'Words. (x)' },
    ],
    [
      { type: 'stop_send', ...what },
      { status: 'pending', retries: 0, retryAt: 1_000_000 },
    ],
    [
      { type: 'account', ...what },
      { status: 'pending', retries: 0, retryAt: 1_000_000 },
    ],
    [
      { type: 'transient', scope: 'sender', ...what },
      { status: 'pending', retries: 0, retryAt: 1_000_000 },
    ],
    [
      { type: 'throttled', scope: 'sender', ...what },
      { status: 'pending', retries: 0, retryAt: 1_001_000 },
    ],
    [
      { type: 'throttled', scope: 'domain', ...what },
      { status: 'pending', retries: 0, retryAt: 1_001_000 },
    ],
  ])('%j', (outcome, row) => {
    expect(settled(outcome)).toMatchObject(row);
  });

  it('a passing error waits twice as long each time, with jitter, and is given up after four', () => {
    const outcome: Outcome = { type: 'transient', scope: 'recipient', ...what };
    expect(waits(outcome, 1).all).toEqual([2_000, 4_000, 8_000, 16_000]);
    expect(waits(outcome, 0).all).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(waits(outcome, 0).row).toMatchObject({ status: 'pending', errorCode: 'x', error: 'Words.' });
  });

  it('a provider that names a time is never asked sooner, and later each time up to a quarter of an hour', () => {
    const outcome: Outcome = { type: 'transient', scope: 'recipient', ...what, retryAfterMs: 300_000 };
    expect(waits(outcome, 0).all).toEqual([300_000, 600_000, 900_000, 900_000]);
    expect(waits(outcome, 1).all).toEqual([375_000, 750_000, 1_125_000, 1_125_000]);
    expect(waits({ ...outcome, retryAfterMs: 3_600_000 }, 0).all).toEqual(Array(4).fill(3_600_000));
  });

  it('a passing error that the provider lets pass for two tries only fails the lead at the second', () => {
    const { all, row } = waits({ type: 'transient', scope: 'recipient', ...what, mostTries: 2 }, 1);
    expect(all).toEqual([2_000]);
    expect(row).toMatchObject({ status: 'failed', errorCode: 'x' });
  });

  it('a recipient who had too much waits four times as long each time (4^X s), and is given up after four', () => {
    const outcome: Outcome = { type: 'throttled', scope: 'recipient', ...what, retryAfterMs: 6_000 };
    const { all, row } = waits(outcome, 0);
    expect(all).toEqual([6_000, 24_000, 96_000, 384_000]);
    all.forEach((wait, at) => {
      expect(wait).toBeGreaterThanOrEqual(4 ** (at + 1) * 1_000);
    });
    expect(row.status).toBe('pending');
  });
});
