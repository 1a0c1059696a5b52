import type { ProviderEvent } from '../../../core/events/event.ts';
import type { EventSource } from '../../../core/events/event-source.ts';
import { isSame } from '../../is-same.ts';
import { textIn } from '../../loose.ts';
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

const PROVIDER = 'email-brevo';
/** Mail programs and proxies open mail without anybody reading it: nothing is counted of it. */
const OPENED = ['opened', 'unique_opened', 'proxy_open', 'unique_proxy_open', 'loaded_by_proxy'];

/** @param token `BREVO_WEBHOOK_TOKEN`; null: the webhook is closed */
export function createBrevoEvents(token: string | null): EventSource {
  return createSource({
    name: 'brevo',
    variable: 'BREVO_WEBHOOK_TOKEN',
    where: 'the token that the webhook at Brevo was made with (auth of type bearer)',
    isGenuine:
      token === null
        ? null
        : ({ headers }) => isSame(headers['authorization']?.replace(/^bearer /i, '') ?? '', token),
    read: (body, { rawBody }, now) => {
      const items = Array.isArray(body) ? body : [body];
      return items.flatMap((item, at) => {
        const place = `${hashOf(rawBody)} ${at}`;
        return safely(
          () => readBrevo(item, place, now),
          () => toUnknown({ provider: PROVIDER, key: place, at: now }, 'item', item),
        );
      });
    },
  });
}

/** @param place what tells it from others, where it does not say of which message it is */
function readBrevo(item: unknown, place: string, now: number): ProviderEvent[] {
  const event = textIn(item, 'event') ?? '';
  const address = textIn(item, 'email');
  const messageId = textIn(item, 'message-id');
  const time = textIn(item, 'ts_epoch');
  const told: Told = {
    provider: PROVIDER,
    key: messageId === null ? place : [messageId, event, address, time].join(' '),
    attemptId: textIn(item, 'X-Mailin-custom'),
    address,
    at: timeOf(time, 'ms', now),
    messageId,
  };
  if (OPENED.includes(event)) return [];
  const said = textIn(item, 'reason', 1_000);
  switch (event) {
    case 'request':
      return [toEvent(told, { type: 'accepted' })];
    case 'delivered':
      return [toEvent(told, { type: 'delivered' })];
    case 'deferred':
    case 'soft_bounce':
      return [toEvent(told, { type: 'delayed' })];
    case 'click':
      return [toEvent(told, { type: 'clicked' })];
    case 'spam':
    case 'complaint':
      return [toEvent(told, { type: 'complained' })];
    case 'unsubscribe':
    case 'unsubscribed':
      return [toEvent(told, { type: 'unsubscribed' })];
    case 'hard_bounce':
    case 'invalid_email':
      return [toBounce(told, 'hard', said)];
    case 'blocked':
      return [toSuppressed(told, said, null)];
    case 'error':
      return [toRefused(told, said)];
    default:
      return [toUnknown(told, event || 'item', item)];
  }
}
