import { expect, it } from 'vitest';
import { windowClosesAt } from './window.ts';

const WROTE = Date.parse('2026-05-01T10:00:00Z');

it('any text may be sent for 24 hours after somebody wrote, less five minutes', () => {
  const closes = windowClosesAt({ last_inbound_at: WROTE, refused_at: null });
  expect(closes && new Date(closes).toISOString()).toBe('2026-05-02T09:55:00.000Z');
});

it('nothing but a template reaches somebody who never wrote', () => {
  expect(windowClosesAt(undefined)).toBe(null);
  expect(windowClosesAt({ last_inbound_at: null, refused_at: null })).toBe(null);
});

it('what the provider said after they wrote counts for more than what is known here', () => {
  expect(windowClosesAt({ last_inbound_at: WROTE, refused_at: WROTE + 1 })).toBe(null);
  expect(windowClosesAt({ last_inbound_at: WROTE, refused_at: WROTE - 1 })).not.toBe(null);
});
