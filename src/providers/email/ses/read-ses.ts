import type { ProviderEvent } from '../../../core/events/event.ts';
import { type Loose, listIn, looseIn, textIn } from '../../loose.ts';
import { ATTEMPT_HEADER, fromTag } from '../api/mail.ts';
import type { BounceClass } from '../bounces/reasons.ts';
import { type Told, timeOf, toBounce, toEvent, toRefused, toSuppressed, toUnknown } from '../events/told.ts';

export const PROVIDER = 'email-ses';
const MESSAGE_FAULTS = ['MessageTooLarge', 'ContentRejected', 'AttachmentRejected'];
const LISTS = [
  'Suppressed',
  'OnAccountSuppressionList',
  'OnTenantSuppressionList',
  'EmailValidationSuppressed',
];

/**
 * What SES says of one message: by event publishing (`eventType`), or by the identity alone (`notificationType`). Several
 * recipients are several events, of those it names and no others.
 */
export function readSes(body: unknown, key: string, now: number): ProviderEvent[] {
  const type = textIn(body, 'eventType') ?? textIn(body, 'notificationType') ?? '';
  const mail = looseIn(body, 'mail');
  const [destination] = listIn(mail, 'destination');
  const told = (part: string, address: unknown = destination, at = 0): Told => ({
    provider: PROVIDER,
    key: `${key} ${at}`,
    attemptId: attemptIn(mail),
    address: typeof address === 'string' ? address : null,
    at: timeOf(textIn(looseIn(body, part), 'timestamp') ?? textIn(mail, 'timestamp'), 'iso', now),
    messageId: textIn(mail, 'messageId'),
  });
  switch (type) {
    case 'Send':
      return [toEvent(told('send'), { type: 'accepted' })];
    case 'Delivery':
      return [toEvent(told('delivery'), { type: 'delivered' })];
    case 'DeliveryDelay':
      return [toEvent(told('deliveryDelay'), { type: 'delayed' })];
    case 'Click':
      return [toEvent(told('click'), { type: 'clicked' })];
    // Mail programs and proxies open mail without anybody reading it: nothing is counted of it.
    case 'Open':
      return [];
    case 'Reject':
      return [toRefused(told('reject'), textIn(looseIn(body, 'reject'), 'reason'))];
    case 'Rendering Failure':
      return [toRefused(told('failure'), textIn(looseIn(body, 'failure'), 'errorMessage', 1_000))];
    case 'Subscription':
      return [toEvent(told('subscription'), { type: 'unsubscribed' })];
    case 'Bounce': {
      const bounce = looseIn(body, 'bounce');
      return listIn(bounce, 'bouncedRecipients').map((one, at) =>
        readBounce(told('bounce', textIn(one, 'emailAddress', 1_000), at), bounce, one),
      );
    }
    case 'Complaint': {
      const complaint = looseIn(body, 'complaint');
      return listIn(complaint, 'complainedRecipients').map((one, at) =>
        readComplaint(told('complaint', textIn(one, 'emailAddress', 1_000), at), complaint),
      );
    }
    default:
      return [toUnknown({ provider: PROVIDER, key, at: now }, type || 'message', body)];
  }
}

/** In the tags of event publishing, else in the header that the message left with. */
function attemptIn(mail: Loose): string | null {
  const [tag] = listIn(looseIn(mail, 'tags'), 'attempt_id');
  if (typeof tag === 'string') return fromTag(tag);
  const isOurs = (one: unknown) => textIn(one, 'name')?.toLowerCase() === ATTEMPT_HEADER.toLowerCase();
  return textIn(listIn(mail, 'headers').find(isOurs), 'value');
}

/** An autoreply may come as Transient/General, which counts for nothing but itself. */
function readBounce(told: Told, bounce: Loose, recipient: unknown): ProviderEvent {
  const [type, subType] = [textIn(bounce, 'bounceType'), textIn(bounce, 'bounceSubType') ?? ''];
  const said = textIn(recipient, 'diagnosticCode', 1_000);
  if (LISTS.includes(subType)) return toSuppressed(told, subType, 'bounced');
  const kind: BounceClass =
    type === 'Permanent' ? 'hard' : MESSAGE_FAULTS.includes(subType) ? 'message' : 'soft';
  return toBounce(told, kind, said, textIn(recipient, 'status'));
}

/** What a receiver calls no spam, and reports of forged mail, are no complaints. */
function readComplaint(told: Told, complaint: Loose): ProviderEvent {
  const type = textIn(complaint, 'complaintFeedbackType');
  if (type === 'not-spam' || type === 'auth-failure') return toUnknown(told, type, complaint);
  return toEvent(told, { type: 'complained' });
}
