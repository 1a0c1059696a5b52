import type { Reader, Transaction } from '../../ledger/ledger.ts';

/** A message that is being written. */
export interface DraftRow {
  readonly seq: number;
  readonly id: string;
  /** Grows with every change. */
  readonly revision: number;
  /** Its subject or first words; null: nothing is written yet. */
  readonly title: string | null;
  readonly channel: string | null;
  readonly audience_id: string | null;
  /** JSON. */
  readonly content: string;
  /** Milliseconds since 1970, as the time below. */
  readonly created_at: number;
  readonly changed_at: number;
  readonly changed_by: string;
}

export type DraftChange = Omit<DraftRow, 'seq' | 'revision' | 'created_at'>;

export function findDraft(reader: Reader, id: string): Promise<DraftRow | undefined> {
  return reader.get<DraftRow>('SELECT * FROM drafts WHERE id = ?', id);
}

/** The latest made first, without their texts. */
export function listDrafts(
  reader: Reader,
  beforeSeq: number,
  limit: number,
): Promise<Omit<DraftRow, 'content'>[]> {
  return reader.all(
    `SELECT seq, id, revision, title, channel, audience_id, created_at, changed_at, changed_by FROM drafts
     WHERE seq < ? ORDER BY seq DESC LIMIT ?`,
    beforeSeq,
    limit,
  );
}

export async function insertDraft(tx: Transaction, draft: DraftChange): Promise<void> {
  await tx.run(
    `INSERT INTO drafts (id, revision, title, channel, audience_id, content, created_at, changed_at, changed_by)
     VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?)`,
    ...[draft.id, draft.title, draft.channel, draft.audience_id, draft.content],
    ...[draft.changed_at, draft.changed_at, draft.changed_by],
  );
}

export async function changeDraft(tx: Transaction, draft: DraftChange): Promise<void> {
  await tx.run(
    `UPDATE drafts SET revision = revision + 1, title = ?, channel = ?, audience_id = ?, content = ?, changed_at = ?,
       changed_by = ? WHERE id = ?`,
    ...[draft.title, draft.channel, draft.audience_id, draft.content, draft.changed_at, draft.changed_by],
    draft.id,
  );
}

export async function deleteDraft(tx: Transaction, id: string): Promise<void> {
  await tx.run('DELETE FROM drafts WHERE id = ?', id);
}
