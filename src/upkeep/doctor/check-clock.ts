import type { Check } from './check.ts';
import { good, warning } from './check.ts';

/** More than this is no matter of how long an answer took. */
const NOTEWORTHY_MS = 2_000;

/**
 * @param whose clock this machine's is compared with
 * @param aheadMs how far this machine's clock is ahead of it
 * @param matters what goes wrong by it, as a sentence
 */
export function checkClock(name: string, whose: string, aheadMs: number, matters: string): Check {
  const seconds = Math.abs(aheadMs / 1_000).toFixed(1);
  if (Math.abs(aheadMs) <= NOTEWORTHY_MS) return good(name, `within ${NOTEWORTHY_MS / 1_000} s of ${whose}`);
  const detail = `this machine's clock is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} ${whose}`;
  return warning(name, `${detail}. ${matters}`, 'Keep the clocks right: run an NTP service on each machine.');
}
