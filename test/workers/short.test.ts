import { expect, it } from 'vitest';
import { tortureWorkers } from '../torture/workers.ts';

it('two workers, killed and replaced, message nobody twice and lose nobody: the torture, in short', async ({
  signal,
}) => {
  const faults = ['kill', 'settle:before'];
  const databaseUrl = process.env['TIDINGS_TEST_SERVER']!;
  const result = await tortureWorkers({
    kills: 2,
    leads: 200,
    seed: 4,
    workers: 2,
    faults,
    databaseUrl,
    signal,
  });
  expect(result).toMatchObject({ duplicates: [], lost: [], wrong: [], missed: [], complaints: [] });
  expect(Object.keys(result.faults).sort()).toEqual([...faults].sort());
  expect(result.unknown).toBeLessThanOrEqual(result.unknownBound);
  expect(result.accepted + result.unknown).toBeGreaterThanOrEqual(result.deliveries);
}, 240_000);
