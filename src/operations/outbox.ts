import * as z from 'zod';
import { success } from '../core/leads/lead.schema.ts';
import { TidingsError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import {
  countEntries,
  findEntry,
  listEntries,
  listEntriesOfSend,
  type OutboxRow,
  type PlaceInSend,
  type SharedText,
  sharedOf,
  textOf,
} from '../providers/sandbox/outbox.store.ts';
import { type Operation, operation } from './operation.ts';
import { readPage } from './page.ts';
import { channelName, outboxEntry, sendId } from './sends/send.schema.ts';

/** Characters of one text in a list: as many as a WhatsApp text can have. `outbox.get` shows all of it. */
const SHOWN = 4_096;

export function outboxOperations(ledger: Ledger): Operation[] {
  return [
    operation({
      name: 'outbox.list',
      summary: 'Shows what the sandbox recorded instead of sending, newest first; long texts are shortened.',
      effect: 'read',
      route: 'GET /outbox',
      input: z.object({
        channel: channelName.optional(),
        send_id: sendId.optional().describe('Only of this send: the last leads of its audience first'),
        limit: z.int().min(1).max(200).default(20).describe('Entries in one answer'),
        cursor: z.string().max(100).optional().describe('next_cursor of the answer before'),
      }),
      output: z.looseObject({
        success,
        entries: z.array(outboxEntry),
        total_count: z.int(),
        next_cursor: z.string().nullable(),
      }),
      async run({ channel = null, send_id = null, limit, cursor }) {
        const texts = new Map<number, SharedText>();
        const { shown, next } = await readPage({
          limit,
          after: readPlace(cursor, send_id !== null),
          read: async (place, wanted) => {
            const rows =
              send_id === null
                ? await listEntries(ledger, channel, place.seq, wanted)
                : await listEntriesOfSend(ledger, send_id, channel, place, wanted);
            for (const { text_seq } of rows)
              if (!texts.has(text_seq)) texts.set(text_seq, await sharedOf(ledger, text_seq));
            return rows;
          },
          placeOf: (row) => ({ textSeq: row.text_seq, position: row.position, seq: row.seq }),
          show: (row) => toEntry(row, texts.get(row.text_seq)!, SHOWN),
        });
        return {
          success: true as const,
          entries: shown,
          total_count: await countEntries(ledger, channel, send_id),
          next_cursor: next === null ? null : writePlace(next, send_id !== null),
        };
      },
    }),

    operation({
      name: 'outbox.get',
      summary: 'Shows one message that the sandbox recorded, with all of its text.',
      effect: 'read',
      route: 'GET /outbox/{entry_id}',
      input: z.object({
        entry_id: z
          .string()
          .regex(/^\d{1,15}$/, 'is no id of an entry: outbox list shows them')
          .describe('entry_id of an entry, as outbox.list shows it'),
      }),
      output: outboxEntry.extend({ success }),
      async run({ entry_id }) {
        const row = await findEntry(ledger, Number(entry_id));
        if (!row) {
          throw new TidingsError('not_found', `There is no outbox entry ${entry_id}.`, {
            fix: 'outbox list shows the entries there are.',
          });
        }
        const shared = await sharedOf(ledger, row.text_seq);
        return { success: true as const, ...toEntry(row, shared, Number.POSITIVE_INFINITY) };
      },
    }),
  ];
}

function toEntry(row: OutboxRow, { parts, headers }: SharedText, most: number): z.output<typeof outboxEntry> {
  const text = textOf(parts, row.fields, most);
  return {
    entry_id: String(row.seq),
    channel: row.channel,
    to: row.recipient,
    from: row.sender,
    subject: row.subject,
    text,
    ...(text.length > most && { shortened: true }),
    ...(headers.length > 0 && {
      headers: Object.fromEntries(
        headers.map((one) => [one.name, textOf(one.parts, row.fields, Number.POSITIVE_INFINITY)]),
      ),
    }),
    send_id: row.send_id,
    recorded_at: row.recorded_at,
  };
}

const END: PlaceInSend = {
  textSeq: Number.MAX_SAFE_INTEGER,
  position: Number.MAX_SAFE_INTEGER,
  seq: Number.MAX_SAFE_INTEGER,
};

function readPlace(cursor: string | undefined, isOfSend: boolean): PlaceInSend {
  if (cursor === undefined) return END;
  const numbers = /^\d{1,15}(\.\d{1,15}){0,2}$/.test(cursor) ? cursor.split('.').map(Number) : [];
  if (numbers.length !== (isOfSend ? 3 : 1)) {
    throw new TidingsError('invalid_argument', `"${cursor}" is not a cursor of this list.`, {
      fix: 'Use next_cursor as it was given, with the same filters.',
    });
  }
  const [first = 0, position = 0, seq = 0] = numbers;
  return isOfSend ? { textSeq: first, position, seq } : { ...END, seq: first };
}

function writePlace({ textSeq, position, seq }: PlaceInSend, isOfSend: boolean): string {
  return isOfSend ? `${textSeq}.${position}.${seq}` : String(seq);
}
