import { byDialect, type Reader, type Transaction } from '../../ledger/ledger.ts';

/** Why a message left by a template. */
export type WhyTemplate = 'never_wrote' | 'window_closed' | 'window_refused';

export interface TemplateMessage {
  readonly position: number;
  readonly why: WhyTemplate;
}

const GIVEN = byDialect({
  sqlite: "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?) WHERE true",
  postgres: 'SELECT * FROM unnest(CAST(? AS BIGINT[]), CAST(? AS TEXT[]))',
});

/** What is claimed to leave by a template, of one send: one statement for all of them. */
export async function noteTemplateMessages(
  tx: Transaction,
  sendSeq: number,
  sender: string,
  messages: readonly TemplateMessage[],
  atMs: number,
): Promise<void> {
  if (messages.length === 0) return;
  const given =
    tx.dialect === 'sqlite'
      ? [JSON.stringify(messages.map(({ position, why }) => [position, why]))]
      : [messages.map(({ position }) => position), messages.map(({ why }) => why)];
  await tx.run(
    `INSERT INTO template_messages (send_seq, sender, at, position, why)
     SELECT CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS BIGINT), g.* FROM (${GIVEN(tx)}) g
     WHERE true ON CONFLICT (send_seq, position) DO UPDATE SET sender = excluded.sender, at = excluded.at, why = excluded.why`,
    sendSeq,
    sender,
    atMs,
    ...given,
  );
}

/** The number of messages, where that is under `limit`; else that of the people they went to. */
export async function countReached(
  reader: Reader,
  sender: string,
  sinceMs: number,
  limit: number,
): Promise<number> {
  const rows = await reader.get<{ count: number }>(
    'SELECT CAST(count(*) AS BIGINT) AS count FROM template_messages WHERE sender = ? AND at > ?',
    sender,
    sinceMs,
  );
  if (rows!.count < limit) return rows!.count;
  const people = await reader.get<{ count: number }>(
    `SELECT CAST(count(DISTINCT d.contact) AS BIGINT) AS count FROM template_messages t
     JOIN deliveries d ON d.send_seq = t.send_seq AND d.position = t.position
     WHERE t.sender = ? AND t.at > ? AND d.status IN ('sending', 'sent')`,
    sender,
    sinceMs,
  );
  return people!.count;
}

/** When the earliest of them left; null: there is none. */
export async function earliestReached(
  reader: Reader,
  sender: string,
  sinceMs: number,
): Promise<number | null> {
  const row = await reader.get<{ at: number | null }>(
    'SELECT min(at) AS at FROM template_messages WHERE sender = ? AND at > ?',
    sender,
    sinceMs,
  );
  return row?.at ?? null;
}

/** By which way each of some deliveries left, where it was a template. */
export async function findTemplateMessages(
  reader: Reader,
  sendSeq: number,
  first: number,
  last: number,
): Promise<Map<number, WhyTemplate>> {
  const rows = await reader.all<TemplateMessage>(
    'SELECT position, why FROM template_messages WHERE send_seq = ? AND position BETWEEN ? AND ?',
    sendSeq,
    first,
    last,
  );
  return new Map(rows.map(({ position, why }) => [position, why]));
}
