import { describe, expect, test } from 'vitest';
import { SEND_STATES, SEND_TRANSITIONS, type SendState, wayToRunning } from './send.ts';

const steps = Object.values(SEND_TRANSITIONS) as { from: readonly SendState[]; to: SendState }[];

/** Where one can get from here, by any number of steps. */
function reachable(from: SendState): Set<SendState> {
  const seen = new Set<SendState>([from]);
  for (const state of seen) for (const step of steps) if (step.from.includes(state)) seen.add(step.to);
  return seen;
}

describe('the states of a send', () => {
  test.each(SEND_STATES)('from %s every other one can be reached: none is a dead end', (state) => {
    expect([...reachable(state)].sort()).toEqual([...SEND_STATES].sort());
  });

  test.each(SEND_STATES)('there is one way from %s to running, and it is a step that is drawn', (state) => {
    const event = wayToRunning(state);
    if (event === null) return expect(state).toBe('running');
    expect(SEND_TRANSITIONS[event].from).toContain(state);
    expect(SEND_TRANSITIONS[event].to).toBe('running');
  });

  test('only what is completed, or runs no more by a person’s word, is left by being opened again', () => {
    const leaving = Object.entries(SEND_TRANSITIONS).filter(([, { from }]) =>
      (from as readonly string[]).includes('completed'),
    );
    expect(leaving.map(([event]) => event).sort()).toEqual(['ask', 'reopen', 'reopen_paused', 'reschedule']);
  });
});
