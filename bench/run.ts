/** `npm run bench -- [NAME …] [--quick]`: runs them, prints a table for each, writes bench/results/NAME.json. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchResult, median } from './bench.ts';
import { BENCHES } from './benches/index.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
});
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  console.error(`There is no bench "${unknown[0]}": ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}

const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memory_gb: Math.round(totalmem() / 1e9),
  system: `${platform()} ${release()} ${arch()}`,
  node: process.version,
};
const results = join(import.meta.dirname, 'results');
for (const name of names) {
  console.log(`\n${name}`);
  // What else the machine does: above its cores, the figures are of a machine that is shared.
  const load_before = rounded(loadavg()[0]!);
  const startedAt = performance.now();
  const result = await BENCHES[name]!({ quick: values.quick, log: (line) => console.log(`  ${line}`) });
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(tableOf(result));
  if (values.quick) continue;
  mkdirSync(results, { recursive: true });
  const command = `npm run bench -- ${name}`;
  const rows = result.rows.map((row) => ({ ...row, runs: row.runs.map(rounded) }));
  const record = {
    name,
    command,
    at: new Date().toISOString(),
    seconds,
    machine,
    load_before,
    ...result,
    rows,
  };
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(record, null, 2)}\n`);
}

/** Four digits: what comes after them is noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function tableOf({ setting, rows, goals }: BenchResult): string {
  const lines = rows.map(({ what, unit, runs, note }) => {
    const spread = runs.length > 1 ? ` (${figure(Math.min(...runs))} to ${figure(Math.max(...runs))})` : '';
    return `  ${what.padEnd(44)} ${figure(median(runs)).padStart(10)} ${unit}${spread}${note ? `  ${note}` : ''}`;
  });
  const wanted = goals.map(
    ({ goal, measured, met }) => `  ${met ? 'met    ' : 'NOT MET'}  ${goal}: ${measured}`,
  );
  return ['', `  ${setting}.`, '', ...lines, '', ...wanted].join('\n');
}

function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
