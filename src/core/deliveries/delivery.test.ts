import { describe, expect, test } from 'vitest';
import { assertStep, DELIVERY_TRANSITIONS, type DeliveryEvent, stepSql } from './delivery.ts';

const events = Object.keys(DELIVERY_TRANSITIONS) as DeliveryEvent[];

describe('the states of a delivery', () => {
  test('nothing leads to `sending` but the claim: no row is in flight that was not claimed', () => {
    expect(
      events.filter((event) => (DELIVERY_TRANSITIONS[event].to as readonly string[]).includes('sending')),
    ).toEqual(['claim']);
  });

  test('nothing leads away from `sent` but a bounce, and that not back to pending: who has the message is never sent to again', () => {
    expect(events.filter((event) => DELIVERY_TRANSITIONS[event].from === 'sent')).toEqual(['bounce']);
    expect(DELIVERY_TRANSITIONS.bounce.to).toEqual(['failed']);
  });

  test('what is in flight is settled, given back because it never left, or doubted: it is never claimed again', () => {
    expect(events.filter((event) => DELIVERY_TRANSITIONS[event].from === 'sending')).toEqual([
      'settle',
      'give_back',
      'doubt',
    ]);
  });

  test('an unknown outcome goes back to pending only where somebody asked for just that, or by its own late answer', () => {
    const away = events.filter((event) => stepSql(event).where.includes("= 'outcome_unknown'"));
    expect(away).toEqual(['prove', 'requeue_unknown']);
    expect(stepSql('requeue_failed').where).toBe("status = 'failed' AND error_code <> 'outcome_unknown'");
  });

  test('an impossible step throws', () => {
    expect(() => assertStep('arrive', 'pending')).toThrow('no step "arrive" makes a delivery pending');
    expect(() => assertStep('settle', 'sending')).toThrow('no step "settle" makes a delivery sending');
  });
});
