import type { Log } from './log/log.ts';

/** Faults that nothing in this process caught: plain numbers, read by the metrics. */
export const faults = { unhandled_rejection: 0, uncaught_exception: 0 };

let log: Log | null = null;
let stop: () => void = () => process.exit();

/**
 * Whatever nobody caught ends nothing by itself. A promise that failed unheard is told and survived: whoever waited for
 * it got the error as well. After an exception out of a callback nobody knows what was left half done, so the process
 * stops as if it had been told to: what is in flight is settled first, and the exit code is 1.
 */
export function watchFaults(first: Log): void {
  log = first;
  process.on('unhandledRejection', (error) => {
    faults.unhandled_rejection += 1;
    log?.error({ err: error }, 'a promise failed that nobody waits for; going on');
  });
  process.on('uncaughtException', (error) => {
    faults.uncaught_exception += 1;
    process.exitCode = 1;
    log?.error({ err: error }, 'an exception that nobody caught; stopping');
    stop();
  });
}

/** From now on faults are told there, and what is in flight is finished before the process ends. */
export function drainAfterFault(own: Log, drain: () => void): void {
  log = own;
  stop = drain;
}
