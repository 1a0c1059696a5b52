import type { WholeEmail } from './footer.ts';

/** Gmail and Outlook refuse a message with one of these. */
const REFUSED =
  /\.(?:exe|bat|cmd|com|cpl|dll|hta|img|iso|jar|js|jse|lnk|msi|msp|ps1|reg|scr|vb|vbe|vbs|vhd|wsf|wsh|xll|apk|dmg)$/i;
const SHOWN = /\bcid:([\w.+@-]+)/g;

/** What is wrong with the files of a message: sentences. */
export function lintFiles({ attachments = [], body, format }: WholeEmail): string[] {
  const found: string[] = [];
  const refused = attachments.find(({ filename }) => REFUSED.test(filename));
  if (refused)
    found.push(`Mailboxes refuse a message with a file like "${refused.filename}": put a link to it.`);
  if (format === 'text') return found;
  const shown = new Set([...body.source.matchAll(SHOWN)].map(([, id]) => id!));
  const given = new Set(attachments.flatMap(({ content_id }) => content_id ?? []));
  for (const id of shown)
    if (!given.has(id)) found.push(`The HTML shows cid:${id}, and no attachment has that content_id.`);
  for (const id of given)
    if (!shown.has(id) && !id.endsWith('@inline'))
      found.push(
        `Nothing in the HTML shows the attachment with content_id "${id}": write <img src="cid:${id}">.`,
      );
  return found;
}
