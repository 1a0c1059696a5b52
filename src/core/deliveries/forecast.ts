import { createHash } from 'node:crypto';
import { TidingsError } from '../../errors.ts';
import type { Reader, Value } from '../../ledger/ledger.ts';
import { CHANNELS } from '../channel.ts';
import { MERGE_COLUMNS, type MergeRow, toMergeValues } from '../leads/lead.ts';
import { dialled } from '../leads/phone.ts';
import { rest } from '../leads/scan.ts';
import type { Message } from '../messages/message.ts';
import type { SendRow } from '../sends/send.store.ts';
import { joinSuppression } from '../suppressions/suppression.ts';
import { looksAtValues, whyNot } from './claim.ts';
import { type ContactLimit, hadTheirShare } from './contact-limit.ts';
import { ContactSet } from './contact-set.ts';
import { OUTCOME_UNKNOWN, stepSql } from './delivery.ts';
import { candidates, skipReason, taken } from './freeze.ts';

import { isUtilityMessage } from './purpose.ts';
import type { Retry } from './requeue.ts';
import type { Recipient } from './sender.ts';
import { readWindows, type Windows } from './windows.store.ts';

/** What a call would come to. `wouldSend` and what is settled add up to the audience. */
export interface Forecast {
  wouldSend: number;
  sent: number;
  failed: number;
  unknown: number;
  readonly skips: Map<string, number>;
  /** Hash of those who would get it and where: as many others are not the same people. */
  who: string;
  /** Of those who would get it: who would by a template, and who of them by one for marketing to a number with +1. */
  byTemplate: number;
  inNorthAmerica: number;
  /** How many of those who would get it were looked at one by one. */
  looked: number;
}

export interface Asked {
  readonly key: Pick<SendRow, 'audience_seq' | 'channel'>;
  readonly total: number;
  readonly message: Message;
  readonly placeholder_policy: SendRow['placeholder_policy'];
  readonly siteName: string | null;
  /** The send that the call would attach to. */
  readonly send: Pick<SendRow, 'seq' | 'frozen_through'> | null;
  readonly retry: Retry | undefined;
  /** null where none is set, or messages stay here. */
  readonly contactLimit: ContactLimit | null;
  /** Of which the windows count, where the message has a template. */
  readonly sender: string;
}

/** Somebody who would get it. */
export interface Reached {
  readonly leadId: string;
  readonly recipient: Recipient;
}

interface CandidateRow extends MergeRow {
  id: string;
  contact: string;
  reason: string | null;
  is_taken: number;
}

interface DeliveryRow extends CandidateRow {
  status: string;
  error_code: string | null;
  suppressed: string | null;
  deleted_at: string | null;
  /** `retry` would put it back. */
  returns: number;
}

const SPAN_ROWS = 500;
/** Leads whose message is looked at, besides being counted. */
const MOST_LOOKED = 50_000;
const NO_VALUES = `NULL AS name, NULL AS first_name, NULL AS last_name, NULL AS email, NULL AS phone,
  NULL AS position, NULL AS company, NULL AS notes, '{}' AS metadata`;

/**
 * Counts whom a call would reach, by the statements and the conditions that decide it when it is made: `candidates` and
 * `taken` where rows are made, `whyNot` where they are claimed. Nothing is written. Some rows at a time, with a rest
 * where others want the process, so that nobody waits for it however large the audience is.
 * @param see is told of each of the first ones who would get it
 */
export async function forecast(
  reader: Reader,
  asked: Asked,
  see: (reached: Reached) => void,
  signal?: AbortSignal,
): Promise<Forecast> {
  const sum: Forecast = {
    wouldSend: 0,
    sent: 0,
    failed: 0,
    unknown: 0,
    skips: new Map(),
    who: '',
    byTemplate: 0,
    inNorthAmerica: 0,
    looked: 0,
  };
  const who = createHash('sha256');
  const made = asked.send?.frozen_through ?? 0;
  const template = asked.message.channel === 'whatsapp' ? asked.message.template : undefined;
  const needsAll = (template?.slots.length ?? 0) > 0;
  const always = needsAll || looksAtValues(asked.message, asked.placeholder_policy);
  const contacts = new ContactSet(asked.total - made);
  const isUtility = await isUtilityMessage(reader, asked.sender, asked.message);
  let hadEnough: ReadonlySet<string> = new Set();
  let windows: Windows = { open: new Set(), heldBack: new Set() };
  let those = '';
  const skip = (reason: string) => sum.skips.set(reason, (sum.skips.get(reason) ?? 0) + 1);
  const consider = (row: CandidateRow, suppressed: string | null, deleted_at: string | null) => {
    const byTemplate = template !== undefined && !windows.open.has(row.contact);
    const isHeldBack = byTemplate && !isUtility && windows.heldBack.has(row.contact);
    if (isHeldBack || hadEnough.has(row.contact)) return skip('too_soon');
    const recipient = {
      contact: dialled(row.contact, row.phone),
      values: toMergeValues(row, asked.siteName),
      ...(byTemplate && { byTemplate }),
    };
    const { contact, metadata, notes } = row;
    const lookedAt = { suppressed: suppressed as never, deleted_at, contact, metadata, notes };
    const obstacle = whyNot(lookedAt, asked, asked.message, recipient);
    if (obstacle) return skip(obstacle.code);
    sum.wouldSend += 1;
    if (recipient.byTemplate) {
      sum.byTemplate += 1;
      if (template?.category === 'marketing' && contact.startsWith('+1')) sum.inNorthAmerica += 1;
    }
    those += `${row.id} ${contact}\n`;
    if (sum.looked >= MOST_LOOKED) return;
    sum.looked += 1;
    see({ leadId: row.id, recipient });
  };
  for (let first = 1; first <= asked.total; ) {
    if (signal?.aborted) throw new TidingsError('conflict', 'The caller left before everybody was counted.');
    const startedAt = performance.now();
    const isMade = first <= made;
    const last = Math.min(first + SPAN_ROWS - 1, isMade ? made : asked.total);
    const values = always || sum.looked < MOST_LOOKED ? MERGE_COLUMNS : NO_VALUES;
    if (isMade) {
      const rows = await deliveries(reader, asked, isUtility, values, first, last);
      hadEnough = await shares(reader, asked, rows);
      if (template) windows = await windowsOf(reader, asked.sender, rows);
      for (const row of rows) {
        if (row.status === 'pending') consider(row, row.suppressed, row.deleted_at);
        else if (row.returns === 1 && row.reason === null && row.is_taken === 0) consider(row, null, null);
        else if (row.status === 'sending') sum.wouldSend += 1;
        else if (row.status === 'skipped') skip(row.error_code ?? 'skipped');
        else if (row.status === 'sent') sum.sent += 1;
        else {
          sum.failed += 1;
          if (row.error_code === OUTCOME_UNKNOWN) sum.unknown += 1;
        }
      }
    } else {
      const rows = await members(reader, asked, isUtility, values, first, last);
      hadEnough = await shares(reader, asked, rows);
      if (template) windows = await windowsOf(reader, asked.sender, rows);
      for (const row of rows) {
        if (row.reason !== null) skip(row.reason);
        else if (row.is_taken === 1 || !contacts.add(row.contact)) skip('duplicate_contact');
        else consider(row, null, null);
      }
    }
    who.update(those);
    those = '';
    first = last + 1;
    if (first <= asked.total) await rest(performance.now() - startedAt);
  }
  sum.who = who.digest('base64url');
  return sum;
}

function windowsOf(reader: Reader, sender: string, rows: readonly CandidateRow[]): Promise<Windows> {
  return readWindows(
    reader,
    sender,
    rows.flatMap(({ contact }) => contact ?? []),
    Date.now(),
  );
}

async function shares(
  reader: Reader,
  { key, contactLimit }: Asked,
  rows: readonly CandidateRow[],
): Promise<ReadonlySet<string>> {
  if (contactLimit === null) return new Set();
  const contacts = rows.flatMap(({ contact }) => contact ?? []);
  return hadTheirShare(reader, key.channel, contacts, contactLimit, Date.now());
}

function members(
  reader: Reader,
  { key, send }: Asked,
  isUtility: boolean,
  values: string,
  first: number,
  last: number,
): Promise<CandidateRow[]> {
  const isTaken = send ? `CASE WHEN ${taken('c.contact', 'c.position')} THEN 1 ELSE 0 END` : '0';
  const parameters: Value[] = send ? [send.seq] : [];
  return reader.all<CandidateRow>(
    `SELECT l.id, c.contact, c.reason, ${isTaken} AS is_taken, ${values}
     FROM (${candidates(key.channel, isUtility)}) c JOIN leads l ON l.seq = c.lead_seq ORDER BY c.position`,
    ...parameters,
    key.channel,
    key.audience_seq,
    first,
    last,
  );
}

/** Rows that are there already: by what they are, and by what stands in the way of them now. */
function deliveries(
  reader: Reader,
  { key, send, retry }: Asked,
  isUtility: boolean,
  values: string,
  first: number,
  last: number,
): Promise<DeliveryRow[]> {
  const own = `l.${CHANNELS[key.channel].key}`;
  const returns = retry ? stepSql(`requeue_${retry}`, 'd.').where : '1 = 0';
  // What waits goes where it was to go; what is put back goes to where its lead is now.
  const contact = `CASE WHEN d.status = 'pending' THEN d.contact ELSE ${own} END`;
  return reader.all<DeliveryRow>(
    `SELECT l.id, d.status, d.error_code, ${contact} AS contact, x.reason AS suppressed, l.deleted_at,
       ${skipReason(key.channel)} AS reason, CASE WHEN ${returns} THEN 1 ELSE 0 END AS returns,
       CASE WHEN ${returns} AND ${taken(own, 'd.position')} THEN 1 ELSE 0 END AS is_taken, ${values}
     FROM deliveries d JOIN leads l ON l.seq = d.lead_seq
     ${joinSuppression(key.channel, contact, isUtility)}
     WHERE d.send_seq = ? AND d.position BETWEEN ? AND ? ORDER BY d.position`,
    send!.seq,
    key.channel,
    send!.seq,
    first,
    last,
  );
}
