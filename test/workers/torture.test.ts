import { expect, it } from 'vitest';
import { tortureWorkers } from '../torture/workers.ts';

it('torture of workers, their database and the lines between: nobody is messaged twice, nobody is lost', async () => {
  const result = await tortureWorkers({ kills: 5, leads: 400, seed: 3, workers: 3, databaseUrl: null });
  expect(result).toMatchObject({ duplicates: [], lost: [], wrong: [], complaints: [] });
  expect(result.kills).toBeGreaterThanOrEqual(5);
  expect(result.unknown).toBeLessThanOrEqual(result.unknownBound);
  expect(result.accepted + result.unknown).toBeGreaterThanOrEqual(result.deliveries);
}, 180_000);
