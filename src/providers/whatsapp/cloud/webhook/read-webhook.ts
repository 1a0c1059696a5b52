import type { ProviderEvent } from '../../../../core/events/event.ts';
import { isLoose, type Loose, listIn, textIn } from '../../../loose.ts';
import type { Hidden } from '../../../redact-secrets.ts';
import { event, type Place, timeIn, unknown } from './keep.ts';
import { contactsIn, readCall, readInbound, readPreference } from './read-inbound.ts';
import { readStatus } from './read-status.ts';

/** Fields that are about no person, whose values are kept as they are. */
const TEMPLATE_FIELDS = [
  'message_template_status_update',
  'message_template_quality_update',
  'message_template_components_update',
  'template_category_update',
  'template_correct_category_detection',
];
const ACCOUNT_FIELDS = [
  'account_update',
  'account_alerts',
  'account_review_update',
  'phone_number_name_update',
  'phone_number_quality_update',
  'business_capability_update',
  'security',
];

interface Reading {
  readonly receivedAt: number;
  readonly hidden: readonly Hidden[];
}

/**
 * Everything that one request of Meta's says: many entries, changes, statuses and messages. Each is read by itself, so
 * that one which is not as it should be loses none of the others. Webhooks reference of the WhatsApp Business Platform.
 */
export function readWebhook(body: unknown, reading: Reading): ProviderEvent[] {
  const nowhere = { account: null, sender: null, at: reading.receivedAt };
  if (!isLoose(body) || !Array.isArray(body['entry'])) return [unknown(nowhere, 'body', body)];
  return body['entry'].flatMap((entry) => {
    if (!isLoose(entry) || !Array.isArray(entry['changes'])) return [unknown(nowhere, 'entry', entry)];
    const account = textIn(entry, 'id');
    const at = timeIn(entry, 'time') ?? reading.receivedAt;
    return entry['changes'].flatMap((change) => readChange({ account, sender: null, at }, change, reading));
  });
}

function readChange(about: Place, change: unknown, { hidden }: Reading): ProviderEvent[] {
  const field = textIn(change, 'field');
  const value = isLoose(change) ? change['value'] : undefined;
  if (field === null || !isLoose(value)) return [unknown(about, 'change', change)];
  const number = textIn(value['metadata'], 'phone_number_id');
  const place = { ...about, sender: number === null ? null : `whatsapp:${number}` };
  switch (field) {
    case 'messages':
      return readMessages(place, value, hidden);
    case 'user_preferences':
      return listIn(value, 'user_preferences').flatMap((one) =>
        safely(place, 'user_preferences', one, () => [readPreference(place, one, contactsIn(value))]),
      );
    case 'calls':
      return listIn(value, 'calls').flatMap((one) =>
        safely(place, 'call', one, () => [readCall(place, one)]),
      );
    default:
      return [readOther(place, field, value)];
  }
}

function readMessages(place: Place, value: Loose, hidden: readonly Hidden[]): ProviderEvent[] {
  const contacts = contactsIn(value);
  const others = ['errors', 'user_actions'].flatMap((name) =>
    listIn(value, name).map((one) => unknown(place, name, one)),
  );
  return [
    ...listIn(value, 'statuses').flatMap((one) =>
      safely(place, 'status', one, () => readStatus(place, one, hidden)),
    ),
    ...listIn(value, 'messages').flatMap((one) =>
      safely(place, 'message', one, () => [readInbound(place, one, contacts)]),
    ),
    ...others,
  ];
}

function readOther(place: Place, field: string, value: Loose): ProviderEvent {
  const type = TEMPLATE_FIELDS.includes(field)
    ? 'template_changed'
    : ACCOUNT_FIELDS.includes(field)
      ? 'account_changed'
      : null;
  if (type === null) return unknown(place, field, value);
  const key = `${field} ${place.account} ${place.at} ${JSON.stringify(value)}`;
  return event(place, key, { type, code: field, detail: { raw: { account: place.account, value } } });
}

function safely(place: Place, code: string, given: unknown, read: () => ProviderEvent[]): ProviderEvent[] {
  try {
    return read();
  } catch {
    return [unknown(place, code, given)];
  }
}
