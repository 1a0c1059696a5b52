/* Imported before the program: SIGUSR2 writes down how late the event loop was since the last one.
   JavaScript, so that whom it watches need not load what strips types. */
import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const file = process.env['LOOP_WATCH_FILE'];
/** The histogram counts from one look to the next, the rest between two looks included. */
const RESOLUTION_MS = 5;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
process.on('SIGUSR2', () => {
  const late = (ns) => Math.max(0, ns / 1e6 - RESOLUTION_MS);
  const { max } = delay;
  const figures = { p50: late(delay.percentile(50)), p99: late(delay.percentile(99)), max: late(max) };
  writeFileSync(`${file}.part`, JSON.stringify(figures));
  renameSync(`${file}.part`, file);
  delay.reset();
});
