import { expect, test } from 'vitest';
import { showStart, untilThen } from './start-time.ts';

const NOW = Date.parse('2026-07-01T12:00:00Z');

test.each([
  ['2026-07-01T11:59:59Z', 'due now'],
  ['2026-07-01T12:00:30Z', 'in 30 s'],
  ['2026-07-01T12:59:20Z', 'in 59 min'],
  ['2026-07-01T12:59:40Z', 'in 1 h'],
  ['2026-07-01T15:20:00Z', 'in 3 h 20 min'],
  ['2026-07-03T11:59:00Z', 'in 47 h 59 min'],
  ['2026-07-03T12:00:00Z', 'in 2 days'],
  ['2026-08-01T15:00:00Z', 'in 31 days 3 h'],
])('%s is %s', (at, words) => {
  expect(untilThen(at, NOW)).toBe(words);
});

test('a time that nothing waits for any more is shown without the wait', () => {
  const send = { state: 'scheduled', scheduled_at: '2026-07-01T13:00:00.000Z' };
  expect(showStart(send, NOW)).toBe('2026-07-01T13:00:00Z (in 1 h)');
  expect(showStart({ ...send, state: 'completed' }, NOW)).toBe('2026-07-01T13:00:00Z');
  expect(showStart({ state: 'running', scheduled_at: null }, NOW)).toBeUndefined();
});
