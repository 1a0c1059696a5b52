import * as z from 'zod';
import { conversationsOf } from '../core/conversations/conversation.store.ts';
import { toSendStatus } from '../core/deliveries/delivery.ts';
import { lead, success } from '../core/leads/lead.schema.ts';
import { type LeadRow, toLead } from '../core/leads/lead.ts';
import { findErased } from '../core/suppressions/erased-contact.ts';
import { SUPPRESSION_SCOPES } from '../core/suppressions/suppression.ts';
import type { Reader } from '../ledger/ledger.ts';
import { listEntriesAt, sharedOf, textOf } from '../providers/sandbox/outbox.store.ts';
import { leadsWith, positionOf, positionsIn, sendsThrough } from './person.store.ts';

const record = z.looseObject({});

export const personExport = z.looseObject({
  success,
  contact: z.string().describe('As it is known here'),
  erased_at: z.string().nullable().describe('When this contact was erased, if it was and was not taken back'),
  leads: z.array(lead.extend({ updated_at: z.string() })),
  audiences: z.array(record).describe('Stored selections that hold one of the leads'),
  deliveries: z
    .array(record)
    .describe('What was, or is to be, sent to them: by send, with the text as it was written'),
  outbox: z.array(record).describe('What the sandbox recorded for them'),
  suppressions: z.array(record),
  suppression_history: z.array(record),
  events: z.array(record).describe('What providers told of messages to them, and what they wrote'),
  conversations: z.array(record).describe('When they last wrote, and by which id the provider knows them'),
});

type Suppressed = Record<string, unknown> & { contact: string };

interface Found {
  readonly contact: string;
  readonly hash: string | null;
  readonly leads: readonly LeadRow[];
  /** The contact, and what it is known by after an erasure. */
  readonly names: readonly string[];
}

async function find(reader: Reader, contact: string): Promise<Found> {
  const hash = await findErased(reader, contact);
  const names = hash === null ? [contact] : [contact, hash];
  return { contact, hash, leads: await leadsWith(reader, contact), names };
}

/** Whether anything is held about whoever has this contact. */
export async function isKnown(reader: Reader, contact: string): Promise<boolean> {
  const found = await find(reader, contact);
  if (found.leads.length > 0 || (await conversationsOf(reader, [contact])).length > 0) return true;
  for (const table of ['suppressions', 'suppression_history'] as const) {
    if ((await suppressionsOf(reader, table, found.names)).length > 0) return true;
  }
  for await (const send of sendsThrough(reader, Number.MAX_SAFE_INTEGER))
    if ((await positionsIn(reader, send, [], [contact])).length > 0) return true;
  return false;
}

/** Everything that a person may ask for. */
export async function exportPerson(reader: Reader, contact: string): Promise<z.output<typeof personExport>> {
  const found = await find(reader, contact);
  const erased =
    found.hash === null
      ? undefined
      : await reader.get<{ erased_at: string }>(
          'SELECT erased_at FROM erased_contacts WHERE hash = ?',
          found.hash,
        );
  const told = (rows: readonly Suppressed[]) => rows.map((row) => ({ ...row, contact }));
  return {
    success: true,
    contact,
    erased_at: erased?.erased_at ?? null,
    leads: found.leads.map((row) => ({ ...toLead(row), updated_at: row.updated_at })),
    audiences: await audiencesOf(reader, found.leads),
    ...(await deliveriesOf(reader, found)),
    suppressions: told(await suppressionsOf(reader, 'suppressions', found.names)),
    suppression_history: told(await suppressionsOf(reader, 'suppression_history', found.names)),
    ...(await heardOf(reader, found)),
  };
}

async function heardOf(
  reader: Reader,
  { contact, leads }: Found,
): Promise<{ events: Record<string, unknown>[]; conversations: Record<string, unknown>[] }> {
  const conversations = await conversationsOf(reader, [contact]);
  const names = new Set([contact, ...conversations.flatMap(({ user_id }) => user_id ?? [])]);
  const events: Record<string, unknown>[] = [];
  const columns = 'seq, type, provider, contact, user_id, occurred_at, code, detail';
  for (const name of names)
    events.push(...(await reader.all(`SELECT ${columns} FROM events WHERE contact = ? ORDER BY seq`, name)));
  for (const { seq } of leads)
    events.push(...(await reader.all(`SELECT ${columns} FROM events WHERE lead_seq = ? ORDER BY seq`, seq)));
  const once = new Map(events.map(({ seq, ...event }) => [seq, event]));
  return {
    events: [...once.values()].map((event) => ({
      ...event,
      occurred_at: new Date(event['occurred_at'] as number).toISOString(),
      detail: event['detail'] === null ? null : JSON.parse(event['detail'] as string),
    })),
    conversations: conversations.map(({ sender, contact, user_id, last_inbound_at, farewell_at }) => ({
      ...{ sender, contact, user_id },
      last_inbound_at: isoOf(last_inbound_at),
      told_of_opt_out_at: isoOf(farewell_at),
    })),
  };
}

function isoOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function suppressionsOf(
  reader: Reader,
  table: 'suppressions' | 'suppression_history',
  names: readonly string[],
): Promise<Suppressed[]> {
  // Its key begins with the channel: without one it would be read from end to end.
  const byKey = table === 'suppressions' ? ` AND channel IN ('${SUPPRESSION_SCOPES.join("', '")}')` : '';
  const columns = table === 'suppressions' ? '' : ', ended_at AS lifted_at, ended_by AS lifted_by';
  return reader.all(
    `SELECT channel, contact, reason, created_at${columns} FROM ${table}
     WHERE contact IN (${names.map(() => '?').join(', ')})${byKey}`,
    ...names,
  );
}

async function audiencesOf(reader: Reader, leads: readonly LeadRow[]): Promise<Record<string, unknown>[]> {
  const audiences = await reader.all<{
    seq: number;
    id: string;
    name: string;
    total_count: number;
    created_at: string;
  }>('SELECT seq, id, name, total_count, created_at FROM audiences WHERE deleted_at IS NULL ORDER BY seq');
  const holding: Record<string, unknown>[] = [];
  for (const { seq, id, name, total_count, created_at } of audiences) {
    for (const { seq: leadSeq, id: lead_id } of leads) {
      const position = await positionOf(reader, 'audience_members', seq, total_count, leadSeq);
      if (position !== null) holding.push({ audience_id: id, name, created_at, lead_id, position });
    }
  }
  return holding;
}

async function deliveriesOf(
  reader: Reader,
  { leads, names }: Found,
): Promise<{ deliveries: Record<string, unknown>[]; outbox: Record<string, unknown>[] }> {
  const deliveries: Record<string, unknown>[] = [];
  const outbox: Record<string, unknown>[] = [];
  const seqs = leads.map(({ seq }) => seq);
  for await (const send of sendsThrough(reader, Number.MAX_SAFE_INTEGER)) {
    for (const position of await positionsIn(reader, send, seqs, names)) {
      const { status, sent_at, message, ...row } = (await reader.get<{
        status: string;
        sent_at: number;
        message: string;
      }>(
        `SELECT s.id AS send_id, s.channel, s.campaign, s.mode, s.subject, s.message, l.id AS lead_id, d.contact, d.status,
           d.attempts, d.error_code, d.error, d.provider_said, d.provider_message_id, d.sent_at
         FROM deliveries d JOIN sends s ON s.seq = d.send_seq JOIN leads l ON l.seq = d.lead_seq
         WHERE d.send_seq = ? AND d.position = ?`,
        send.seq,
        position,
      ))!;
      deliveries.push({
        ...row,
        message:
          message.length > MOST_OF_A_MESSAGE
            ? `${message.slice(0, MOST_OF_A_MESSAGE).toWellFormed()}…`
            : message,
        send_status: toSendStatus(status),
        sent_at: sent_at === null ? null : new Date(sent_at).toISOString(),
      });
      for (const entry of await listEntriesAt(reader, send.id, position)) {
        const text = textOf((await sharedOf(reader, entry.text_seq)).parts, entry.fields, MOST_OF_A_MESSAGE);
        outbox.push({
          send_id: send.id,
          channel: entry.channel,
          to: entry.recipient,
          subject: entry.subject,
          text,
          recorded_at: entry.recorded_at,
        });
      }
    }
  }
  return { deliveries, outbox };
}

/** The same text went to everybody: sends get has all of it. What is about the person is never cut. */
const MOST_OF_A_MESSAGE = 10_000;
