import { expect, it } from 'vitest';
import { tortureWorkers } from '../torture/workers.ts';

it('torture of workers, their database and the lines between: nobody is messaged twice, nobody is lost', async ({
  signal,
}) => {
  // One of each sort; the long run has them all: npm run torture -- --database postgres --workers 4 --kills 200
  const faults = [
    'kill',
    'roll',
    'claim:after',
    'settle:before',
    'smtp:answered',
    'line: cut all',
    'database: crash',
  ];
  const result = await tortureWorkers({
    kills: 5,
    leads: 400,
    seed: 3,
    workers: 3,
    faults,
    databaseUrl: null,
    tells: true,
    signal,
  });
  // What WhatsApp told of is not unknown, whoever died with it.
  expect(result.unknownArrivedByWhatsApp).toBe(0);
  expect(result).toMatchObject({ duplicates: [], lost: [], wrong: [], missed: [], complaints: [] });
  expect(Object.keys(result.faults).sort()).toEqual([...faults].sort());
  expect(result.kills).toBeGreaterThanOrEqual(5);
  expect(result.unknown).toBeLessThanOrEqual(result.unknownBound);
  expect(result.accepted + result.unknown).toBeGreaterThanOrEqual(result.deliveries);
}, 180_000);
