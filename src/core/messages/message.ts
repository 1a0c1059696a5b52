import type { ChannelName } from '../channel.ts';
import type { AttachedFile } from './attachment.ts';
import type { MergeText } from './merge-text.ts';
import type { TemplateMessage } from './template-message.ts';

/** What a send says, parsed but not yet rendered for anyone. */
export type Message = EmailMessage | TextMessage;

export interface EmailMessage {
  readonly channel: 'email';
  readonly format: 'text' | 'html';
  readonly subject: MergeText;
  readonly body: MergeText;
  /** Words that a mailbox shows behind the subject, of HTML. */
  readonly preheader?: MergeText;
  /** Plain text of an HTML body, where it was made beforehand; else the sender makes it while it prepares. */
  readonly textPart?: MergeText;
  /** Its links lead through this server, which counts who follows them. */
  readonly tracksClicks?: boolean;
  /** Files that everybody gets. */
  readonly attachments?: readonly AttachedFile[];
  /** Display name asked for by the caller; null means the configured one. */
  readonly fromName: string | null;
}

export interface TextMessage {
  readonly channel: 'whatsapp';
  readonly body: MergeText;
  /** How it reaches whom no text may reach; without it, everybody gets the text. */
  readonly template?: TemplateMessage;
}

/** @throws Error when a sender is given a message of another channel: whoever chose the sender is wrong. */
export function messageFor<Name extends ChannelName>(
  channel: Name,
  message: Message,
): Extract<Message, { channel: Name }> {
  if (message.channel === channel) return message as Extract<Message, { channel: Name }>;
  throw new Error(`a sender of ${channel} was given a message for ${message.channel}`);
}

/** The message with the files that its send keeps. */
export function withAttachments<Given extends Message>(
  message: Given,
  files: readonly AttachedFile[],
): Given {
  return message.channel === 'email' && files.length > 0 ? { ...message, attachments: files } : message;
}

/** Every text of it that merge fields can stand in, but for the values of a template. */
export function mergeTextsOf(message: Message): readonly MergeText[] {
  if (message.channel !== 'email') return [message.body];
  const { body, subject, preheader } = message;
  return preheader ? [body, subject, preheader] : [body, subject];
}
