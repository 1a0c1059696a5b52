import type { AttachedFile } from '../../../core/messages/attachment.ts';
import { TidingsError } from '../../../errors.ts';

/** What a provider takes of files less than others do. */
export interface FileLimits {
  /** Octets altogether, before base64. */
  readonly mostBytes?: number;
  /** Names beyond ASCII arrive garbled. */
  readonly asciiNames?: true;
  /** It shows no picture of the message itself in the HTML. */
  readonly noInline?: true;
}

/** @throws TidingsError `invalid_argument` at the start of a send, for what would be refused for each of its messages */
export function refuseFiles(
  { name, files = {} }: { readonly name: string; readonly files?: FileLimits },
  attached: readonly AttachedFile[],
): void {
  const { mostBytes = Number.POSITIVE_INFINITY, asciiNames, noInline } = files;
  const refuse = (what: string, fix: string) => {
    throw new TidingsError('invalid_argument', `${name} ${what}.`, { fix: `${fix} Nothing was sent.` });
  };
  if (noInline && attached.some(({ content_id }) => content_id !== null))
    refuse(
      'shows no pictures that come with the message (content_id)',
      'Put them on the web and write <img src="https://…">.',
    );
  const size = attached.reduce((sum, one) => sum + one.size, 0);
  if (size > mostBytes)
    refuse(
      `takes attachments of up to ${Math.floor(mostBytes / 1_000_000)} MB, and these have ${(size / 1_000_000).toFixed(1)} MB`,
      'Put a link into the message instead.',
    );
  const odd = asciiNames && attached.find(({ filename }) => /[^\x20-\x7e]/.test(filename));
  if (odd)
    refuse(`takes names of files in ASCII only, and "${odd.filename}" is not`, 'Give another filename.');
}
