import type { SuppressionReason } from '../suppressions/suppression.ts';

/**
 * What a provider says of a message after it took it, or of a contact or an account, in one language for all providers:
 *
 *   accepted    it has the message; proof where the answer to the call was lost
 *   delivered   it reached the device or the mailbox
 *   read        it was opened
 *   failed      it did not arrive after all; `code` says why
 *   bounced     the same, told by the mail server of the recipient
 *   delayed     it is still being tried
 *   complained  the recipient reported it as spam
 *   clicked     the recipient followed a link in it
 *   replied     a contact wrote
 *   unsubscribed, opted_out, opted_in   a contact wants no more messages, or wants them again
 *   template_changed, account_changed   something of the account at the provider is not as it was
 *   unknown     this version does not know it; it is kept as it came
 */
export const EVENT_TYPES = [
  'accepted',
  'delivered',
  'read',
  'failed',
  'bounced',
  'delayed',
  'complained',
  'clicked',
  'replied',
  'unsubscribed',
  'opted_out',
  'opted_in',
  'template_changed',
  'account_changed',
  'unknown',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** One thing that a provider said. */
export interface ProviderEvent {
  /** As `SenderAbout.provider` has it. */
  readonly provider: string;
  /** The same each time the provider says this, another one for anything else: at most 100 characters, and no contact in it. */
  readonly key: string;
  readonly type: EventType;
  /** Id of the sender that it is about; null: none was named. */
  readonly sender: string | null;
  /** The attempt id that travelled with the message, as it came back; null: none did. */
  readonly attemptId: string | null;
  /** Who did something, normalised, or their id at the provider; null: it is about a delivery only. */
  readonly contact: string | null;
  /** The id at the provider of whoever it is about, where contacts have one beside their number; null: none was told. */
  readonly userId: string | null;
  /** By the clock of the provider, milliseconds since 1970. */
  readonly occurredAt: number;
  /**
   * Of an error as `Outcome` has it; of `opted_out` and `opted_in` what for, `all` or `marketing`; of others a word that
   * says more. Null: there is none.
   */
  readonly code: string | null;
  /** What else it says; null: nothing. Words in it are a stranger's. */
  readonly detail: EventDetail | null;
}

export interface EventDetail {
  /** The provider's id of our message. */
  readonly messageId?: string;
  /** The provider's id of our message that a contact answered. */
  readonly repliesTo?: string;
  /** What a contact wrote. */
  readonly text?: string;
  /** What was wrong, in the provider's words. */
  readonly said?: string;
  /** What was wrong and what can be done, in a sentence of ours. */
  readonly because?: string;
  /** What else follows from it; a failure says it of its code. */
  readonly pauses?: 'send' | 'sender' | 'send_if_repeated' | 'sender_if_repeated';
  /** Keeps whoever it went to from being messaged again over its channel. */
  readonly suppress?: SuppressionReason;
  /** For a while from here on, any text may be sent to the contact; `closes`: the provider says that it may not. */
  readonly window?: 'opens' | 'closes';
  /** From here on the provider holds marketing back for the contact: none goes to them for a day. */
  readonly heldBack?: true;
  /** Of an `opted_in` that means it only as an answer to what came a moment ago. */
  readonly takesBack?: true;
  /**
   * Of an `opted_out` that the provider does not answer itself: the language of the word, as in `en`, in which they are told
   * that they were heard; empty: people of many languages use it.
   */
  readonly farewell?: string;
  /** A contact that has another number or id now: what it was known by before. */
  readonly formerly?: string;
  /** Of an event that is about no message: what the provider sent. */
  readonly raw?: unknown;
}
