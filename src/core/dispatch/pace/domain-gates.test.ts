import { describe, expect, it } from 'vitest';
import { GIVEN_UP } from '../../deliveries/delivery.ts';
import { DomainGates } from './domain-gates.ts';

describe('a domain that says "too fast"', () => {
  it('is closed to its own recipients only, and longer each time', () => {
    const gates = new DomainGates();
    const waits: number[] = [];
    let now = 0;
    for (let at = 0; at < 8; at++) {
      const until = gates.close('a@busy.example', now);
      expect(gates.closedUntil('b@busy.example', now)).toBe(until);
      expect(gates.closedUntil('a@calm.example', now)).toBe(null);
      waits.push(until - now);
      now = until;
      expect(gates.closedUntil('b@busy.example', now)).toBe(null);
    }
    waits.forEach((wait, at) => {
      const whole = Math.min(10_000 * 2 ** at, 900_000);
      expect(wait).toBeGreaterThanOrEqual(whole / 2);
      expect(wait).toBeLessThanOrEqual(whole);
    });
  });

  it('objects once, however many were on their way together', () => {
    const gates = new DomainGates();
    const until = gates.close('a@busy.example', 0);
    for (const name of ['b', 'c', 'd']) expect(gates.close(`${name}@busy.example`, 10)).toBe(until);
    expect(gates.close('a@busy.example', until) - until).toBeLessThanOrEqual(20_000);
  });

  it('and to nothing else is given up at the ninth time, asked again after that wait, and open once it takes one', () => {
    const gates = new DomainGates();
    for (let at = 1; at <= 8; at++) expect(gates.close('a@busy.example', at * 1e6)).not.toBe(GIVEN_UP);
    expect(gates.close('a@busy.example', 9e6)).toBe(GIVEN_UP);
    expect(gates.closedUntil('b@busy.example', 9e6)).toBe(GIVEN_UP);
    expect(gates.closedUntil('b@busy.example', 9e6 + 900_001)).toBe(null);
    gates.open('a@busy.example');
    expect(gates.close('a@busy.example', 11e6)).toBeLessThanOrEqual(11e6 + 10_000);
  });
});

describe('a domain that refuses', () => {
  const refuse = (gates: DomainGates, times: number, code = 'smtp_550_5.7.1') => {
    for (let at = 0; at < times; at++) gates.refused(`l${at}@strict.example`, code, 0);
  };

  it('twenty times in a row for the same reason is left alone for a while, and no other one is', () => {
    const gates = new DomainGates();
    refuse(gates, 19);
    expect(gates.closedUntil('a@strict.example', 0)).toBe(null);
    refuse(gates, 1);
    expect(gates.closedUntil('a@strict.example', 0)).toBe(GIVEN_UP);
    expect(gates.closedUntil('a@calm.example', 0)).toBe(null);
    expect(gates.closedUntil('a@strict.example', 900_001)).toBe(null);
  });

  it('now and then, or for changing reasons, is not', () => {
    const gates = new DomainGates();
    refuse(gates, 19);
    gates.open('someone@strict.example');
    refuse(gates, 19);
    refuse(gates, 19, 'smtp_554');
    expect(gates.closedUntil('a@strict.example', 0)).toBe(null);
  });
});
