import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { ProviderEvent } from '../../../core/events/event.ts';
import type { EventSource, RawRequest } from '../../../core/events/event-source.ts';
import type { SuppressionReason } from '../../../core/suppressions/suppression.ts';
import { TidingsError } from '../../../errors.ts';
import { textIn } from '../../loose.ts';
import type { BounceClass } from '../bounces/reasons.ts';
import { createSource, safely } from '../events/source.ts';
import {
  hashOf,
  type Told,
  timeOf,
  toBounce,
  toEvent,
  toRefused,
  toSuppressed,
  toUnknown,
} from '../events/told.ts';

const PROVIDER = 'email-sendgrid';
/** SendGrid goes on telling for a day. */
const MOST_AGE_MS = 25 * 60 * 60_000;
const MOST_AHEAD_MS = 5 * 60_000;

/**
 * @param publicKey `SENDGRID_WEBHOOK_PUBLIC_KEY`; null: the webhook is closed
 * @throws TidingsError `configuration` when it is no key
 */
export function createSendGridEvents(publicKey: string | null): EventSource {
  const key = publicKey === null ? null : readKey(publicKey);
  return createSource({
    name: 'sendgrid',
    variable: 'SENDGRID_WEBHOOK_PUBLIC_KEY',
    where: 'the verification key of the signed event webhook at SendGrid',
    isGenuine: key === null ? null : (request, now) => isSignedBySendGrid(request, key, now),
    read: (body, { rawBody }, now) => {
      const items = Array.isArray(body) ? body : [body];
      return items.flatMap((item, at) => {
        const key = textIn(item, 'sg_event_id') ?? `${hashOf(rawBody)} ${at}`;
        return safely(
          () => readSendGrid(item, key, now),
          () => toUnknown({ provider: PROVIDER, key, at: now }, 'item', item),
        );
      });
    },
  });
}

function readKey(text: string): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'ec') return key;
  } catch {
    // Told below, without the value.
  }
  throw new TidingsError('configuration', 'SENDGRID_WEBHOOK_PUBLIC_KEY is no key for ECDSA.', {
    fix: 'Copy the verification key from Settings, Mail Settings, Event Webhook at SendGrid, alone and on one line.',
  });
}

/** ECDSA over P-256 and SHA-256, DER in base64, of the timestamp and the bytes as they came. */
export function isSignedBySendGrid({ headers, rawBody }: RawRequest, key: KeyObject, nowMs: number): boolean {
  const timestamp = headers['x-twilio-email-event-webhook-timestamp'] ?? '';
  const signature = headers['x-twilio-email-event-webhook-signature'] ?? '';
  if (!/^\d{1,12}$/.test(timestamp) || signature === '') return false;
  const age = nowMs - Number(timestamp) * 1_000;
  if (age > MOST_AGE_MS || age < -MOST_AHEAD_MS) return false;
  const signed = Buffer.concat([Buffer.from(timestamp), rawBody]);
  return verify('sha256', signed, { key, dsaEncoding: 'der' }, Buffer.from(signature, 'base64'));
}

/** `bounce_classification`, in small letters. */
const CLASSES: Readonly<Record<string, BounceClass>> = {
  'invalid address': 'hard',
  'mailbox unavailable': 'soft',
  technical: 'soft',
  unclassified: 'soft',
  content: 'message',
  reputation: 'sender',
  'frequency or volume too high': 'sender',
  'frequency/volume': 'sender',
};

function readSendGrid(item: unknown, key: string, now: number): ProviderEvent[] {
  const event = textIn(item, 'event') ?? '';
  const told: Told = {
    provider: PROVIDER,
    key,
    attemptId: textIn(item, 'attempt_id'),
    address: textIn(item, 'email'),
    at: timeOf(textIn(item, 'timestamp'), 's', now),
    messageId: textIn(item, 'sg_message_id'),
  };
  const said = textIn(item, 'reason', 1_000);
  switch (event) {
    case 'processed':
      return [toEvent(told, { type: 'accepted' })];
    case 'delivered':
      return [toEvent(told, { type: 'delivered' })];
    case 'deferred':
      return [toEvent(told, { type: 'delayed' })];
    case 'click':
      return [toEvent(told, { type: 'clicked' })];
    // Mail programs and proxies open mail without anybody reading it: nothing is counted of it.
    case 'open':
      return [];
    case 'spamreport':
      return [toEvent(told, { type: 'complained' })];
    case 'unsubscribe':
    case 'group_unsubscribe':
      return [toEvent(told, { type: 'unsubscribed' })];
    case 'bounce':
      return [toBounce(told, classOf(item), said, textIn(item, 'status'))];
    case 'dropped':
      return [readDropped(told, said)];
    default:
      return [toUnknown(told, event || 'item', item)];
  }
}

function classOf(item: unknown): BounceClass {
  const known = CLASSES[textIn(item, 'bounce_classification')?.toLowerCase() ?? ''];
  const isBlocked = textIn(item, 'type') === 'blocked';
  if (known !== undefined) return isBlocked && known === 'hard' ? 'sender' : known;
  return isBlocked ? 'sender' : 'hard';
}

const LISTS: readonly (readonly [RegExp, SuppressionReason])[] = [
  [/^bounced address/i, 'bounced'],
  [/^spam reporting address/i, 'complained'],
  [/^unsubscribed address/i, 'unsubscribed'],
];

function readDropped(told: Told, said: string | null): ProviderEvent {
  const reason = LISTS.find(([words]) => words.test(said ?? ''))?.[1];
  if (reason !== undefined) return toSuppressed(told, said, reason);
  return /^invalid$|^invalid address/i.test(said ?? '')
    ? toBounce(told, 'hard', null)
    : toRefused(told, said);
}
