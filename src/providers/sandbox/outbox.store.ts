import type { Ledger } from '../../ledger/ledger.ts';
import type { Outbox, OutboxEntry } from './sandbox-sender.ts';

/**
 * Where the sandbox channels put messages. An entry is on disk before its delivery counts as accepted; entries that
 * come together share a commit.
 */
export function createOutbox(ledger: Ledger): Outbox {
  let waiting: OutboxEntry[] = [];
  let writing: Promise<void> | null = null;
  const writeAll = async () => {
    // A turn of the event loop lets the rest of a window come in.
    await new Promise(setImmediate);
    const entries = waiting;
    waiting = [];
    writing = null;
    await ledger.write(async (tx) => {
      for (const entry of entries) {
        await tx.run(
          `INSERT INTO outbox (channel, delivery_id, attempt_id, recipient, sender, subject, text, recorded_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
          entry.channel,
          entry.deliveryId,
          entry.attemptId,
          entry.to,
          entry.from,
          entry.subject,
          entry.text,
          entry.recordedAt,
        );
      }
    });
  };
  return {
    record(entry) {
      waiting.push(entry);
      writing ??= writeAll();
      return writing;
    },
  };
}
