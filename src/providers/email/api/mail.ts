import type { MessageParts } from '../message/mime.ts';
import type { FromAddress } from '../smtp/settings.ts';

export interface Mailbox {
  readonly name: string | null;
  readonly address: string;
}

/** One recipient's message, in whichever form a provider wants it. */
export interface Mail {
  readonly from: Mailbox;
  readonly replyTo: FromAddress | null;
  readonly to: string;
  /** Travels with it, and comes back with what the provider says of it later. */
  readonly attemptId: string;
  /** Batches take none. */
  readonly hasAttachments: boolean;
  parts(): MessageParts;
  /** The whole message with CRLF line ends, ASCII. */
  mime(): string;
}

/** `"Name" <address>`. Always quoted: a comma in a name would make two addresses of it. */
export function mailbox({ name, address }: Mailbox): string {
  return name === null ? address : `"${name.replace(/["\\]/g, '\\$&')}" <${address}>`;
}

/** In a whole message: of some events nothing comes back but its headers. */
export const ATTEMPT_HEADER = 'X-Tidings-Attempt';

/** An attempt id where only letters, digits, `_` and `-` may stand; it has no `_` of its own. */
export function toTag(attemptId: string): string {
  return attemptId.replaceAll('.', '_');
}

export function fromTag(tag: string): string {
  return tag.replaceAll('_', '.');
}
