import type { EventDetail, ProviderEvent } from '../../../core/events/event.ts';
import type { BounceKind } from './judge-bounce.ts';

export type Meaning = Pick<ProviderEvent, 'type' | 'code'> & { readonly detail?: EventDetail };

/** What each kind of mail, or of event, says of its delivery. Only what is said once and holds keeps anybody from being written to. */
export const MEANINGS: Readonly<Record<BounceKind, Meaning>> = {
  hard: {
    type: 'bounced',
    code: 'bounce_hard',
    detail: { because: 'It came back: there is nobody at this address.', suppress: 'bounced' },
  },
  soft: {
    type: 'bounced',
    code: 'bounce_soft',
    detail: { because: 'It came back: the mailbox or its server took nothing for the time being.' },
  },
  message: {
    type: 'bounced',
    code: 'bounce_message',
    detail: {
      because: 'It came back: the receiving server refused what it says, or how long it is.',
      pauses: 'send_if_repeated',
    },
  },
  sender: {
    type: 'bounced',
    code: 'bounce_sender',
    detail: {
      because: 'It came back: the receiving server refused who it came from.',
      pauses: 'sender_if_repeated',
    },
  },
  complaint: { type: 'complained', code: null },
  delayed: { type: 'delayed', code: null },
  autoreply: { type: 'unknown', code: 'autoreply' },
  none: { type: 'unknown', code: 'mail' },
};
