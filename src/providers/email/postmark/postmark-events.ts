import type { ProviderEvent } from '../../../core/events/event.ts';
import type { EventSource } from '../../../core/events/event-source.ts';
import { isSame } from '../../is-same.ts';
import { looseIn, textIn } from '../../loose.ts';
import type { BounceClass } from '../bounces/reasons.ts';
import { createSource, safely } from '../events/source.ts';
import { hashOf, type Told, timeOf, toBounce, toEvent, toRefused, toUnknown } from '../events/told.ts';

const PROVIDER = 'email-postmark';

/** Bounce types (https://postmarkapp.com/developer/api/bounce-api#bounce-types) by whose fault they are. */
const BOUNCES: Readonly<Record<string, BounceClass | 'delayed' | 'complained' | 'unsubscribed' | 'refused'>> =
  {
    HardBounce: 'hard',
    BadEmailAddress: 'hard',
    ManuallyDeactivated: 'hard',
    SoftBounce: 'soft',
    Undeliverable: 'soft',
    Transient: 'delayed',
    DnsError: 'delayed',
    VirusNotification: 'message',
    SpamNotification: 'message',
    Blocked: 'sender',
    DMARCPolicy: 'sender',
    SpamComplaint: 'complained',
    Unsubscribe: 'unsubscribed',
    SMTPApiError: 'refused',
    TemplateRenderingFailed: 'refused',
  };

/** @param password `POSTMARK_WEBHOOK_PASSWORD`; null: the webhook is closed */
export function createPostmarkEvents(password: string | null): EventSource {
  return createSource({
    name: 'postmark',
    variable: 'POSTMARK_WEBHOOK_PASSWORD',
    where: 'the password in the address that Postmark calls (https://any-user:PASSWORD@…)',
    isGenuine: password === null ? null : ({ headers }) => hasPassword(headers['authorization'], password),
    read: (body, { rawBody }, now) => {
      const id = textIn(body, 'ID');
      const record = textIn(body, 'RecordType');
      const key = id !== null && record !== null ? `${record} ${id}` : hashOf(rawBody);
      return safely(
        () => readPostmark(body, key, now),
        () => toUnknown({ provider: PROVIDER, key, at: now }, 'body', body),
      );
    },
  });
}

/** Basic auth (RFC 7617), of any user. */
export function hasPassword(authorization: string | undefined, password: string): boolean {
  const [, encoded = ''] = /^basic ([\w+/=-]+)$/i.exec(authorization ?? '') ?? [];
  const login = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = login.indexOf(':');
  return isSame(colon < 0 ? '' : login.slice(colon + 1), password) && colon >= 0;
}

function readPostmark(body: unknown, key: string, now: number): ProviderEvent[] {
  const at = ['BouncedAt', 'DeliveredAt', 'ChangedAt', 'ReceivedAt'].map((name) => textIn(body, name));
  const told: Told = {
    provider: PROVIDER,
    key,
    attemptId: textIn(looseIn(body, 'Metadata'), 'attempt_id'),
    address: textIn(body, 'Email') ?? textIn(body, 'Recipient'),
    at: timeOf(at.find((one) => one !== null) ?? null, 'iso', now),
    messageId: textIn(body, 'MessageID'),
  };
  const record = textIn(body, 'RecordType') ?? '';
  switch (record) {
    case 'Delivery':
      return [toEvent(told, { type: 'delivered' })];
    // Mail programs and proxies open mail without anybody reading it: nothing is counted of it.
    case 'Open':
      return [];
    case 'Click':
      return [toEvent(told, { type: 'clicked' })];
    case 'SpamComplaint':
      return [toEvent(told, { type: 'complained' })];
    case 'SubscriptionChange':
      return [readChange(told, body)];
    case 'Bounce':
      return [readBounce(told, body)];
    default:
      return [toUnknown(told, record || 'body', body)];
  }
}

/** What Postmark itself put on its list is told by the bounce or the complaint as well, so that each may come first. */
function readChange(told: Told, body: unknown): ProviderEvent {
  const isOut = (body as { SuppressSending?: unknown }).SuppressSending === true;
  if (!isOut) return toUnknown(told, 'resubscribed', body);
  const reason = textIn(body, 'SuppressionReason');
  if (reason === 'HardBounce') return toBounce(told, 'hard', null);
  return toEvent(told, { type: reason === 'SpamComplaint' ? 'complained' : 'unsubscribed' });
}

function readBounce(told: Told, body: unknown): ProviderEvent {
  const type = textIn(body, 'Type') ?? '';
  const said = textIn(body, 'Details', 1_000) ?? textIn(body, 'Description', 1_000);
  const kind = Object.hasOwn(BOUNCES, type) ? BOUNCES[type]! : null;
  if (kind === null) return toUnknown(told, type || 'bounce', body);
  if (kind === 'refused') return toRefused(told, said);
  if (kind === 'delayed' || kind === 'complained' || kind === 'unsubscribed')
    return toEvent(told, { type: kind });
  return toBounce(told, kind, said);
}
