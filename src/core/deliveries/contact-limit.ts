import type { Ledger, Reader, Transaction } from '../../ledger/ledger.ts';
import type { ChannelName } from '../channel.ts';

/** `MAX_PER_CONTACT`: so many messages within so long, whatever sends they belong to. */
export interface ContactLimit {
  readonly count: number;
  readonly withinMs: number;
  /** As it was written: `1/24h`. */
  readonly text: string;
}

const UNITS_MS = { h: 60 * 60_000, d: 24 * 60 * 60_000 };
const LONGEST_MS = 366 * UNITS_MS.d;

/** `3/7d`; null: it is not written like that. */
export function parseContactLimit(text: string): ContactLimit | null {
  const [, count, length, unit] = /^([1-9]\d{0,3})\/([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  if (!count || !length) return null;
  const withinMs = Number(length) * UNITS_MS[unit as 'h' | 'd'];
  return withinMs > LONGEST_MS ? null : { count: Number(count), withinMs, text };
}

/**
 * What a contact got is looked up in the deliveries themselves, so that it holds from the first moment for what was
 * sent before. Only where a limit is set is there an index for it; with millions of deliveries it takes its time to
 * be made, once.
 */
export async function prepareContactLimit(ledger: Ledger): Promise<void> {
  await ledger.write((tx) =>
    tx.run(
      'CREATE INDEX IF NOT EXISTS deliveries_of_contact ON deliveries (contact) WHERE contact IS NOT NULL',
    ),
  );
}

/**
 * Contacts that have had their share, or may have had it when what is in flight is settled: they wait for that. Inside
 * the transaction that claims; on PostgreSQL one claim of a channel at a time is between this look and its commit.
 */
export async function hadEnough(
  tx: Transaction,
  channel: ChannelName,
  contacts: readonly string[],
  limit: ContactLimit,
  wallMs: number,
): Promise<Map<string, 'enough' | 'maybe'>> {
  const had = new Map<string, 'enough' | 'maybe'>();
  if (contacts.length === 0) return had;
  if (tx.dialect === 'postgres')
    await tx.get(
      "SELECT 1 AS locked FROM pg_advisory_xact_lock(hashtext('tidings contact limit ' || ?))",
      channel,
    );
  for (const { contact, sent, count } of await countsOf(tx, channel, contacts, wallMs - limit.withinMs))
    if (count >= limit.count) had.set(contact, sent >= limit.count ? 'enough' : 'maybe');
  return had;
}

/** Those of `contacts` who have had their share by now, for whoever asks before anything is claimed. */
export async function hadTheirShare(
  reader: Reader,
  channel: ChannelName,
  contacts: readonly string[],
  { count, withinMs }: ContactLimit,
  wallMs: number,
): Promise<Set<string>> {
  if (contacts.length === 0) return new Set();
  const counts = await countsOf(reader, channel, contacts, wallMs - withinMs);
  return new Set(counts.filter(({ sent }) => sent >= count).map(({ contact }) => contact));
}

interface Count {
  readonly contact: string;
  readonly sent: number;
  /** With those in flight. */
  readonly count: number;
}

async function countsOf(
  reader: Reader,
  channel: ChannelName,
  contacts: readonly string[],
  sinceMs: number,
): Promise<Count[]> {
  const isPostgres = reader.dialect === 'postgres';
  const sql = `SELECT d.contact, count(*) AS count, count(d.sent_at) AS sent FROM deliveries d JOIN sends s ON s.seq = d.send_seq
    WHERE d.contact ${isPostgres ? '= ANY (CAST(? AS TEXT[]))' : '= ?'} AND s.channel = ? AND s.mode = 'live'
      AND (d.status = 'sending' OR (d.status = 'sent' AND d.sent_at > ?)) GROUP BY d.contact`;
  if (isPostgres) return reader.all<Count>(sql, contacts, channel, sinceMs);
  const counts: Count[] = [];
  for (const contact of contacts) counts.push(...(await reader.all<Count>(sql, contact, channel, sinceMs)));
  return counts;
}
