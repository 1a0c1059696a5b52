import { describe, expect, it } from 'vitest';
import { Outage } from './outage.ts';
import { Pacer } from './pacer.ts';

const STEP_MS = 5;
const LATENCY_MS = 60;

/** A provider with a true limit (a bucket of one second), driven by a pacer in virtual time. */
function simulate(options: { configured: number | null; real: number; seconds: number; window?: number }) {
  const pacer = new Pacer(options.configured, 0);
  const window = options.window ?? 256;
  let bucket = options.real;
  const answers: { at: number; startedAt: number; ok: boolean }[] = [];
  const perSecond: { accepted: number; throttled: number }[] = [];
  let inFlight = 0;
  for (let now = 0; now < options.seconds * 1000; now += STEP_MS) {
    bucket = Math.min(options.real, bucket + (options.real * STEP_MS) / 1000);
    const second = Math.floor(now / 1000);
    perSecond[second] ??= { accepted: 0, throttled: 0 };
    while (answers[0] && answers[0].at <= now) {
      const { ok, startedAt } = answers.shift()!;
      inFlight -= 1;
      if (ok) {
        pacer.accepted(now);
        perSecond[second].accepted += 1;
      } else {
        pacer.throttled(now, startedAt);
        perSecond[second].throttled += 1;
      }
    }
    const count = Math.min(pacer.available(now), window - inFlight);
    pacer.take(count, now);
    inFlight += count;
    for (let at = 0; at < count; at++) {
      const ok = bucket >= 1;
      if (ok) bucket -= 1;
      answers.push({ at: now + LATENCY_MS, startedAt: now, ok });
    }
  }
  const over = (from: number) => {
    const part = perSecond.slice(from);
    const accepted = part.reduce((sum, one) => sum + one.accepted, 0);
    const throttled = part.reduce((sum, one) => sum + one.throttled, 0);
    return { share: accepted / part.length / options.real, throttled: throttled / (accepted + throttled) };
  };
  return { over, perSecond };
}

describe('pacing', () => {
  it.each([80, 1_000])('holds a configured limit of %d a second that is the true one', (limit) => {
    const { share, throttled } = simulate({ configured: limit, real: limit, seconds: 120 }).over(2);
    expect(share).toBeGreaterThan(0.98);
    expect(share).toBeLessThanOrEqual(1.001);
    expect(throttled).toBeLessThan(0.001);
  });

  it.each([80, 300, 1_000])(
    'finds a limit of %d a second that nobody told it, and settles just under it',
    (real) => {
      const { over } = simulate({ configured: null, real, seconds: 600 });
      expect(over(10).share).toBeGreaterThan(0.9);
      const settled = over(120);
      expect(settled.share).toBeGreaterThan(0.98);
      expect(settled.throttled).toBeLessThan(0.001);
    },
  );

  it('gives way when the true limit is lower than the configured one', () => {
    const settled = simulate({ configured: 1_000, real: 80, seconds: 600 }).over(120);
    expect(settled.share).toBeGreaterThan(0.98);
    expect(settled.throttled).toBeLessThan(0.001);
  });

  it('never passes the limit that was configured, however fast the answers come', () => {
    const { perSecond } = simulate({ configured: 50, real: 100_000, seconds: 60 });
    for (const { accepted } of perSecond) expect(accepted).toBeLessThanOrEqual(61);
    expect(perSecond.slice(1).reduce((sum, one) => sum + one.accepted, 0)).toBeLessThanOrEqual(50 * 59 + 10);
  });

  it('in a process that gets its turn late hardly anything of the limit is lost, and no second has more', () => {
    const limit = 80;
    const pacer = new Pacer(limit, 0);
    const left: { at: number; count: number }[] = [];
    // Turns that come 20 to 420 ms apart, without a pattern.
    for (let now = 0, turn = 0; now < 60_000; turn++, now += 20 + ((turn * 7_919) % 401)) {
      const count = pacer.available(now);
      pacer.take(count, now);
      pacer.accepted(now);
      left.push({ at: now, count });
    }
    const within = (from: number, to: number) =>
      left.filter(({ at }) => at >= from && at < to).reduce((sum, { count }) => sum + count, 0);
    expect(within(1_000, 60_000)).toBeGreaterThan(0.9 * limit * 59);
    for (const { at } of left) expect(within(at, at + 1_000)).toBeLessThanOrEqual(1.06 * limit);
  });

  it.each([0, -3_600_000, 3_600_000])(
    'shared by a clock that is set by %d ms in between, it goes on at its rate',
    (set) => {
      const slices = { ms: 100, aheadMs: 1_000 };
      let saved = '';
      let turns = 0;
      const leaseFor = (fromMs: number, seconds: number) => {
        turns = 0;
        for (let now = fromMs; now < fromMs + seconds * 1_000; now += 20) {
          const pacer = Pacer.restore(saved, 100, now);
          turns += pacer.lease(50, now, slices).count;
          saved = pacer.save(now);
        }
        return turns;
      };
      leaseFor(10_000_000, 10);
      const after = leaseFor(10_010_000 + set, 10);
      expect(after).toBeGreaterThan(970);
      expect(after).toBeLessThanOrEqual(1_110);
    },
  );

  it('begins gently after a rest', () => {
    const pacer = new Pacer(100, 0);
    expect(pacer.available(60_000)).toBeLessThanOrEqual(6);
  });

  it('waits as long as the provider asks', () => {
    const pacer = new Pacer(100, 0);
    pacer.throttled(1_000, 990, 7_000);
    expect(pacer.available(7_900)).toBe(0);
    expect(pacer.waitMs(1_000)).toBe(7_000);
    expect(pacer.available(10_000)).toBe(1);
  });

  it('tries a relay that is down with one message at a time, less and less often', () => {
    const outage = new Outage();
    let now = 0;
    const waits: number[] = [];
    for (let at = 0; at < 8; at++) {
      outage.unreachable(now, 1);
      waits.push(outage.waitMs(now));
      now += outage.waitMs(now);
      expect(outage.available(now)).toBe(1);
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(outage.downMs(now)).toBe(now);
    outage.reached();
    expect(outage.available(now)).toBeGreaterThan(1_000);
  });
});

it.each([0, 5, 30])(
  'slices leased one after the other come to the whole rate, asked for %i ms late',
  (lateMs) => {
    const rate = 200;
    const pacer = new Pacer(rate, 0);
    const slices = { ms: 100, aheadMs: 1_000 };
    let [now, count] = [0, 0];
    while (now < 30_000) {
      const slice = pacer.lease(1_000, now, slices);
      count += slice.count;
      now = Math.max(now, slice.fromMs + (slice.count / slice.rate) * 1_000) + lateMs;
    }
    const used = (count * 1_000) / now / rate;
    expect(used).toBeGreaterThan(0.99);
    expect(used).toBeLessThan(1.01);
  },
);
