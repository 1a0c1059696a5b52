import { createHmac } from 'node:crypto';
import type { ProviderEvent } from '../../../core/events/event.ts';
import type { EventSource, RawRequest } from '../../../core/events/event-source.ts';
import { TidingsError } from '../../../errors.ts';
import { isSame } from '../../is-same.ts';
import { type Loose, listIn, looseIn, textIn } from '../../loose.ts';
import { fromTag } from '../api/mail.ts';
import type { BounceClass } from '../bounces/reasons.ts';
import { createSource, safely } from '../events/source.ts';
import { type Told, timeOf, toBounce, toEvent, toRefused, toSuppressed, toUnknown } from '../events/told.ts';

const PROVIDER = 'email-resend';
/** Standard Webhooks: each attempt at telling is signed anew. */
const TOLERANCE_MS = 5 * 60_000;
/** Bytes. */
const SHORTEST_KEY = 16;

/**
 * @param secret `RESEND_WEBHOOK_SECRET`; null: the webhook is closed
 * @throws TidingsError `configuration` when it is none, or so short that it can be guessed
 */
export function createResendEvents(secret: string | null): EventSource {
  const key = secret === null ? null : readKey(secret);
  return createSource({
    name: 'resend',
    variable: 'RESEND_WEBHOOK_SECRET',
    where: 'the signing secret of the webhook at Resend (whsec_…)',
    isGenuine: key === null ? null : (request, now) => isStandardSigned(request, key, now),
    read: (body, { headers }, now) => {
      const key = headers['svix-id'] ?? headers['webhook-id'] ?? '';
      return safely(
        () => readResend(body, key, now),
        () => toUnknown({ provider: PROVIDER, key, at: now }, 'body', body),
      );
    },
  });
}

function readKey(secret: string): Buffer {
  const text = secret.replace(/^whsec_/, '');
  const key = Buffer.from(text, 'base64');
  if (/^[\w+/-]+=*$/.test(text) && key.length >= SHORTEST_KEY) return key;
  throw new TidingsError('configuration', 'RESEND_WEBHOOK_SECRET is no signing secret.', {
    fix: 'Copy it from the page of the webhook at Resend: whsec_ and a long text behind it.',
  });
}

/**
 * Standard Webhooks, which Svix sends: any of the `v1,…` values is the HMAC-SHA256 of `id.timestamp.body`, the key the
 * base64 behind `whsec_`.
 */
export function isStandardSigned({ headers, rawBody }: RawRequest, key: Buffer, nowMs: number): boolean {
  const header = (name: string) => headers[`svix-${name}`] ?? headers[`webhook-${name}`] ?? '';
  const [id, timestamp] = [header('id'), header('timestamp')];
  if (id === '' || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(nowMs - Number(timestamp) * 1_000) > TOLERANCE_MS) return false;
  const own = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(rawBody).digest('base64');
  const given = header('signature').split(' ').slice(0, 20);
  return given.reduce((found, one) => isSame(one, `v1,${own}`) || found, false);
}

/** Resend never says which recipient it means; ours have one each. */
function readResend(body: unknown, key: string, now: number): ProviderEvent[] {
  const type = textIn(body, 'type') ?? '';
  const data = looseIn(body, 'data');
  const [to] = listIn(data, 'to');
  const told: Told = {
    provider: PROVIDER,
    key,
    attemptId: attemptIn(data),
    address: typeof to === 'string' ? to : null,
    at: timeOf(textIn(body, 'created_at'), 'iso', now),
    messageId: textIn(data, 'email_id'),
  };
  switch (type) {
    case 'email.sent':
      return [toEvent(told, { type: 'accepted' })];
    case 'email.delivered':
      return [toEvent(told, { type: 'delivered' })];
    case 'email.delivery_delayed':
      return [toEvent(told, { type: 'delayed' })];
    // Mail programs and proxies open mail without anybody reading it: nothing is counted of it.
    case 'email.opened':
      return [];
    case 'email.clicked':
      return [toEvent(told, { type: 'clicked' })];
    case 'email.complained':
      return [toEvent(told, { type: 'complained' })];
    case 'email.bounced':
      return [readBounce(told, looseIn(data, 'bounce'))];
    case 'email.suppressed': {
      const reason = textIn(looseIn(data, 'suppressed'), 'reason');
      return [toSuppressed(told, reason, reason === 'previous_complaint' ? 'complained' : 'bounced')];
    }
    case 'email.failed':
      return [toRefused(told, textIn(looseIn(data, 'failed'), 'reason'))];
    default:
      return [toUnknown(told, type || 'body', body)];
  }
}

/** An object, as Resend writes them; a list of names and values, as they were given. */
function attemptIn(data: Loose): string | null {
  const listed = listIn(data, 'tags').find((one) => textIn(one, 'name') === 'attempt_id');
  const tag = textIn(data['tags'], 'attempt_id') ?? textIn(listed, 'value');
  return tag === null ? null : fromTag(tag);
}

const MESSAGE_FAULTS = ['MessageTooLarge', 'ContentRejected', 'AttachmentRejected'];

function readBounce(told: Told, bounce: Loose): ProviderEvent {
  const [type, subType] = [textIn(bounce, 'type'), textIn(bounce, 'subType')];
  if (type === 'Permanent' && /suppress/i.test(subType ?? '')) return toSuppressed(told, subType, 'bounced');
  const kind: BounceClass =
    type === 'Permanent' ? 'hard' : MESSAGE_FAULTS.includes(subType ?? '') ? 'message' : 'soft';
  const [diagnostic] = listIn(bounce, 'diagnosticCode');
  const said = typeof diagnostic === 'string' ? diagnostic.slice(0, 1_000) : textIn(bounce, 'message', 1_000);
  return toBounce(told, kind, said);
}
