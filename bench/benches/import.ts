import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { atLeast, atMost, type Bench, median } from '../bench.ts';
import { leadsCsv } from '../support/leads.ts';
import { publishedProgram } from '../support/program.ts';
import { NODE_OPTIONS } from '../support/tidings-server.ts';

/** `tidings leads import FILE`, from the start of the program to its end. */
export const importLeads: Bench = async ({ quick, log }) => {
  const count = quick ? 1_000 : 1_000_000;
  const folder = mkdtempSync(join(tmpdir(), 'tidings-bench-'));
  const rates: number[] = [];
  const peaks: number[] = [];
  const again: number[] = [];
  try {
    const file = join(folder, 'leads.csv');
    await pipeline(leadsCsv(count), createWriteStream(file));
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      const dataDir = join(folder, `data-${round}`);
      const first = await run(file, dataDir);
      const second = await run(file, dataDir);
      rates.push(count / first.seconds);
      again.push(count / second.seconds);
      peaks.push(first.peakMb);
      log(
        `${Math.round(count / first.seconds)} rows/s, again ${Math.round(count / second.seconds)}, ${Math.round(first.peakMb)} MB`,
      );
      rmSync(dataDir, { recursive: true });
    }
    const small = quick ? Number.NaN : await smallPeak(folder);
    return {
      setting: `${count} rows of 8 columns from a file, every email and phone checked and looked up, stored with fsync for each thousand rows`,
      rows: [
        { what: 'new leads', unit: 'rows/s', runs: rates },
        { what: 'the same file again, nothing new', unit: 'rows/s', runs: again },
        { what: 'peak of resident memory', unit: 'MB', runs: peaks },
        ...(quick ? [] : [{ what: 'peak with 10,000 rows', unit: 'MB', runs: [small] }]),
      ],
      goals: [
        atLeast('at least 50,000 rows/s', median(rates), 50_000, 0),
        atLeast('stretch: 100,000 rows/s', median(rates), 100_000, 0),
        atMost('at most 160 MB', Math.max(...peaks), 160, 0),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

async function smallPeak(folder: string): Promise<number> {
  const file = join(folder, 'small.csv');
  await pipeline(leadsCsv(10_000), createWriteStream(file));
  return (await run(file, join(folder, 'small'))).peakMb;
}

async function run(file: string, dataDir: string): Promise<{ seconds: number; peakMb: number }> {
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [...NODE_OPTIONS, publishedProgram(), 'leads', 'import', file, '--json'],
    {
      env: { PATH: process.env['PATH'], TIDINGS_DATA_DIR: dataDir },
      stdio: 'ignore',
    },
  );
  let peakKb = 0;
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peakKb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? peakKb);
    } catch {}
  }, 50);
  const [code] = await once(child, 'exit');
  clearInterval(look);
  if (code !== 0) throw new Error(`leads import ended with ${code}.`);
  return { seconds: (performance.now() - startedAt) / 1_000, peakMb: (peakKb * 1_024) / 1e6 };
}
