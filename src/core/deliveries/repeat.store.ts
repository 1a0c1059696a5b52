import type { Reader } from '../../ledger/ledger.ts';
import type { ChannelName } from '../channel.ts';
import { contentHash } from '../sends/content-hash.ts';
import type { SendRow } from '../sends/send.store.ts';

const REPEAT_MS = 24 * 60 * 60_000;
/** Members of an audience that are looked at, evenly over all of it: an audience of millions costs no more. */
const SAMPLE = 1_000;
/** Sends that said the same, the newest first. */
const MOST_SENDS = 50;
const KEY = { email: 'email_key', whatsapp: 'phone_key' } as const satisfies Record<ChannelName, string>;

export interface Repeat {
  /** The send that most of them got it by. */
  readonly sendId: string;
  /** How many of a hundred got it, or are about to. */
  readonly percent: number;
}

type Asked = Pick<SendRow, 'audience_seq' | 'channel' | 'message' | 'subject'> & {
  readonly total: number;
  /** Itself, when it is there already. */
  readonly seq: number | null;
};

/** Whether more than half of an audience got the same text by other live sends within a day, or is about to. */
export async function findRepeat(reader: Reader, send: Asked, nowMs: number): Promise<Repeat | null> {
  const sends = await reader.all<{ seq: number; id: string; audience_seq: number; state: string }>(
    `SELECT s.seq, s.id, s.audience_seq, s.state FROM send_texts t JOIN sends s ON s.seq = t.send_seq
     WHERE t.content_hash = ? AND s.channel = ? AND s.mode = 'live' AND s.seq <> ?
     ORDER BY s.seq DESC LIMIT ${MOST_SENDS}`,
    contentHash(send),
    send.channel,
    send.seq ?? 0,
  );
  const goesOn = sends.filter(({ state }) => state === 'running' || state === 'scheduled');
  // Its rows may not have been made yet.
  const same = goesOn.find(({ audience_seq }) => audience_seq === send.audience_seq);
  if (same) return { sendId: same.id, percent: 100 };
  if (sends.length === 0) return null;
  const got = await sampleOf(
    reader,
    send,
    sends.map(({ seq }) => seq),
    goesOn.map(({ seq }) => seq),
    nowMs - REPEAT_MS,
  );
  if (got.count * 2 <= got.reachable) return null;
  const { id } = sends.find(({ seq }) => seq === got.mostBy)!;
  return { sendId: id, percent: Math.round((100 * got.count) / got.reachable) };
}

const WEEK_MS = 7 * 24 * 60 * 60_000;

/**
 * How many of a hundred in an audience had any live message over its channel within seven days, whatever it said, by its
 * newest {@link MOST_SENDS} sends. Of an audience over {@link SAMPLE} people some are looked at, evenly.
 */
export async function percentThisWeek(
  reader: Reader,
  send: Omit<Asked, 'message' | 'subject'>,
  nowMs: number,
): Promise<number> {
  const sends = await reader.all<{ seq: number }>(
    `SELECT seq FROM sends WHERE channel = ? AND mode = 'live' AND (completed_at IS NULL OR completed_at > ?)
     ORDER BY seq DESC LIMIT ${MOST_SENDS}`,
    send.channel,
    new Date(nowMs - WEEK_MS).toISOString(),
  );
  if (sends.length === 0) return 0;
  const seqs = sends.map(({ seq }) => seq);
  const { count, reachable } = await sampleOf(reader, send, seqs, [], nowMs - WEEK_MS);
  return reachable === 0 ? 0 : Math.ceil((100 * count) / reachable);
}

async function sampleOf(
  reader: Reader,
  { audience_seq, channel, total }: Omit<Asked, 'message' | 'subject'>,
  sends: readonly number[],
  goesOn: readonly number[],
  sinceMs: number,
): Promise<{ reachable: number; count: number; mostBy: number | null }> {
  const step = Math.ceil(total / SAMPLE);
  const list = (seqs: readonly number[]) => seqs.map(() => '?').join(', ') || 'NULL';
  const rows = await reader.all<{ by: number | null; count: number }>(
    `WITH RECURSIVE sample (position) AS (
       SELECT CAST(1 AS BIGINT)
       UNION ALL SELECT position + CAST(? AS BIGINT) FROM sample
       WHERE position + CAST(? AS BIGINT) <= CAST(? AS BIGINT))
     SELECT g.by_send AS "by", count(*) AS count FROM (
       SELECT (SELECT max(d.send_seq) FROM deliveries d INDEXED BY deliveries_by_contact
         WHERE d.send_seq IN (${list(sends)}) AND d.contact = l.${KEY[channel]}
           AND ((d.status = 'sent' AND d.sent_at > ?)
             OR (d.status IN ('pending', 'sending') AND d.send_seq IN (${list(goesOn)})))) AS by_send
       FROM sample p
       JOIN audience_members m ON m.audience_seq = ? AND m.position = p.position
       JOIN leads l ON l.seq = m.lead_seq
       WHERE l.${KEY[channel]} IS NOT NULL AND l.deleted_at IS NULL) g
     GROUP BY g.by_send ORDER BY count(*) DESC`,
    step,
    step,
    total,
    ...sends,
    sinceMs,
    ...goesOn,
    audience_seq,
  );
  const got = rows.filter(({ by }) => by !== null);
  const sum = (some: readonly { count: number }[]) => some.reduce((all, { count }) => all + count, 0);
  return { reachable: sum(rows), count: sum(got), mostBy: got[0]?.by ?? null };
}
