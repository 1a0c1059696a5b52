import type { AttachedFile } from '../../../core/messages/attachment.ts';

/** As those of the alternative: no body holds `=_`. */
const MIXED = '=_tidings_mixed';
const RELATED = '=_tidings_related';

/** What stands before and behind the texts of a message, the same for everybody. */
export interface Wrapping {
  readonly before: string;
  readonly behind: string;
}

/**
 * The files of a send, encoded once: `multipart/mixed` around `multipart/related` around the texts (RFC 2046, RFC 2387).
 * @param isHtml pictures that HTML shows stand beside it; without HTML they are files as any other
 */
export function wrapWithFiles(files: readonly AttachedFile[], isHtml: boolean): Wrapping {
  const isShown = (file: AttachedFile) => isHtml && file.content_id !== null;
  const inner = around(
    RELATED,
    `multipart/related; type="multipart/alternative"`,
    files.filter(isShown),
    true,
  );
  const others = files.filter((file) => !isShown(file));
  const outer = around(MIXED, 'multipart/mixed', others, false);
  return { before: outer.before + inner.before, behind: inner.behind + outer.behind };
}

function around(boundary: string, type: string, files: readonly AttachedFile[], isShown: boolean): Wrapping {
  if (files.length === 0) return { before: '', behind: '' };
  const parts = files.map((file) => `\r\n--${boundary}\r\n${partOf(file, isShown)}`);
  return {
    before: `Content-Type: ${type}; boundary="${boundary}"\r\n\r\n--${boundary}\r\n`,
    behind: `${parts.join('')}\r\n--${boundary}--\r\n`,
  };
}

function partOf({ filename, content_type, content_id, content }: AttachedFile, isShown: boolean): string {
  const id = content_id === null ? '' : `Content-ID: <${content_id}>\r\n`;
  return (
    `Content-Type: ${content_type}\r\nContent-Transfer-Encoding: base64\r\n${id}` +
    `Content-Disposition: ${isShown ? 'inline' : 'attachment'}${nameParameter(filename)}\r\n\r\n${inLines(content)}`
  );
}

const PLAIN_NAME = /^[\w .()+,@-]{1,60}$/;
const LONGEST_PIECE = 60;

/** The name, where it is not plain in the pieces of RFC 2231, each of whole characters. */
export function nameParameter(name: string): string {
  if (PLAIN_NAME.test(name)) return `;\r\n filename="${name}"`;
  const pieces = ["UTF-8''"];
  for (const character of name.toWellFormed()) {
    const encoded = encodeURIComponent(character).replace(
      /['()*!~]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    if (pieces.at(-1)!.length + encoded.length > LONGEST_PIECE) pieces.push('');
    pieces[pieces.length - 1] += encoded;
  }
  if (pieces.length === 1) return `;\r\n filename*=${pieces[0]}`;
  return pieces.map((piece, at) => `;\r\n filename*${at}*=${piece}`).join('');
}

function inLines(base64: string): string {
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += 76) lines.push(base64.slice(at, at + 76));
  return lines.join('\r\n');
}
