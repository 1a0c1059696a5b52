/**
 * `npm run torture -- --kills 200 --leads 5000 --seed 1`: the long run. Exits with 1 when a promise was broken. `--tells`: the
 * provider of WhatsApp tells what became of messages, late, twice and out of order; in the end none of them is unknown.
 * `--database postgres --workers 4`: many workers that share a PostgreSQL, of its own or that of DATABASE_URL.
 */
import { parseArgs } from 'node:util';
import { torture } from './torture.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    leads: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    tells: { type: 'boolean', default: false },
    database: { type: 'string', default: 'sqlite' },
    workers: { type: 'string', default: '4' },
  },
});
const [kills, leads, seed] = [values.kills, values.leads, values.seed].map((text) => {
  if (!/^\d+$/.test(text)) {
    console.error(`"${text}" is not a whole number: --kills N --leads N --seed S`);
    process.exit(2);
  }
  return Number(text);
}) as [number, number, number];

/** What was started ends with the run, also when it is a signal that ends it: a second one leaves at once. */
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    process.once(name, () => process.exit(1));
    stop.abort(new Error(`The run was ended by ${name}.`));
  });
}

if (values.database === 'postgres') {
  const { runWorkers } = await import('./run-workers.ts');
  const { signal } = stop;
  const { tells } = values;
  process.exit(await runWorkers({ kills, leads, seed, workers: Number(values.workers), tells, signal }));
}

console.log(`${kills} kills, ${leads} leads, seed ${seed}`);
const result = await torture({
  kills,
  leads,
  seed,
  tells: values.tells,
  signal: stop.signal,
  report: (line) => console.log(line),
});

const sorted = [...result.recoveryMs].sort((a, b) => a - b);
const quantile = (share: number) =>
  `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)} ms`;
const broken = [
  ...result.duplicates.map((one) => `twice: ${one}`),
  ...result.lost.map((one) => `lost: ${one}`),
  ...result.wrong.map((one) => `wrong: ${one}`),
  ...result.missed.map((one) => `never met: ${one}`),
  ...result.complaints,
  ...(values.tells && result.unknownArrivedByWhatsApp > 0
    ? [`${result.unknownArrivedByWhatsApp} unknown of whom the provider told`]
    : []),
];
console.log(`
faults met             ${Object.values(result.faults).reduce((sum, count) => sum + count, 0)}, of ${Object.keys(result.faults).length} kinds
sends                  ${result.sends}, ${result.deliveries} deliveries, ${result.accepted} accepted by the providers
sent twice             ${result.duplicates.length}
lost                   ${result.lost.length}
ledger not true        ${result.wrong.length}
unknown                ${result.unknown}, of which ${result.unknownArrived} had arrived
most in doubt          ${result.mostInDoubt} by one kill
start to first message ${quantile(0.5)} median, ${quantile(0.95)} at 95 %, ${quantile(1)} longest (of ${sorted.length})
SIGTERM to the end     ${Math.round(Math.max(...result.drainMs))} ms longest (of ${result.drainMs.length})
took                   ${Math.round(result.seconds)} s`);
for (const line of broken) console.error(line);
process.exitCode = broken.length > 0 ? 1 : 0;
