import { describe, expect, it } from 'vitest';
import { TidingsError } from '../../errors.ts';
import { readStartTime } from './start-time.ts';

const NOW = Date.parse('2026-07-01T12:00:00Z');
const refusal = (text: string): TidingsError => {
  try {
    readStartTime(text, NOW);
  } catch (error) {
    if (error instanceof TidingsError) return error;
  }
  throw new Error(`"${text}" was not refused`);
};

describe('schedule_at', () => {
  it.each([
    ['2026-08-01T09:00:00Z', '2026-08-01T09:00:00Z'],
    ['2026-08-01T09:00Z', '2026-08-01T09:00:00Z'],
    ['2026-08-01T09:00:00.250Z', '2026-08-01T09:00:00.250Z'],
    ['2026-08-01T09:00:00-06:00', '2026-08-01T15:00:00Z'],
    ['2026-08-01T09:00:00+0530', '2026-08-01T03:30:00Z'],
    ['2026-08-01 09:00+02', '2026-08-01T07:00:00Z'],
    [' 2026-08-01t09:00:00z ', '2026-08-01T09:00:00Z'],
    ['2027-07-02T11:59:59Z', '2027-07-02T11:59:59Z'],
  ])('%s is a moment', (text, moment) => {
    expect(readStartTime(text, NOW)).toEqual({ type: 'at', atMs: Date.parse(moment) });
  });

  it('the word "now" is not the same as saying nothing, or as a time that has passed', () => {
    expect(readStartTime(undefined, NOW)).toBeNull();
    expect(readStartTime('Now', NOW)).toEqual({ type: 'now' });
    for (const text of ['2026-07-01T12:00:01Z', '2026-07-01T12:00:00Z', '2019-01-01T00:00:00Z']) {
      expect(readStartTime(text, NOW)).toEqual({ type: 'passed', text, agoMs: NOW - Date.parse(text) });
    }
    expect(readStartTime('2026-07-01T12:00:01.001Z', NOW)).toMatchObject({ type: 'at' });
  });

  it.each([
    'tomorrow',
    '',
    '2026-08-01',
    '1785574800000',
    '2026-02-30T09:00:00Z',
    '2026-13-01T09:00:00Z',
    '2026-08-01T24:00:00Z',
    '2026-08-01T09:60:00Z',
    '2026-08-01T09:00:00+25:00',
    '09:00Z',
  ])('"%s" is refused with the value and an example in the future', (text) => {
    const { code, message, fix } = refusal(text);
    expect([code, message]).toEqual([
      'invalid_argument',
      `schedule_at is "${text}", which is not a date and time.`,
    ]);
    expect(fix).toContain('"2026-07-02T12:00:00Z"');
  });

  it('a time without an offset is refused, because it is another moment elsewhere', () => {
    const { message, fix } = refusal('2026-08-01T09:00:00');
    expect(message).toContain('"2026-08-01T09:00:00", without an offset');
    expect(fix).toContain('"2026-08-01T09:00:00Z" for UTC');
  });

  it('more than 366 days ahead is refused', () => {
    expect(refusal('2062-08-01T09:00:00Z').message).toContain('more than 366 days ahead');
  });
});
