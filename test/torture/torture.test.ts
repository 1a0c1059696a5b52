import { describe, expect, it } from 'vitest';
import { FAULTS, torture, WINDOW } from './torture.ts';

describe('torture', () => {
  it('kills the server at every fault point: nobody is messaged twice, nobody is lost', async ({
    signal,
  }) => {
    const result = await torture({ kills: FAULTS.length, leads: 300, seed: 1, signal });
    expect(result).toMatchObject({ duplicates: [], lost: [], wrong: [], missed: [], complaints: [] });
    expect(Object.keys(result.faults).sort()).toEqual([...FAULTS].sort());
    expect(result.mostInDoubt).toBeLessThanOrEqual(WINDOW);
    expect(result.accepted + result.unknown - result.unknownArrived).toBe(result.deliveries);
  }, 240_000);

  it('leaves nobody unknown of whom the provider told, though it tells late, twice and out of order', async ({
    signal,
  }) => {
    const result = await torture({ kills: 6, leads: 200, seed: 7, tells: true, signal });
    expect(result).toMatchObject({ duplicates: [], lost: [], wrong: [], missed: [], complaints: [] });
    expect(result.unknownArrivedByWhatsApp).toBe(0);
  }, 240_000);
});
