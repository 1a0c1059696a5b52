/**
 * `npm run soak -- --calls 20000 --door stream`: calls through every door of a real server, one door after the other.
 * Exits with 1 when the heap grew by 10 MB or more through one of them.
 * `npm run soak -- --minutes 60`: sends, imports, webhooks and pages in turn at a steady rate for so long (`churn/`).
 */
import { parseArgs } from 'node:util';
import { runChurn } from './churn/run-churn.ts';
import { soak } from './soak.ts';

const GROWTH_MAX_BYTES = 10_000_000;

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '20000' },
    door: { type: 'string', default: '' },
    minutes: { type: 'string' },
  },
});
if (values.minutes !== undefined) process.exit(await runChurn(values.minutes));
if (!/^[1-9]\d*$/.test(values.calls)) {
  console.error(`"${values.calls}" is not a whole number above 0: --calls N --door PART-OF-A-NAME`);
  process.exit(2);
}
const cells = (door: string, calls: string, grown: string, each: string, rate: string) =>
  console.log(
    `${door.padEnd(28)}${calls.padStart(8)}${grown.padStart(12)}${each.padStart(16)}${rate.padStart(12)}`,
  );

cells('door', 'calls', 'heap, MB', 'bytes a call', 'calls/s');
const soaked = await soak({
  calls: Number(values.calls),
  only: (door) => door.includes(values.door),
  report: ({ door, calls, grownBytes, callsPerSecond }) =>
    cells(
      door,
      String(calls),
      (grownBytes / 1e6).toFixed(2),
      String(Math.round(grownBytes / calls)),
      String(Math.round(callsPerSecond)),
    ),
});
const leaking = soaked.filter(({ grownBytes }) => grownBytes >= GROWTH_MAX_BYTES);
for (const { door } of leaking) console.error(`${door}: the heap grew by 10 MB or more`);
process.exitCode = leaking.length > 0 || soaked.length === 0 ? 1 : 0;
