/**
 * `npm run bench -- [NAME …] [--quick] [--dkim] [--size LEADS] [--database sqlite|postgres]`: runs them, prints a table for each, writes bench/results/NAME.json. `--size` and `--database` are for `huge`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchResult, median } from './bench.ts';
import { BENCHES, BY_NAME_ONLY } from './benches/index.ts';

const { values, positionals } = given();
const { size, database } = values;
if (size !== undefined && !/^[1-9]\d{2,7}$/.test(size))
  refuse(`--size ${size} is no number of leads from 100 to 99999999`);
if (database !== undefined && database !== 'sqlite' && database !== 'postgres')
  refuse(`--database ${database} is neither sqlite nor postgres`);
// `email --dkim`: the same with signatures, and a bench of its own.
const wanted = positionals.map((name) => (name === 'email' && values.dkim ? 'dkim' : name));
const names =
  wanted.length > 0 ? wanted : Object.keys(BENCHES).filter((name) => !BY_NAME_ONLY.includes(name));
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) refuse(`There is no bench "${unknown[0]}": ${Object.keys(BENCHES).join(', ')}`);

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
  const result = await BENCHES[name]!({
    quick: values.quick,
    log: (line) => console.log(`  ${line}`),
    ...(size !== undefined && { leads: Number(size) }),
    ...(database !== undefined && { databases: [database] }),
  });
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(tableOf(result));
  if (values.quick) continue;
  mkdirSync(results, { recursive: true });
  const asked = name === 'dkim' ? 'email --dkim' : name === 'huge' ? hugeAsked() : name;
  const command = `npm run bench -- ${asked}`;
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

function hugeAsked(): string {
  return ['huge', size && `--size ${size}`, database && `--database ${database}`].filter(Boolean).join(' ');
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
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

function given() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        dkim: { type: 'boolean', default: false },
        size: { type: 'string' },
        database: { type: 'string' },
      },
    });
  } catch (error) {
    refuse(
      `${(error as Error).message.split('.')[0]}. What there is: npm run bench -- [NAME …] [--quick] [--dkim]`,
    );
  }
}
