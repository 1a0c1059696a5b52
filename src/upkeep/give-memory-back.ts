const LOOK_EVERY_MS = 5_000;
/** The share of the time that a server works which has nothing to do is 1 % or so. */
const QUIET = 0.05;

/**
 * What a start leaves behind goes back to the system once nothing happened for some seconds: V8 looks for it only when
 * more is made, and a server that nobody asks anything makes next to nothing. Everything waits while it does (50 ms),
 * so never while messages leave. Without `--expose-gc` memory stays as it is.
 */
export function giveMemoryBack(everyMs = LOOK_EVERY_MS): void {
  const { gc } = globalThis;
  if (!gc) return;
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > QUIET) return;
    clearInterval(timer);
    gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }, everyMs);
  timer.unref();
}
