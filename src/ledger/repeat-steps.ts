import { campaignKey } from '../core/sends/campaign-key.ts';
import { contentHash } from '../core/sends/content-hash.ts';
import type { Transaction } from './ledger.ts';

const ROWS = 500;
/** A text is looked for a day; sends that are not at their end may still send it. */
const RECENT_MS = 2 * 24 * 60 * 60_000;

/** Campaigns without regard to case, and which texts a send has said. */
export const repeatSteps: readonly string[] = [
  'ALTER TABLE sends ADD COLUMN campaign_key TEXT',
  // 1: its people may get a text again that they got lately.
  'ALTER TABLE sends ADD COLUMN repeat_allowed BIGINT NOT NULL DEFAULT 0',
  'CREATE INDEX sends_by_key ON sends (audience_seq, channel, mode, campaign_key)',
  `CREATE TABLE send_texts (
    content_hash TEXT NOT NULL,
    send_seq BIGINT NOT NULL,
    PRIMARY KEY (content_hash, send_seq)
  )`,
];

export async function fillRepeats(tx: Transaction): Promise<void> {
  type Row = {
    seq: number;
    campaign: string;
    message: string;
    subject: string | null;
    created_at: string;
    state: string;
  };
  const since = new Date(Date.now() - RECENT_MS).toISOString();
  let rows: Row[] = [];
  do {
    rows = await tx.all<Row>(
      `SELECT seq, campaign, message, subject, created_at, state FROM sends WHERE seq > ? ORDER BY seq LIMIT ${ROWS}`,
      rows.at(-1)?.seq ?? 0,
    );
    for (const row of rows) {
      await tx.run('UPDATE sends SET campaign_key = ? WHERE seq = ?', campaignKey(row.campaign), row.seq);
      const isOver = row.state === 'completed' || row.state === 'cancelled';
      if (isOver && row.created_at < since) continue;
      await tx.run(
        'INSERT INTO send_texts (content_hash, send_seq) VALUES (?, ?)',
        contentHash(row),
        row.seq,
      );
    }
  } while (rows.length === ROWS);
}
