import type { ProviderEvent } from '../../src/core/events/event.ts';

/** Something that a provider said, with what a test is about. */
export function providerEvent(given: Partial<ProviderEvent> & Pick<ProviderEvent, 'key'>): ProviderEvent {
  return {
    provider: 'fake',
    type: 'delivered',
    sender: 'fake:whatsapp',
    attemptId: null,
    contact: null,
    userId: null,
    occurredAt: Date.parse('2026-05-01T10:00:00Z'),
    code: null,
    detail: null,
    ...given,
  };
}
