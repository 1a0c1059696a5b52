import * as z from 'zod';
import type { ChannelName } from '../../core/channel.ts';
import { type AttachedFile, hashOfFile, MOST_ATTACHED } from '../../core/messages/attachment.ts';
import { TidingsError } from '../../errors.ts';
import { fetchFile } from './fetch-file.ts';

const MOST_FILES = 20;

/** No path: whoever calls from elsewhere must not read the files of this machine. `--attach` reads its own. */
export const attachmentsArgument = z
  .array(
    z.object({
      url: z.string().max(2_000).optional().describe('Public https:// address, read once for the send'),
      content: z.string().max(14_000_000).optional().describe('The file itself, in base64'),
      filename: z.string().trim().min(1).max(200).optional().describe('Default: the last part of url'),
      content_type: z
        .string()
        .trim()
        .max(100)
        .optional()
        .describe('As application/pdf. Default: by the name'),
      content_id: z
        .string()
        .trim()
        .max(100)
        .optional()
        .describe('Of a picture that the HTML shows: <img src="cid:logo">'),
    }),
  )
  .max(MOST_FILES)
  .describe('Email: files that everybody gets, each by url or content; 10 MB altogether');

export const attachedFile = z.looseObject({
  filename: z.string(),
  content_type: z.string(),
  content_id: z.string().nullable(),
  size: z.int().describe('Octets'),
});

type Given = z.output<typeof attachmentsArgument>;

const TYPES: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  csv: 'text/csv',
  ics: 'text/calendar',
  zip: 'application/zip',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
};

/**
 * The files of a call, each read once.
 * @throws TidingsError `invalid_argument`
 */
export async function readAttachments(
  given: Given | undefined,
  channel: ChannelName,
  signal?: AbortSignal,
): Promise<AttachedFile[]> {
  if (!given || given.length === 0) return [];
  if (channel !== 'email') throw refused('Attachments are for emails only.', 'Leave attachments out.');
  const files: AttachedFile[] = [];
  let left = MOST_ATTACHED;
  for (const one of given) {
    const { url, content, content_id = null } = one;
    if ((url === undefined) === (content === undefined))
      throw refused('An attachment needs either url or content.', 'Give one of them.');
    const { bytes, ...found } = url === undefined ? fromBase64(content!) : await fetchFile(url, left, signal);
    const filename = (one.filename ?? found.filename).trim();
    if (bytes.length === 0) throw refused(`The attachment "${filename}" is empty.`, 'Give what it holds.');
    if (bytes.length > left)
      throw refused(
        'The attachments are more than 10 MB altogether.',
        'Put a link into the message instead.',
      );
    left -= bytes.length;
    checkName(filename);
    if (content_id !== null && !/^[\w.+@-]+$/.test(content_id))
      throw refused(
        `content_id is "${content_id}".`,
        'Write letters, digits and . _ - + @ only, as in "logo".',
      );
    const usual = TYPES[filename.slice(filename.lastIndexOf('.') + 1).toLowerCase()];
    files.push({
      filename,
      content_type: checkType(one.content_type ?? usual ?? found.contentType),
      content_id,
      size: bytes.length,
      hash: hashOfFile(bytes),
      content: bytes.toString('base64'),
    });
  }
  const ids = files.flatMap(({ content_id }) => content_id ?? []);
  if (new Set(ids).size < ids.length)
    throw refused('Two attachments have the same content_id.', 'Give each its own.');
  return files;
}

function fromBase64(content: string): { bytes: Buffer; contentType: null; filename: string } {
  const letters = content.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(letters))
    throw refused('The content of an attachment is not base64.', 'Encode the file, or give its url.');
  return { bytes: Buffer.from(letters, 'base64'), contentType: null, filename: '' };
}

function checkName(name: string): void {
  if (name === '') throw refused('An attachment has no name.', 'Give filename, as in "programme.pdf".');
  if (name.length > 200 || /[\p{Cc}\p{Zl}\p{Zp}/\\]/u.test(name))
    throw refused(
      `"${name.slice(0, 60)}" cannot be the name of an attachment.`,
      'Write a plain name, without / or \\.',
    );
}

/** What stands for parts of a message is none of a file (RFC 2046). */
function checkType(type: string | null): string {
  if (type === null || /^(?:multipart|message)\//i.test(type)) return 'application/octet-stream';
  if (/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type)) return type.toLowerCase();
  throw refused(`content_type is "${type.slice(0, 60)}".`, 'Write it as application/pdf, or leave it out.');
}

function refused(message: string, fix: string): TidingsError {
  return new TidingsError('invalid_argument', message, { fix: `${fix} Nothing was sent.` });
}
