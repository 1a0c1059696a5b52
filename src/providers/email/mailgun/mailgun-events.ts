import { createHmac } from 'node:crypto';
import type { ProviderEvent } from '../../../core/events/event.ts';
import type { EventSource, RawRequest } from '../../../core/events/event-source.ts';
import { isSame } from '../../is-same.ts';
import { type Loose, looseIn, textIn } from '../../loose.ts';
import { createSource, parse, safely } from '../events/source.ts';
import { type Told, timeOf, toBounce, toEvent, toRefused, toSuppressed, toUnknown } from '../events/told.ts';

const PROVIDER = 'email-mailgun';
/** Mailgun goes on telling for eight hours, and does not say whether it signs anew. */
const MOST_AGE_MS = 9 * 60 * 60_000;
const MOST_AHEAD_MS = 5 * 60_000;

/** @param key `MAILGUN_WEBHOOK_SIGNING_KEY`; null: the webhook is closed */
export function createMailgunEvents(key: string | null): EventSource {
  return createSource({
    name: 'mailgun',
    variable: 'MAILGUN_WEBHOOK_SIGNING_KEY',
    where: 'the HTTP webhook signing key of the account at Mailgun',
    isGenuine: key === null ? null : (request, now) => isSignedByMailgun(request, key, now),
    read: (body, _, now) => {
      // What was signed, and all that was: whatever else comes with the same token is not heard.
      const token = textIn(looseIn(body, 'signature'), 'token') ?? '';
      const event = looseIn(body, 'event-data');
      return safely(
        () => readMailgun(event, token, now),
        () => toUnknown({ provider: PROVIDER, key: token, at: now }, 'event', event),
      );
    },
  });
}

/** Hex HMAC-SHA256 of timestamp and token, which stand in the body; the event itself is not signed. */
export function isSignedByMailgun({ rawBody }: RawRequest, key: string, nowMs: number): boolean {
  const given = looseIn(parse(rawBody), 'signature');
  const [timestamp, token] = [textIn(given, 'timestamp') ?? '', textIn(given, 'token') ?? ''];
  if (!/^\d{1,12}$/.test(timestamp) || token === '') return false;
  const age = nowMs - Number(timestamp) * 1_000;
  if (age > MOST_AGE_MS || age < -MOST_AHEAD_MS) return false;
  const own = createHmac('sha256', key)
    .update(timestamp + token)
    .digest('hex');
  return isSame((textIn(given, 'signature') ?? '').toLowerCase(), own);
}

function readMailgun(event: Loose, key: string, now: number): ProviderEvent[] {
  const name = textIn(event, 'event') ?? '';
  const told: Told = {
    provider: PROVIDER,
    key,
    attemptId: textIn(looseIn(event, 'user-variables'), 'attempt_id'),
    address: textIn(event, 'recipient'),
    at: timeOf(textIn(event, 'timestamp'), 's', now),
    messageId: textIn(looseIn(looseIn(event, 'message'), 'headers'), 'message-id'),
  };
  switch (name) {
    case 'accepted':
      return [toEvent(told, { type: 'accepted' })];
    case 'delivered':
      return [toEvent(told, { type: 'delivered' })];
    case 'clicked':
      return [toEvent(told, { type: 'clicked' })];
    // Mail programs and proxies open mail without anybody reading it: nothing is counted of it.
    case 'opened':
      return [];
    case 'complained':
      return [toEvent(told, { type: 'complained' })];
    case 'unsubscribed':
      return [toEvent(told, { type: 'unsubscribed' })];
    case 'rejected':
      return [toRefused(told, textIn(looseIn(event, 'reject'), 'reason') ?? textIn(event, 'reason'))];
    case 'failed':
      return [readFailed(told, event)];
    default:
      return [toUnknown(told, name || 'event', event)];
  }
}

const LISTS = {
  'suppress-bounce': 'bounced',
  'suppress-complaint': 'complained',
  'suppress-unsubscribe': 'unsubscribed',
} as const;

/** `old` was tried for as long as it is, and not refused. */
function readFailed(told: Told, event: Loose): ProviderEvent {
  if (textIn(event, 'severity') === 'temporary') return toEvent(told, { type: 'delayed' });
  const status = looseIn(event, 'delivery-status');
  const [code, message] = [textIn(status, 'code'), textIn(status, 'message', 1_000)];
  const reason = textIn(event, 'reason') ?? '';
  const list = LISTS[reason as keyof typeof LISTS];
  if (list !== undefined || code === '605' || code === '607')
    return toSuppressed(told, message, list ?? (code === '607' ? 'complained' : 'bounced'));
  const words = message ?? textIn(status, 'description', 1_000);
  const said = words === null || code === null || words.startsWith(code) ? words : `${code} ${words}`;
  return toBounce(told, reason === 'old' ? 'soft' : reason === 'espblock' ? 'sender' : 'hard', said);
}
