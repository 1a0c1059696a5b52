import { createHash } from 'node:crypto';

/** What two sends have in common when they say the same: case and white space do not make another text. */
export function contentHash(content: { readonly message: string; readonly subject: string | null }): string {
  const plain = (text: string) => text.normalize('NFC').toLowerCase().replace(/\s+/gu, ' ').trim();
  return createHash('sha256')
    .update(JSON.stringify([plain(content.subject ?? ''), plain(content.message)]))
    .digest('base64url');
}
