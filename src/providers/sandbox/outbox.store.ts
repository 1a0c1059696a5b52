import type { Reader, Transaction, Value } from '../../ledger/ledger.ts';
import type { OutboxText } from './sandbox-sender.ts';

export interface OutboxRow {
  seq: number;
  text_seq: number;
  channel: OutboxText['channel'];
  position: number;
  recipient: string;
  subject: string | null;
  fields: string;
  recorded_at: string;
  send_id: string;
  sender: string | null;
}

/** The text that all messages of a send (of one of its revisions) share: kept once, found again by its hash. */
export async function keepText(
  tx: Transaction,
  sendId: string,
  text: OutboxText,
  hash: string,
): Promise<number> {
  const known = await tx.get<{ seq: number }>(
    'SELECT seq FROM outbox_texts WHERE send_id = ? AND hash = ?',
    sendId,
    hash,
  );
  if (known) return known.seq;
  const { seq } = (await tx.get<{ seq: number }>(
    'INSERT INTO outbox_texts (send_id, hash, channel, sender, entries) VALUES (?, ?, ?, ?, 0) RETURNING seq',
    sendId,
    hash,
    text.channel,
    text.from,
  ))!;
  await tx.run(
    'INSERT INTO outbox_bodies (text_seq, parts) VALUES (?, ?)',
    seq,
    JSON.stringify({ parts: text.parts, headers: text.headers ?? [] }),
  );
  return seq;
}

export async function insertEntry(
  tx: Transaction,
  row: Omit<OutboxRow, 'seq' | 'send_id' | 'sender'>,
): Promise<void> {
  await tx.run(
    `INSERT INTO outbox (text_seq, channel, position, recipient, subject, fields, recorded_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    row.text_seq,
    row.channel,
    row.position,
    row.recipient,
    row.subject,
    row.fields,
    row.recorded_at,
  );
}

/** How many there are is counted as they come and go: nobody walks over a million of them to tell. */
export async function moveCount(tx: Transaction, textSeq: number, by: number): Promise<void> {
  await tx.run('UPDATE outbox_texts SET entries = entries + ? WHERE seq = ?', by, textSeq);
}

const SELECT = `SELECT o.seq, o.text_seq, o.channel, o.position, o.recipient, o.subject, o.fields, o.recorded_at,
    t.send_id, t.sender
  FROM outbox o JOIN outbox_texts t ON t.seq = o.text_seq`;

export function findEntry(reader: Reader, seq: number): Promise<OutboxRow | undefined> {
  return reader.get<OutboxRow>(`${SELECT} WHERE o.seq = ?`, seq);
}

/** Newest first. */
export function listEntries(
  reader: Reader,
  channel: string | null,
  beforeSeq: number,
  limit: number,
): Promise<OutboxRow[]> {
  const parameters: Value[] = channel === null ? [beforeSeq, limit] : [channel, beforeSeq, limit];
  const where = channel === null ? '' : 'o.channel = ? AND ';
  return reader.all<OutboxRow>(
    `${SELECT} WHERE ${where}o.seq < ? ORDER BY o.seq DESC LIMIT ?`,
    ...parameters,
  );
}

export interface PlaceInSend {
  readonly textSeq: number;
  readonly position: number;
  readonly seq: number;
}

/** Of one send: its last text first, and of that the last leads of the audience first. */
export async function listEntriesOfSend(
  reader: Reader,
  sendId: string,
  channel: string | null,
  before: PlaceInSend,
  limit: number,
): Promise<OutboxRow[]> {
  const texts = await reader.all<{ seq: number }>(
    `SELECT seq FROM outbox_texts WHERE send_id = ? AND seq <= ? AND entries > 0
       AND channel = coalesce(CAST(? AS TEXT), channel) ORDER BY seq DESC LIMIT ?`,
    sendId,
    before.textSeq,
    channel,
    limit + 1,
  );
  const found: OutboxRow[] = [];
  for (const { seq } of texts) {
    if (found.length === limit) break;
    const isFirst = seq === before.textSeq;
    found.push(
      ...(await reader.all<OutboxRow>(
        `${SELECT} WHERE o.text_seq = ? AND (o.position, o.seq) < (?, ?)
         ORDER BY o.position DESC, o.seq DESC LIMIT ?`,
        seq,
        isFirst ? before.position : Number.MAX_SAFE_INTEGER,
        isFirst ? before.seq : 0,
        limit - found.length,
      )),
    );
  }
  return found;
}

/** What the messages of one text have in common. */
export type SharedText = Required<Pick<OutboxText, 'parts' | 'headers'>>;

export async function sharedOf(reader: Reader, textSeq: number): Promise<SharedText> {
  const row = await reader.get<{ parts: string }>(
    'SELECT parts FROM outbox_bodies WHERE text_seq = ?',
    textSeq,
  );
  const kept = JSON.parse(row?.parts ?? '[]') as SharedText | SharedText['parts'];
  return 'parts' in kept ? kept : { parts: kept, headers: [] };
}

export async function countEntries(
  reader: Reader,
  channel: string | null,
  sendId: string | null,
): Promise<number> {
  const row = await reader.get<{ count: number }>(
    `SELECT CAST(coalesce(sum(entries), 0) AS BIGINT) AS count FROM outbox_texts
     WHERE channel = coalesce(CAST(? AS TEXT), channel) AND send_id = coalesce(CAST(? AS TEXT), send_id)`,
    channel,
    sendId,
  );
  return row!.count;
}

/** What one place of a send has in the outbox. @returns how many entries it had */
export async function removeEntries(tx: Transaction, sendId: string, position: number): Promise<number> {
  let removed = 0;
  for (const { seq } of await tx.all<{ seq: number }>(
    'SELECT seq FROM outbox_texts WHERE send_id = ?',
    sendId,
  )) {
    const count = await tx.run('DELETE FROM outbox WHERE text_seq = ? AND position = ?', seq, position);
    if (count > 0) await moveCount(tx, seq, -count);
    removed += count;
  }
  return removed;
}

/** What one place of a send has in the outbox. */
export function listEntriesAt(reader: Reader, sendId: string, position: number): Promise<OutboxRow[]> {
  return reader.all<OutboxRow>(
    `${SELECT} WHERE t.send_id = ? AND o.text_seq = t.seq AND o.position = ?`,
    sendId,
    position,
  );
}

/** The oldest entries, when they are from before a time, at most `count`; texts that nobody has any more go with them. */
export async function removeOldest(tx: Transaction, before: string, count: number): Promise<number> {
  const rows = await tx.all<{ seq: number; text_seq: number; recorded_at: string }>(
    'SELECT seq, text_seq, recorded_at FROM outbox ORDER BY seq LIMIT ?',
    count,
  );
  const old = rows.filter(({ recorded_at }) => recorded_at < before);
  for (const { seq } of old) await tx.run('DELETE FROM outbox WHERE seq = ?', seq);
  for (const [textSeq, some] of Map.groupBy(old, ({ text_seq }) => text_seq)) {
    await moveCount(tx, textSeq, -some.length);
    const gone = await tx.run('DELETE FROM outbox_texts WHERE seq = ? AND entries = 0', textSeq);
    if (gone > 0) await tx.run('DELETE FROM outbox_bodies WHERE text_seq = ?', textSeq);
  }
  return old.length;
}

/** The message of one recipient; cut after about `most` characters, with a mark. */
export function textOf(parts: readonly (string | number)[], fields: string, most: number): string {
  const values = JSON.parse(fields) as string[];
  let text = '';
  for (const part of parts) {
    text += typeof part === 'string' ? part : (values[part] ?? '');
    if (text.length > most) break;
  }
  // Not through the middle of a character.
  return text.length > most ? `${text.slice(0, most).toWellFormed()}…` : text;
}
