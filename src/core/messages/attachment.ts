import { createHash } from 'node:crypto';
import { mapLiterals } from './merge-text.ts';
import type { EmailMessage } from './message.ts';

/** A file that every message of a send brings along, as the send keeps it. */
export interface Attachment {
  readonly filename: string;
  /** `type/subtype`. */
  readonly content_type: string;
  /** By which the HTML shows it (`cid:`); null: it is a file beside the message. */
  readonly content_id: string | null;
  /** Octets. */
  readonly size: number;
  /** Of its octets, SHA-256 in base64url: the same file is kept once. */
  readonly hash: string;
}

export interface AttachedFile extends Attachment {
  /** Base64 without line breaks. */
  readonly content: string;
}

/** Octets of all files of a message: what most mailboxes take, less a third for base64. */
export const MOST_ATTACHED = 10 * 1024 * 1024;

export function hashOfFile(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}

/** The same files without what they hold, as JSON; null: there are none. */
export function attachmentsJson(files: readonly AttachedFile[]): string | null {
  return files.length === 0 ? null : JSON.stringify(files.map(({ content: _, ...file }) => file));
}

/** Characters that they are on the way. */
export function lengthOfFiles({ attachments = [] }: Pick<EmailMessage, 'attachments'>): number {
  return attachments.reduce((sum, { content }) => sum + content.length, 0);
}

/** A picture that is written into an attribute; what Gmail shows of those. */
const DATA_IMAGE =
  /(\bsrc\s*=\s*)(["'])data:image\/(png|jpe?g|gif|webp);base64,([A-Za-z0-9+/\s]{1,4000000}={0,2})\s*\2/giu;

/** Pictures written into the HTML become files that it shows: Gmail and Outlook take `data:` away. */
export function withInlineImages(message: EmailMessage): EmailMessage {
  if (message.format !== 'html' || !message.body.source.includes('data:')) return message;
  const found = new Map<string, AttachedFile>();
  const segments = mapLiterals(message.body.segments, (literal) =>
    literal.replaceAll(DATA_IMAGE, (_, src: string, quote: string, kind: string, data: string) => {
      const bytes = Buffer.from(data, 'base64');
      const hash = hashOfFile(bytes);
      const content_id = `${hash.slice(0, 22)}@inline`;
      const type = kind.toLowerCase().replace('jpg', 'jpeg');
      found.set(hash, {
        filename: `image-${found.size + 1}.${type}`,
        content_type: `image/${type}`,
        content_id,
        size: bytes.length,
        hash,
        content: bytes.toString('base64'),
        ...found.get(hash),
      });
      return `${src}${quote}cid:${content_id}${quote}`;
    }),
  );
  if (found.size === 0) return message;
  const attachments = [...(message.attachments ?? []), ...found.values()];
  return { ...message, body: { ...message.body, segments }, attachments };
}
