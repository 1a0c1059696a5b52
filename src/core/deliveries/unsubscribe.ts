import type { Reader, Transaction } from '../../ledger/ledger.ts';
import type { ChannelName } from '../channel.ts';
import { suppress } from '../suppressions/suppression.store.ts';
import { takeBackSource } from '../suppressions/take-back-source.ts';
import { type Delivered, findDelivered } from './delivered.store.ts';

/** Who got a message, as far as the page to unsubscribe needs it. */
export interface Reached {
  /** The address, or a hash of it when the person was erased. */
  readonly contact: string;
  /** Whether the lead can be reached over WhatsApp too. */
  readonly hasPhone: boolean;
}

/** @param deliveryId as `Attempt` has it. null: there is no such email, or it went nowhere. */
export async function findReached(reader: Reader, deliveryId: string): Promise<Reached | null> {
  const found = await findDelivered(reader, deliveryId);
  return found && { contact: found.contact, hasPhone: found.phone !== null };
}

/**
 * Writes down that whoever got this message wants no more of them: by email, or over every channel. However often it is
 * asked for, it is done once.
 * @param deliveryId as `Attempt` has it
 * @returns the message; null: there is no such one
 */
export async function unsubscribe(
  tx: Transaction,
  deliveryId: string,
  everywhere: boolean,
): Promise<Delivered | null> {
  const found = await findDelivered(tx, deliveryId);
  if (!found) return null;
  for (const [channel, contact] of contactsOf(found)) {
    if (channel === 'email' || everywhere)
      await suppress(tx, channel, contact, 'unsubscribed', sourceOf(found));
  }
  return found;
}

/**
 * Takes back what {@link unsubscribe} did by the same message, and nothing else.
 * @returns the contacts; none: it had done nothing that still held
 */
export async function resubscribe(tx: Transaction, deliveryId: string): Promise<string[]> {
  const found = await findDelivered(tx, deliveryId);
  if (!found) return [];
  const done: string[] = [];
  for (const [channel, contact] of contactsOf(found)) {
    if (await takeBackSource(tx, channel, contact, sourceOf(found), 'the person')) done.push(contact);
  }
  return done;
}

function contactsOf({ contact, phone }: Delivered): [ChannelName, string][] {
  return phone === null
    ? [['email', contact]]
    : [
        ['email', contact],
        ['whatsapp', phone],
      ];
}

/** Names the message, so that it can be shown beside its send, and taken back by nothing else. */
function sourceOf({ sendId, position }: Delivered): string {
  return `the link of message ${position} of send ${sendId}`;
}
