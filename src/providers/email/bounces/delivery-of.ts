import { returnedHeader } from './addresses.ts';
import { findBounceToken } from './bounce-address.ts';
import type { BounceMail } from './read-mail.ts';

/** As `claim` makes it: 32 digits of the send, and the position to the base of 36. */
const MESSAGE_ID = /<([0-9a-f]{32}\.[0-9a-z]{1,7})@/i;
/** Where the address stands that a mail came to. */
export const TO_HEADERS = ['delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to', 'to', 'received'];

/**
 * Which delivery of ours a mail is about: by the address that it came to, by that address anywhere in what is reported or
 * comes back, by the id of our message. Only the first can be proven, and by its key alone.
 */
export function deliveryOf(mail: BounceMail): string | null {
  const came = TO_HEADERS.flatMap((name) => mail.header(name)).join('\n');
  const quoted = [...mail.reports, ...mail.feedback, mail.returned, mail.notice].join('\n');
  const token = findBounceToken(came) ?? findBounceToken(quoted);
  if (token !== null) return token.deliveryId;
  const ids = [
    returnedHeader(mail.returned, 'message-id'),
    ...mail.header('in-reply-to'),
    ...mail.header('references'),
    quoted,
  ];
  return ids.map((id) => MESSAGE_ID.exec(id)?.[1]?.toLowerCase()).find((id) => id !== undefined) ?? null;
}
