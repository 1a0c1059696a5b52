import { createHash } from 'node:crypto';
import type { Ledger, Transaction } from '../../ledger/ledger.ts';
import { insertEntry, keepText, moveCount } from './outbox.store.ts';
import type { Outbox, OutboxEntry, OutboxText } from './sandbox-sender.ts';

/** Characters of values in one transaction: a window of leads with long notes comes to hundreds of megabytes. */
const MOST_CHARACTERS = 4_000_000;

interface Waiting {
  readonly text: OutboxText;
  readonly make: () => OutboxEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Where the sandbox channels put messages. An entry is on disk before its delivery counts as accepted; entries that
 * come together share a commit, and are made one after the other within it.
 */
export function createOutbox(ledger: Ledger): Outbox {
  const waiting: Waiting[] = [];
  let isWriting = false;
  const writeAll = async () => {
    // A turn of the event loop lets the rest of a window come in.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      let count = 0;
      try {
        await ledger.write(async (tx) => {
          count = 0;
          count = await writeSome(tx, waiting);
        });
        for (const { resolve } of waiting.splice(0, count)) resolve();
      } catch (error) {
        // Each is tried again by its send, at no cost to the lead.
        for (const { reject } of waiting.splice(0)) reject(error);
      }
    }
    isWriting = false;
  };
  return {
    record(text, make) {
      return new Promise((resolve, reject) => {
        waiting.push({ text, make, resolve, reject });
        if (!isWriting) {
          isWriting = true;
          void writeAll();
        }
      });
    },
  };
}

/** @returns how many were written: as many as there is room for, and at least one. */
async function writeSome(tx: Transaction, waiting: readonly Waiting[]): Promise<number> {
  const texts = new Map<string, { seq: number; entries: number }>();
  let characters = 0;
  let count = 0;
  for (const { text, make } of waiting.slice()) {
    if (characters > MOST_CHARACTERS) break;
    const entry = make();
    const [send = '', position = ''] = entry.deliveryId.split('.');
    const key = `${send}.${hashOf(text)}`;
    const known = texts.get(key) ?? { seq: await keepText(tx, toUuid(send), text, hashOf(text)), entries: 0 };
    texts.set(key, known);
    known.entries += 1;
    const fields = JSON.stringify(entry.values);
    characters += fields.length;
    await insertEntry(tx, {
      text_seq: known.seq,
      channel: text.channel,
      position: Number.parseInt(position, 36),
      recipient: entry.to,
      subject: entry.subject,
      fields,
      recorded_at: entry.recordedAt,
    });
    count += 1;
  }
  for (const { seq, entries } of texts.values()) await moveCount(tx, seq, entries);
  return count;
}

/** A delivery id begins with the 32 hexadecimal digits of its send. */
function toUuid(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Once for each revision of a send: it can be 2 MB long. */
const hashes = new WeakMap<OutboxText, string>();

function hashOf(text: OutboxText): string {
  let hash = hashes.get(text);
  if (hash === undefined) {
    hash = createHash('sha256').update(JSON.stringify(text)).digest('base64url');
    hashes.set(text, hash);
  }
  return hash;
}
