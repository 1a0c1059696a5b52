import type { Transaction } from '../../ledger/ledger.ts';
import { toMergeValues } from '../leads/lead.ts';
import { getSend, type SendRow, setState } from '../sends/send.store.ts';
import { RETRIES_USED_UP } from '../sends/send-result.ts';
import { lengthOfValues, unresolvedFields } from '../sends/template.ts';
import type { Attempt, MessageContent, PreparedMessage, Recipient } from './channel.ts';
import {
  type ClaimedRow,
  deferPending,
  freezeChunk,
  markSending,
  nextRetryAt,
  selectClaimable,
  skipPending,
} from './delivery.store.ts';
import type { InFlight } from './resolve-outcome.ts';

/** Rows frozen in one transaction beside a claim: a few milliseconds. */
const FREEZE_ROWS = 1_000;
/** Characters that the values of one lead may add to a message: a thousand fields of long notes would fill the memory. */
const MAX_VALUES = 1_000_000;

/** One delivery that is on its way: committed as `sending`, to be handed to the channel. */
export interface Claim extends InFlight {
  readonly sendSeq: number;
  readonly message: PreparedMessage;
  readonly recipient: Recipient;
  readonly attempt: Omit<Attempt, 'mayLeave'>;
}

export interface ReadySend {
  readonly send: SendRow;
  readonly content: MessageContent;
  readonly message: PreparedMessage;
  /** Until when nothing may go to where this contact lives (milliseconds since 1970); null: it may. */
  readonly gate: (contact: string) => number | null;
}

/**
 * Claims up to `room` rows of one running send: freezes ahead, skips whom it must not reach, ends the send when
 * nothing is left. Runs inside the transaction that also settles the window before.
 * @returns the claims, and whether a further turn would find more at once.
 */
export async function claimWindow(
  tx: Transaction,
  { send, content, message, gate }: ReadySend,
  room: number,
  siteName: string | null,
  nowMs: number,
): Promise<{ claims: Claim[]; more: boolean }> {
  const freezing = await freezeChunk(tx, send, FREEZE_ROWS);
  const current = (await getSend(tx, send.seq))!;
  const rows = await selectClaimable(tx, current, room, nowMs);
  const claims: Claim[] = [];
  for (const row of rows) {
    const recipient = { contact: row.contact, values: toMergeValues(row, siteName) };
    const closedUntil = gate(row.contact);
    if (closedUntil !== null) {
      await deferPending(tx, send.seq, row.delivery_position, closedUntil);
      continue;
    }
    const obstacle = whyNot(row, current, content, recipient);
    if (obstacle) {
      await skipPending(tx, send.seq, row.delivery_position, obstacle.code, obstacle.why);
    } else {
      await markSending(tx, send.seq, row.delivery_position);
      claims.push(toClaim(row, current, message, recipient));
    }
  }
  if (claims.length > 0) {
    await tx.run('UPDATE sends SET in_flight = in_flight + ? WHERE seq = ?', claims.length, send.seq);
  } else if (rows.length === 0 && !freezing) await endIfDone(tx, send.seq);
  return { claims, more: freezing || rows.length === room || claims.length < rows.length };
}

/** Consent and content are looked at again when the message is about to leave, not only when the send began. */
function whyNot(row: ClaimedRow, send: SendRow, content: MessageContent, recipient: Recipient) {
  if (row.suppressed !== null) return { code: row.suppressed, why: null };
  if (row.deleted_at !== null) return { code: 'lead_deleted', why: null };
  if (valuesAreTooLong(row, content, recipient)) {
    return { code: 'values_too_long', why: `The values of this lead add over ${MAX_VALUES} characters.` };
  }
  if (send.placeholder_policy !== 'skip_recipient') return null;
  const missing = unresolvedFields(content.body, recipient.values);
  if (content.subject) missing.push(...unresolvedFields(content.subject, recipient.values));
  if (missing.length === 0) return null;
  return { code: 'unresolved_merge_field', why: `No value for ${[...new Set(missing)].join(', ')}.` };
}

/** Counted only where so many fields with so much to say could come to it. */
function valuesAreTooLong(row: ClaimedRow, { body }: MessageContent, { values }: Recipient): boolean {
  const own = row.metadata.length + (row.notes?.length ?? 0) + 2_000;
  return body.segments.length * own > MAX_VALUES && lengthOfValues(body, values) > MAX_VALUES;
}

function toClaim(row: ClaimedRow, send: SendRow, message: PreparedMessage, recipient: Recipient): Claim {
  const attempts = row.attempts + 1;
  const deliveryId = `${send.id.replaceAll('-', '')}.${row.delivery_position.toString(36)}`;
  return {
    sendSeq: send.seq,
    position: row.delivery_position,
    attempts,
    retries: row.retries,
    message,
    recipient,
    attempt: { deliveryId, attemptId: `${deliveryId}.${attempts}` },
  };
}

/** Completion is read off the ledger: no row is pending or in flight. */
async function endIfDone(tx: Transaction, seq: number): Promise<void> {
  const send = (await getSend(tx, seq))!;
  if (send.in_flight > 0 || send.claimed < send.total || (await nextRetryAt(tx, seq)) !== null) return;
  const left = send.total - send.sent - send.failed - send.skipped;
  if (left === 0) return setState(tx, seq, 'completed');
  const message = `${left} could not be delivered for now: every try met a passing error, or their mail domain takes nothing.`;
  await setState(tx, seq, 'paused', { code: RETRIES_USED_UP, message });
}
