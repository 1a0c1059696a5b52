import type { Reader } from '../../ledger/ledger.ts';
import { CHANNELS, type ChannelName } from '../channel.ts';
import type { ConversationRow } from '../conversations/conversation.store.ts';
import { heldBackSince, openSince, windowClosesAt } from '../conversations/window.ts';

type Windowed = Pick<ConversationRow, 'contact' | 'last_inbound_at' | 'refused_at' | 'held_back_at'>;

interface About {
  readonly id: string;
  readonly channel: ChannelName;
}

/** Whether somebody of an audience can be reached by a template only; the first who is found ends the search. */
export async function anyOutside(
  reader: Reader,
  audience: { readonly seq: number },
  { id, channel }: About,
  nowMs: number,
): Promise<boolean> {
  const { key } = CHANNELS[channel];
  const found = await reader.get(
    `SELECT 1 AS found FROM audience_members m JOIN leads l ON l.seq = m.lead_seq
     LEFT JOIN conversations v ON v.sender = ? AND v.contact = l.${key}
     WHERE m.audience_seq = ? AND l.deleted_at IS NULL AND l.${key} IS NOT NULL
       AND (v.last_inbound_at IS NULL OR v.last_inbound_at <= ? OR v.refused_at >= v.last_inbound_at) LIMIT 1`,
    id,
    audience.seq,
    openSince(nowMs),
  );
  return found !== undefined;
}

export interface Windows {
  /** Whom a text may reach now. */
  readonly open: ReadonlySet<string>;
  /** For whom the provider held marketing back within a day. */
  readonly heldBack: ReadonlySet<string>;
}

/** What is known of `contacts`. */
export async function readWindows(
  reader: Reader,
  sender: string,
  contacts: readonly string[],
  nowMs: number,
): Promise<Windows> {
  const open = new Set<string>();
  const heldBack = new Set<string>();
  const isPostgres = reader.dialect === 'postgres';
  const sql = `SELECT contact, last_inbound_at, refused_at, held_back_at FROM conversations
    WHERE sender = ? AND contact ${isPostgres ? '= ANY (CAST(? AS TEXT[]))' : 'IN (SELECT value FROM json_each(?))'}`;
  const given = isPostgres ? contacts : JSON.stringify(contacts);
  for (const row of await reader.all<Windowed>(sql, sender, given)) {
    const closesAt = windowClosesAt(row);
    if (closesAt !== null && closesAt > nowMs) open.add(row.contact);
    if ((row.held_back_at ?? 0) > heldBackSince(nowMs)) heldBack.add(row.contact);
  }
  return { open, heldBack };
}
