import * as z from 'zod';
import type { CHANNEL_NAMES } from '../../core/deliveries/sender.ts';
import { success } from '../../core/leads/lead.schema.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { type Operation, operation } from '../../operations/operation.ts';
import { channelName, outboxEntry, sendId } from '../../operations/sends/send.schema.ts';
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

export function outboxOperation(ledger: Ledger): Operation {
  return operation({
    name: 'outbox.list',
    summary: 'Shows what the sandbox recorded instead of sending, newest first.',
    effect: 'read',
    route: 'GET /outbox',
    input: z.object({
      channel: channelName.optional(),
      send_id: sendId.optional(),
      limit: z.int().min(1).max(200).default(20),
    }),
    output: z.looseObject({ success, entries: z.array(outboxEntry), total_count: z.int() }),
    async run({ channel, send_id, limit }) {
      const prefix = send_id === undefined ? '' : `${send_id.replaceAll('-', '')}.`;
      const where =
        'channel = coalesce(CAST(? AS TEXT), channel) AND substr(delivery_id, 1, CAST(? AS INTEGER)) = ?';
      const parameters = [channel ?? null, prefix.length, prefix];
      const rows = await ledger.all<{
        channel: (typeof CHANNEL_NAMES)[number];
        delivery_id: string;
        recipient: string;
        sender: string | null;
        subject: string | null;
        text: string;
        recorded_at: string;
      }>(`SELECT * FROM outbox WHERE ${where} ORDER BY seq DESC LIMIT ?`, ...parameters, limit);
      const count = await ledger.get<{ count: number }>(
        `SELECT count(*) AS count FROM outbox WHERE ${where}`,
        ...parameters,
      );
      return {
        success: true as const,
        entries: rows.map((row) => ({
          channel: row.channel,
          to: row.recipient,
          from: row.sender,
          subject: row.subject,
          text: row.text,
          send_id: toUuid(row.delivery_id),
          recorded_at: row.recorded_at,
        })),
        total_count: count!.count,
      };
    },
  });
}

/** A delivery id begins with the 32 hexadecimal digits of its send. */
function toUuid(deliveryId: string): string | null {
  const match = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})\./.exec(deliveryId);
  return match?.slice(1).join('-') ?? null;
}
