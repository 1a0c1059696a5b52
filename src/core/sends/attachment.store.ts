import { TidingsError } from '../../errors.ts';
import type { Reader, Transaction } from '../../ledger/ledger.ts';
import type { AttachedFile, Attachment } from '../messages/attachment.ts';

/** Kept once, by what they hold: whoever sends, and sends again, sends the same octets. */
export async function keepAttachments(
  tx: Transaction,
  files: readonly AttachedFile[],
  nowMs: number,
): Promise<void> {
  for (const { hash, content } of files)
    await tx.run(
      `INSERT INTO attachments (hash, content, kept_at) VALUES (?, ?, ?)
       ON CONFLICT (hash) DO UPDATE SET kept_at = excluded.kept_at`,
      hash,
      content,
      nowMs,
    );
}

/**
 * @param attachments as a send has them
 * @throws TidingsError `conflict` for one that is not kept any more
 */
export async function loadAttachments(reader: Reader, attachments: string | null): Promise<AttachedFile[]> {
  const files: AttachedFile[] = [];
  for (const file of JSON.parse(attachments ?? '[]') as Attachment[]) {
    const sql = 'SELECT content FROM attachments WHERE hash = ?';
    const row = await reader.get<{ content: string }>(sql, file.hash);
    if (!row)
      throw new TidingsError('conflict', `The attachment ${file.filename} is not kept any more.`, {
        fix: (words) => `Give it again: ${words.sameCall}.`,
      });
    files.push({ ...file, content: row.content });
  }
  return files;
}

/** @returns how many went that no send has any more */
export function removeLooseAttachments(tx: Transaction, beforeMs: number, most: number): Promise<number> {
  return tx.run(
    `DELETE FROM attachments WHERE hash IN (SELECT a.hash FROM attachments a WHERE a.kept_at < ? AND NOT EXISTS (
       SELECT 1 FROM sends s WHERE s.attachments IS NOT NULL AND s.attachments LIKE '%' || a.hash || '%') LIMIT ${most})`,
    beforeMs,
  );
}
