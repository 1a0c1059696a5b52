import type { Ledger } from '../../../ledger/ledger.ts';
import type { Log } from '../../../log/log.ts';
import type { Sender } from '../../deliveries/sender.ts';
import { type Heir, inheritOne, otherSenders, sendsToInherit } from '../../sends/orphan.store.ts';
import { heirsOf } from '../heirs.ts';
import type { Timing } from '../timing.ts';

const NOW = 'CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)';

/** Shows that somebody serves these. Of many workers with one sender, few have to write. */
export async function showSenders(
  ledger: Ledger,
  senders: readonly Sender[],
  { inheritMs }: Timing,
): Promise<void> {
  for (const { about } of senders)
    await ledger.writeConcurrently((tx) =>
      tx.run(
        `INSERT INTO sender_buckets (id, bucket, seen_at) VALUES (?, '', ${NOW})
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
         WHERE sender_buckets.seen_at < excluded.seen_at - ?`,
        about.id,
        Math.floor(inheritMs / 2),
      ),
    );
}

/** At the end: whoever takes their place need not wait. Another worker that serves them shows so within seconds. */
export async function hideSenders(ledger: Ledger, senders: readonly Sender[]): Promise<void> {
  for (const { about } of senders)
    await ledger.writeConcurrently((tx) =>
      tx.run('UPDATE sender_buckets SET seen_at = 0 WHERE id = ?', about.id),
    );
}

/**
 * The same as {@link Inheritance}, where many workers send. Whether a sender is gone is a matter of courtesy: two
 * systems with two logins leave each other's sends alone. That nobody gets a message twice hangs on the chunks: a
 * send moves when none of them is owned. What a dead worker owned is free as soon as LostWorkers has seen it.
 * @returns how many sends were taken over
 */
export async function inherit(
  ledger: Ledger,
  senders: readonly Sender[],
  log: Log,
  { senderGoneMs }: Timing,
): Promise<number> {
  let total = 0;
  const served = new Set(senders.map(({ about }) => about.id));
  for (const heir of heirsOf(senders)) {
    for (const orphan of await otherSenders(ledger, heir)) {
      if (served.has(orphan) || !(await isGone(ledger, orphan, senderGoneMs))) continue;
      const sends = await inheritSends(ledger, orphan, heir);
      total += sends;
      if (sends > 0)
        log.info({ from: orphan, sender: heir.sender, sends }, 'took over from a sender that is gone');
    }
  }
  return total;
}

async function isGone(ledger: Ledger, sender: string, goneMs: number): Promise<boolean> {
  const alive = await ledger.get(
    `SELECT 1 AS alive FROM sender_buckets WHERE id = ? AND seen_at > ${NOW} - ?`,
    sender,
    goneMs,
  );
  return alive === undefined;
}

async function inheritSends(ledger: Ledger, orphan: string, heir: Heir): Promise<number> {
  let count = 0;
  for (const seq of await sendsToInherit(ledger, orphan, heir))
    if (await ledger.writeConcurrently((tx) => inheritOne(tx, seq, orphan, heir))) count += 1;
  return count;
}
