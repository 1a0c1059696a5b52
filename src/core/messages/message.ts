import type { ChannelName } from '../channel.ts';
import type { MergeText } from './merge-text.ts';

/** What a send says, parsed but not yet rendered for anyone. */
export type Message = EmailMessage | TextMessage;

export interface EmailMessage {
  readonly channel: 'email';
  readonly format: 'text' | 'html';
  readonly subject: MergeText;
  readonly body: MergeText;
  /** Plain text of an HTML body, where it was made beforehand; else the sender makes it while it prepares. */
  readonly textPart?: MergeText;
  /** Display name asked for by the caller; null means the configured one. */
  readonly fromName: string | null;
}

export interface TextMessage {
  readonly channel: 'whatsapp';
  readonly body: MergeText;
}

/** @throws Error when a sender is given a message of another channel: whoever chose the sender is wrong. */
export function messageFor<Name extends ChannelName>(
  channel: Name,
  message: Message,
): Extract<Message, { channel: Name }> {
  if (message.channel === channel) return message as Extract<Message, { channel: Name }>;
  throw new Error(`a sender of ${channel} was given a message for ${message.channel}`);
}

/** Every text of it that merge fields can stand in. */
export function mergeTextsOf(message: Message): readonly MergeText[] {
  return message.channel === 'email' ? [message.body, message.subject] : [message.body];
}
