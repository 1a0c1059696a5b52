import { describe, expect, test } from 'vitest';
import {
  assertStep,
  DELIVERY_TRANSITIONS,
  type DeliveryEvent,
  type DeliveryState,
  stepSql,
} from './delivery.ts';

const events = Object.keys(DELIVERY_TRANSITIONS) as DeliveryEvent[];
const steps = Object.values(DELIVERY_TRANSITIONS) as { from: DeliveryState; to: readonly DeliveryState[] }[];

describe('the states of a delivery', () => {
  test('nothing leads to `sending` but the claim: no row is in flight that was not claimed', () => {
    expect(
      events.filter((event) => (DELIVERY_TRANSITIONS[event].to as readonly string[]).includes('sending')),
    ).toEqual(['claim']);
  });

  test('nothing leads away from `sent`: who has the message is never sent to again', () => {
    expect(steps.filter(({ from }) => from === 'sent')).toEqual([]);
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
