import type { Transaction } from '../../ledger/ledger.ts';
import { heldBackSince, windowClosesAt } from '../conversations/window.ts';
import { toMergeValues } from '../leads/lead.ts';
import { dialled } from '../leads/phone.ts';
import { lengthOfFiles } from '../messages/attachment.ts';
import { lengthOfValues, unresolvedFields } from '../messages/merge-text.ts';
import { type Message, mergeTextsOf } from '../messages/message.ts';
import { missingValues } from '../messages/template-message.ts';
import { lockSend, moveSend } from '../sends/send.store.ts';
import { RETRIES_USED_UP } from '../sends/send.ts';
import { isHashed } from '../suppressions/erased-contact.ts';
import { type SuppressionReason, WHATSAPP_MARKETING } from '../suppressions/suppression.ts';
import {
  awaitTemplate,
  type ClaimedRow,
  deferPending,
  markSending,
  selectClaimable,
  skipPending,
  type WindowedRow,
} from './claim.store.ts';
import type { ContactLimit } from './contact-limit.ts';
import { hadEnough } from './contact-limit.ts';
import { AWAITS_TEMPLATE } from './delivery.ts';
import { freezeRows } from './freeze.ts';
import type { ClaimedChunk, ReadyChunk } from './ready-chunk.ts';
import type { Reason } from './reasons.ts';
import type { InFlight } from './resolve-outcome.ts';
import { awaitsRetry } from './retry.store.ts';
import type { SendEnded } from './send-ended.ts';
import type { Attempt, PreparedMessage, Recipient } from './sender.ts';
import type { TemplateGate } from './template-gate.ts';
import { noteTemplateMessages, type TemplateMessage, type WhyTemplate } from './template-message.store.ts';

/**
 * Claim before send: `pending → sending` is committed, with the number of a fresh attempt, before the provider hears of
 * it. Whoever dies between the two leaves a doubt, never a second message.
 */

/** Rows made in one transaction beside a claim: a few milliseconds. */
const FREEZE_ROWS = 1_000;
/** Characters that the values of one lead may add to a message: a thousand fields of long notes would fill the memory. */
const MAX_VALUES = 1_000_000;
/** Metadata and notes of one lead at their longest. */
const LARGEST_LEAD = 122_000;
/** Fewer characters than these from its values do not make a message large. */
const LONG_VALUES = 100_000;

/** When it is known how many messages a contact has had. */
const LOOK_AGAIN_MS = 1_000;

/** One delivery that is on its way: committed as `sending`, to be handed to the sender. */
export interface Claim extends InFlight {
  readonly chunk: Readonly<ClaimedChunk> & Pick<ReadyChunk, 'id'>;
  readonly prepared: PreparedMessage;
  readonly recipient: Recipient;
  /** By which suppressions know the recipient: the number that is dialled may be written otherwise. */
  readonly contact: string;
  /** No marketing: whoever stopped that alone gets it. */
  readonly isUtility: boolean;
  readonly attempt: Omit<Attempt, 'mayLeave'>;
  /** Characters, about: the message as it was written, with this lead's values. */
  readonly size: number;
}

export interface ReadyMessage {
  readonly message: Message;
  readonly prepared: PreparedMessage;
}

export interface ClaimOptions {
  readonly room: number;
  readonly siteName: string | null;
  /** By the steady clock. */
  readonly nowMs: number;
  /** Rows are made here, ahead of the claims; otherwise somebody else makes them. */
  readonly makesRows: boolean;
  /** Until when nothing may go to where this contact lives (milliseconds since 1970); null: it may. */
  readonly gate: (contact: string) => number | null;
  /** Messages to one contact, whatever sends they belong to; null: as many as there are. */
  readonly limit: ContactLimit | null;
  /** Of a message that has a template: whether it may leave by it; without it, everybody gets the text. */
  readonly template?: TemplateGate | null;
  /** Whether a message of so many characters may be in flight as well. */
  readonly admits: (size: number) => boolean;
}

/**
 * Claims up to `room` rows of one chunk: skips whom it must not reach. Runs inside the transaction that also settles
 * the window before.
 * @returns the claims; whether a further turn would find more at once; whether there was nothing to be found.
 */
export async function claimWindow(
  tx: Transaction,
  chunk: ReadyChunk,
  { message, prepared }: ReadyMessage,
  options: ClaimOptions,
): Promise<{ claims: Claim[]; more: boolean; empty: boolean; byTemplate: number }> {
  const freezing = options.makesRows && (await makeRows(tx, chunk));
  const { template: gate = null } = options;
  const windows = gate && { sender: gate.sender, takesWaiting: gate.room > 0 };
  const selected = await selectClaimable(
    tx,
    chunk.channel,
    chunk,
    chunk.frozen_through,
    options.room,
    options.nowMs,
    windows,
  );
  const { rows, due } = selected;
  const { limit } = options;
  const contacts = limit ? rows.map(({ contact }) => contact) : [];
  const shares = limit ? await hadEnough(tx, chunk.channel, contacts, limit, Date.now()) : null;
  let { claimedThrough } = selected;
  const claims: Claim[] = [];
  const byTemplate: TemplateMessage[] = [];
  const waiting: number[] = [];
  const wallMs = Date.now();
  let skipped = 0;
  let isFull = false;
  for (const [at, row] of rows.entries()) {
    const why = gate ? whyByTemplate(row as WindowedRow, wallMs) : null;
    if (why !== null && byTemplate.length >= gate!.room) {
      if ((row as WindowedRow).retry_at !== AWAITS_TEMPLATE) waiting.push(row.delivery_position);
      continue;
    }
    const recipient: Recipient = {
      contact: dialled(row.contact, row.phone),
      values: toMergeValues(row, options.siteName),
      ...(why !== null && { byTemplate: true }),
    };
    const had = shares?.get(row.contact);
    const closedUntil = had === 'maybe' ? options.nowMs + LOOK_AGAIN_MS : options.gate(row.contact);
    if (closedUntil !== null) {
      await deferPending(tx, chunk.send_seq, row.delivery_position, closedUntil);
      continue;
    }
    const suppressed = gate ? suppressedOf(row as WindowedRow, gate) : row.suppressed;
    const isHeldBack = why !== null && !gate!.isUtility && isHeld(row as WindowedRow, wallMs);
    const obstacle =
      had === 'enough'
        ? tooSoon(limit!)
        : isHeldBack
          ? HELD_BACK
          : whyNot({ ...row, suppressed }, chunk, message, recipient);
    if (obstacle) {
      await skipPending(tx, chunk.send_seq, row.delivery_position, obstacle.code, obstacle.why);
      skipped += 1;
      continue;
    }
    const size = sizeOf(row, message, recipient);
    if (!options.admits(size)) {
      // From here on they are as if they had not been looked at.
      isFull = true;
      claimedThrough = at > due ? rows[at - 1]!.delivery_position : chunk.claimed_through;
      break;
    }
    claims.push(toClaim(row, chunk, prepared, recipient, size, gate?.isUtility ?? false));
    if (why !== null) byTemplate.push({ position: row.delivery_position, why });
  }
  const moved = claims.length > 0 || skipped > 0 || claimedThrough !== chunk.claimed_through;
  await Promise.all([
    markSending(
      tx,
      chunk.send_seq,
      claims.map(({ position }) => position),
    ),
    moved && advance(tx, chunk, claimedThrough, claims.length, skipped),
    awaitTemplate(tx, chunk.send_seq, waiting),
    gate && noteTemplateMessages(tx, chunk.send_seq, gate.sender, byTemplate, wallMs),
  ]);
  const more = !isFull && (freezing || rows.length === options.room || claims.length < rows.length);
  return { claims, more, empty: rows.length === 0 && !freezing, byTemplate: byTemplate.length };
}

/** Who stopped marketing only is not kept from what is none. */
function suppressedOf(
  { suppressed, suppressed_in }: WindowedRow,
  { isUtility }: TemplateGate,
): SuppressionReason | null {
  return isUtility && suppressed_in === WHATSAPP_MARKETING ? null : suppressed;
}

function isHeld({ held_back_at }: WindowedRow, wallMs: number): boolean {
  return held_back_at !== null && held_back_at > heldBackSince(wallMs);
}

/** null: they wrote lately enough for any text. */
function whyByTemplate(row: WindowedRow, wallMs: number): WhyTemplate | null {
  const closesAt = windowClosesAt(row);
  if (closesAt !== null) return closesAt > wallMs ? null : 'window_closed';
  return row.last_inbound_at === null ? 'never_wrote' : 'window_refused';
}

function advance(
  tx: Transaction,
  chunk: ReadyChunk,
  claimedThrough: number,
  inFlight: number,
  skipped: number,
) {
  return tx.run(
    `UPDATE chunks SET claimed_through = ?, in_flight = in_flight + ?, skipped = skipped + ?
     WHERE send_seq = ? AND number = ?`,
    claimedThrough,
    inFlight,
    skipped,
    chunk.send_seq,
    chunk.number,
  );
}

async function makeRows(tx: Transaction, chunk: ReadyChunk): Promise<boolean> {
  if (chunk.frozen_through >= chunk.total) return false;
  const left = await freezeRows(tx, (await lockSend(tx, chunk.send_seq))!, FREEZE_ROWS);
  chunk.frozen_through = Math.min(chunk.frozen_through + FREEZE_ROWS, chunk.total);
  return left;
}

type LookedAt = Pick<ClaimedRow, 'suppressed' | 'deleted_at' | 'contact' | 'metadata' | 'notes'>;

interface Obstacle {
  readonly code: Reason;
  readonly why: string | null;
}

function tooSoon({ text }: ContactLimit): Obstacle {
  return {
    code: 'too_soon',
    why: `This contact has had as many messages as MAX_PER_CONTACT=${text} allows.`,
  };
}

const HELD_BACK: Obstacle = {
  code: 'too_soon',
  why: 'WhatsApp held marketing back for this contact within the last 24 hours: another try now only prolongs that.',
};

/** Consent and content are looked at again when the message is about to leave, not only when the send began. */
export function whyNot(
  row: LookedAt,
  chunk: Pick<ReadyChunk, 'placeholder_policy'>,
  message: Message,
  recipient: Recipient,
): Obstacle | null {
  if (row.suppressed !== null) return { code: row.suppressed, why: null };
  if (row.deleted_at !== null) return { code: 'lead_deleted', why: null };
  if (isHashed(row.contact)) return { code: 'erased', why: null };
  if (valuesAreTooLong(row, message, recipient)) {
    return { code: 'values_too_long', why: `The values of this lead add over ${MAX_VALUES} characters.` };
  }
  if (recipient.byTemplate) return noValues(message, recipient);
  if (chunk.placeholder_policy !== 'skip_recipient') return null;
  const missing = mergeTextsOf(message).flatMap((text) => unresolvedFields(text, recipient.values));
  if (missing.length === 0) return null;
  return { code: 'unresolved_merge_field', why: `No value for ${[...new Set(missing)].join(', ')}.` };
}

/** A slot is never empty: the provider refuses that for everybody, and a message with a hole is worse than none. */
function noValues(message: Message, { values }: Recipient): Obstacle | null {
  const template = message.channel === 'whatsapp' ? message.template : undefined;
  const missing = template ? missingValues(template, values) : [];
  if (missing.length === 0) return null;
  const which = missing.map((key) => `${key} (${template!.values[key] ?? ''})`).join(', ');
  return { code: 'template_value_missing', why: `No value for ${which}.` };
}

/** Whether the values of a lead can matter to {@link whyNot}; who asks of many need not read them otherwise. */
export function looksAtValues(message: Message, policy: ReadyChunk['placeholder_policy']): boolean {
  return policy === 'skip_recipient' || message.body.fieldCount * LARGEST_LEAD > MAX_VALUES;
}

function valuesAreTooLong(row: LookedAt, message: Message, recipient: Recipient): boolean {
  return lengthAdded(row, message, recipient, MAX_VALUES) > MAX_VALUES;
}

function sizeOf(row: ClaimedRow, message: Message, recipient: Recipient): number {
  const files = message.channel === 'email' ? lengthOfFiles(message) : 0;
  return message.body.source.length + files + lengthAdded(row, message, recipient, LONG_VALUES);
}

/** Characters, counted only where so many fields with so much to say could come to more than `most`; else 0. */
function lengthAdded(row: LookedAt, { body }: Message, { values }: Recipient, most: number): number {
  const own = row.metadata.length + (row.notes?.length ?? 0) + 2_000;
  return body.fieldCount * own > most ? lengthOfValues(body, values) : 0;
}

function toClaim(
  row: ClaimedRow,
  chunk: ReadyChunk,
  prepared: PreparedMessage,
  recipient: Recipient,
  size: number,
  isUtility: boolean,
): Claim {
  const attempts = row.attempts + 1;
  const deliveryId = `${chunk.id.replaceAll('-', '')}.${row.delivery_position.toString(36)}`;
  return {
    chunk,
    position: row.delivery_position,
    attempts,
    retries: row.retries,
    prepared,
    recipient,
    contact: row.contact,
    isUtility,
    attempt: { deliveryId, attemptId: `${deliveryId}.${attempts}` },
    size,
  };
}

/**
 * Completion is read off the ledger: no row is pending or in flight. What is left although every row has had its tries
 * waits for a person.
 * @returns what it came to; null: it goes on
 */
export async function endIfDone(tx: Transaction, seq: number): Promise<SendEnded | null> {
  // Usually rows remain; find that out without taking the lock.
  if ((await restOfDone(tx, seq)) === null) return null;
  const send = await lockSend(tx, seq);
  if (send?.state !== 'running') return null;
  // Until the send was ours, somebody may have put leads back to pending.
  const rest = await restOfDone(tx, seq);
  if (rest === null) return null;
  if (rest === 0) {
    await moveSend(tx, seq, 'complete');
    return { send: send.id, state: 'completed' };
  }
  const message = `${rest} could not be delivered for now: every attempt hit a temporary error, or their mail domain refuses mail.`;
  await moveSend(tx, seq, 'pause', { code: RETRIES_USED_UP, message });
  return { send: send.id, state: 'paused', code: RETRIES_USED_UP, problem: message };
}

/** How many are left pending of a send that has nothing to claim or wait for any more; null: it has. */
async function restOfDone(tx: Transaction, seq: number): Promise<number | null> {
  const { unclaimed, in_flight, rest } = (await tx.get<Record<'unclaimed' | 'in_flight' | 'rest', number>>(
    `SELECT CAST(sum(last_position - claimed_through) AS BIGINT) AS unclaimed, CAST(sum(in_flight) AS BIGINT) AS in_flight,
       CAST(sum(last_position - first_position + 1 - sent - failed - skipped) AS BIGINT) AS rest
     FROM chunks WHERE send_seq = ?`,
    seq,
  ))!;
  return in_flight > 0 || unclaimed > 0 || (await awaitsRetry(tx, seq)) ? null : rest;
}
