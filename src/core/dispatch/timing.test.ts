import { expect, it } from 'vitest';
import { checked, DEFAULT_TIMING } from './timing.ts';

it.each([
  ['a holder that may not miss a beat', { leaseBeatMs: 2_500 }, '3 leaseBeatMs <= leaseStaleMs'],
  [
    'a chunk that leaves after it went to another worker',
    { keptFreshMs: 10_000 },
    'keptFreshMs < workerLostMs',
  ],
  [
    'a chunk kept longer than the queue keeps its job',
    { keptFreshMs: 11_000, workerLostMs: 20_000 },
    'JOB_LOST_MS',
  ],
  [
    'a worker that shows too seldom which senders it serves',
    { inheritMs: 5_000 },
    '2 inheritMs < senderGoneMs',
  ],
  ['no time at all', { dueMs: 0 }, 'longer than nothing'],
])('waiting times are refused that would allow %s', (_, changed, told) => {
  expect(() => checked({ ...DEFAULT_TIMING, ...changed })).toThrow(told);
});
