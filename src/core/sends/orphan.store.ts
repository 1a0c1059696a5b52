import type { Reader, Transaction } from '../../ledger/ledger.ts';
import type { SendRow } from './send.store.ts';

/**
 * Sends whose sender may be configured nowhere any more: the relay, the login or the number was changed while they were
 * under way. The sender that has taken its place takes them over, but only from one that nobody serves: what a living
 * process has in flight is its own, and another process may well have another sender for the same channel.
 */
export type Heir = Pick<SendRow, 'sender' | 'channel' | 'mode'>;

/** The other senders of this channel and mode that have sends which are not at their end. Read from an index alone. */
export async function otherSenders(reader: Reader, heir: Heir): Promise<string[]> {
  const rows = await reader.all<{ sender: string }>(
    "SELECT DISTINCT sender FROM sends WHERE channel = ? AND mode = ? AND sender <> ? AND state <> 'completed'",
    heir.channel,
    heir.mode,
    heir.sender,
  );
  return rows.map(({ sender }) => sender);
}

/** All of them at once: for whoever has the right to send by `orphan`. @returns how many */
export function inheritAll(tx: Transaction, orphan: string, heir: Heir): Promise<number> {
  return tx.run(
    "UPDATE sends SET sender = ? WHERE sender = ? AND channel = ? AND mode = ? AND state <> 'completed'",
    heir.sender,
    orphan,
    heir.channel,
    heir.mode,
  );
}

/** Those of `orphan` that workers share, by number. */
export async function sendsToInherit(reader: Reader, orphan: string, heir: Heir): Promise<number[]> {
  const rows = await reader.all<{ seq: number }>(
    "SELECT seq FROM sends WHERE sender = ? AND channel = ? AND mode = ? AND state <> 'completed' LIMIT 1000",
    orphan,
    heir.channel,
    heir.mode,
  );
  return rows.map(({ seq }) => seq);
}

/**
 * One send, when no worker owns any of its chunks. They are locked: nobody takes one over meanwhile, and whoever waits
 * to do so sees the new sender.
 * @returns whether it is the heir's now
 */
export async function inheritOne(tx: Transaction, seq: number, orphan: string, heir: Heir): Promise<boolean> {
  const chunks = await tx.all<{ holder: string | null }>(
    'SELECT holder FROM chunks WHERE send_seq = ? ORDER BY number FOR UPDATE',
    seq,
  );
  if (chunks.some(({ holder }) => holder !== null)) return false;
  return (
    (await tx.run('UPDATE sends SET sender = ? WHERE seq = ? AND sender = ?', heir.sender, seq, orphan)) > 0
  );
}
