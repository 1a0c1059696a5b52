import { createHash } from 'node:crypto';
import { withoutTracking } from '../messages/tracking.ts';

/** What two sends have in common when they say the same: case and white space do not make another text. */
export function contentHash(content: {
  readonly message: string;
  readonly subject: string | null;
  readonly attachments?: string | null;
}): string {
  const plain = (text: string) => text.normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim();
  return createHash('sha256')
    .update(
      JSON.stringify([
        plain(content.subject ?? ''),
        plain(withoutTracking(content.message)),
        ...(content.attachments ? [content.attachments] : []),
      ]),
    )
    .digest('base64url');
}

/** Of exactly what a message is: a sign more is another one. */
export function exactHash(content: {
  readonly message: string;
  readonly subject: string | null;
  readonly from_name: string | null;
  readonly placeholder_policy: string;
  readonly template: string | null;
  readonly attachments: string | null;
}): string {
  const { message, subject, from_name, placeholder_policy, template, attachments } = content;
  return createHash('sha256')
    .update(JSON.stringify([message, subject, from_name, placeholder_policy, template, attachments]))
    .digest('base64url');
}
