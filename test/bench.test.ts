import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BENCHES } from '../bench/benches/index.ts';
import { NO_POSTGRES } from '../bench/benches/scale/index.ts';

/** Small and all at once: they show that the benches work, and their figures mean nothing. They read /proc. */
describe.skipIf(process.platform !== 'linux')('npm run bench --quick', { concurrent: true }, () => {
  // As on a machine where nothing is installed: no postfix, no Redis.
  beforeAll(() => vi.stubEnv('BENCH_BARE', '1'));
  afterAll(() => vi.unstubAllEnvs());

  it.for(Object.keys(BENCHES))(
    'runs %s to its end: figures, and goals beside them',
    { timeout: 180_000 },
    async (name, { skip }) => {
      const said: string[] = [];
      const run = BENCHES[name]!({ quick: true, log: (line) => said.push(line) });
      const { setting, rows, goals } = await run.catch((error: Error) =>
        error.message === NO_POSTGRES ? skip(`${NO_POSTGRES}: ${error.cause}`) : Promise.reject(error),
      );
      expect(rows.length).toBeGreaterThan(0);
      for (const { what, runs } of rows) {
        expect(runs.length, what).toBeGreaterThan(0);
        for (const run of runs) expect(run, what).toBeGreaterThanOrEqual(0);
      }
      for (const { goal, measured } of goals) expect(Number(measured), goal).not.toBeNaN();
      if (name === 'email') {
        expect(setting).toContain("the project's own sink (apt install postfix for smtp-sink)");
        expect(said).toContain('smtp-source is left out: it is not installed (apt install postfix).');
      }
    },
  );
});

it('a bench that there is not is told with those that there are', async () => {
  const run = promisify(execFile)(process.execPath, [join(import.meta.dirname, '../bench/run.ts'), 'speed']);
  await expect(run).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no bench "speed": email, dkim, batches, growth'),
  });
});
