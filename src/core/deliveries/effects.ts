import type { SuppressionReason } from '../suppressions/suppression.ts';
import type { Outcome } from './sender.ts';

/**
 * What an outcome does, to its row and beyond it. How long a retry waits is `resolveOutcome`'s; what adds up over many
 * outcomes (everybody refused, a relay away for an hour) is the sender loop's.
 */
export interface Effects {
  /** `retried` uses up one of the lead's tries, `pending` does not; `unknown` is failed, and never sent again by itself. */
  readonly row: 'sent' | 'retried' | 'pending' | 'failed' | 'unknown' | 'skipped';
  /** The sender as a whole: its pace goes down, or it rests until the relay is back. */
  readonly sender: 'goes_on' | 'slows_down' | 'rests';
  /** Where the recipient lives, of an address its domain. */
  readonly domain: 'open' | 'rests';
  /** `paused_if_repeated`: when many in a row are refused with the same code. */
  readonly send: 'goes_on' | 'paused' | 'paused_if_repeated' | 'all_of_sender_paused';
  /**
   * The contact. `opted_out` is that person's own word and holds at once; what a sender says of a contact holds once
   * somebody else of the send was accepted, for one that refuses everybody says nothing about anybody.
   */
  readonly suppresses: SuppressionReason | null;
}

const NOTHING_ELSE = { sender: 'goes_on', domain: 'open', send: 'goes_on', suppresses: null } as const;

/** By type, and by scope where it has one. */
const EFFECTS = {
  accepted: { ...NOTHING_ELSE, row: 'sent' },
  transient_recipient: { ...NOTHING_ELSE, row: 'retried' },
  transient_sender: { ...NOTHING_ELSE, row: 'pending', sender: 'rests' },
  throttled_recipient: { ...NOTHING_ELSE, row: 'retried' },
  throttled_domain: { ...NOTHING_ELSE, row: 'pending', domain: 'rests' },
  throttled_sender: { ...NOTHING_ELSE, row: 'pending', sender: 'slows_down' },
  permanent: { ...NOTHING_ELSE, row: 'failed' },
  skipped: { ...NOTHING_ELSE, row: 'skipped' },
  stop_send: { ...NOTHING_ELSE, row: 'pending', send: 'paused' },
  account: { ...NOTHING_ELSE, row: 'pending', send: 'all_of_sender_paused' },
  window_closed: { ...NOTHING_ELSE, row: 'pending' },
  template_off: { ...NOTHING_ELSE, row: 'pending' },
  uncertain: { ...NOTHING_ELSE, row: 'unknown' },
} as const satisfies Readonly<Record<string, Effects>>;

/** The parts of an outcome that decide. */
export type Deciding =
  | { readonly type: 'transient'; readonly scope: 'recipient' | 'sender' }
  | { readonly type: 'throttled'; readonly scope: 'sender' | 'domain' | 'recipient' }
  | { readonly type: 'permanent'; readonly suppress?: SuppressionReason; readonly breaker?: boolean }
  | { readonly type: Exclude<Outcome['type'], 'transient' | 'throttled' | 'permanent'> };

/** Pure, and made once: nothing is allocated for a message that is accepted. */
export function effectsOf(outcome: Deciding): Effects {
  switch (outcome.type) {
    case 'transient':
    case 'throttled':
      return EFFECTS[`${outcome.type}_${outcome.scope}` as keyof typeof EFFECTS];
    case 'permanent':
      return {
        ...EFFECTS.permanent,
        suppresses: outcome.suppress ?? null,
        send: outcome.breaker ? 'paused_if_repeated' : 'goes_on',
      };
    default:
      return EFFECTS[outcome.type];
  }
}
