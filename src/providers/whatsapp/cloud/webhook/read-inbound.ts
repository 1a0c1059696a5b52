import type { EventDetail, ProviderEvent } from '../../../../core/events/event.ts';
import { isLoose, type Loose, listIn, textIn } from '../../../loose.ts';
import { languageOfStop, OPT_OUT_PAYLOAD, readChoice } from '../../opt-out-words.ts';
import { bodyIn, contactOf, event, type Place, timeIn, unknown } from './keep.ts';

/** Those that open no window: what nobody wrote, and a face on our own message. */
const OPENS_NOTHING = ['reaction', 'unsupported', 'system', 'errors'];
const CHANGES = [
  'user_changed_number',
  'user_changed_user_id',
  'customer_changed_number',
  'customer_identity_changed',
];

/** `value.messages[]`: what a contact wrote. A contact without a number is known by an id, and never dropped. */
export function readInbound(place: Place, given: unknown, contacts: readonly unknown[]): ProviderEvent {
  const id = textIn(given, 'id');
  if (!isLoose(given) || id === null) return unknown(place, 'message', given);
  const kind = textIn(given, 'type') ?? 'unknown';
  const phone = contactOf(textIn(given, 'from'));
  const userId = textIn(given, 'from_user_id') ?? userIdOf(textIn(given, 'from'), contacts);
  const who = { contact: phone ?? userId, userId, occurredAt: timeIn(given, 'timestamp') ?? place.at };
  const system = given['system'];
  if (kind === 'system' && CHANGES.includes(textIn(system, 'type') ?? ''))
    return readChange(place, id, phone, userId, system as Loose, who.occurredAt);
  if (who.contact === null) return unknown(place, `message_${kind}`, given);
  const said = readWords(given, kind);
  const repliesTo = textIn(given['context'], 'id');
  const detail: EventDetail = {
    ...(said.text !== null && { text: said.text }),
    ...(repliesTo !== null && { repliesTo }),
    ...(!OPENS_NOTHING.includes(kind) && { window: 'opens' }),
  };
  const key = `message ${id}`;
  const choice =
    said.payload === OPT_OUT_PAYLOAD ? 'stop' : kind === 'reaction' ? null : readChoice(said.text ?? '');
  if (choice === 'stop') {
    const farewell = languageOfStop(said.text ?? '', who.contact);
    return event(place, key, { ...who, type: 'opted_out', code: 'all', detail: { ...detail, farewell } });
  }
  if (choice !== null) {
    const again = choice === 'again' ? ({ takesBack: true } as const) : {};
    return event(place, key, { ...who, type: 'opted_in', code: 'all', detail: { ...detail, ...again } });
  }
  return event(place, key, { ...who, type: 'replied', code: kind, detail });
}

function readWords(message: Loose, kind: string): { text: string | null; payload: string | null } {
  const part = message[kind];
  if (kind === 'text') return { text: bodyIn(part, 'body'), payload: null };
  if (kind === 'button') return { text: bodyIn(part, 'text'), payload: textIn(part, 'payload') };
  if (kind === 'reaction') return { text: textIn(part, 'emoji'), payload: null };
  if (kind === 'interactive' && isLoose(part)) {
    const reply = part['button_reply'] ?? part['list_reply'];
    return { text: bodyIn(reply, 'title'), payload: textIn(reply, 'id') };
  }
  return { text: bodyIn(part, 'caption'), payload: null };
}

/** The contact has another number or id from here on: opt-outs go along. */
function readChange(
  place: Place,
  id: string,
  from: string | null,
  fromId: string | null,
  system: Loose,
  occurredAt: number,
): ProviderEvent {
  const kind = textIn(system, 'type')!;
  const phone = contactOf(textIn(system, 'wa_id'));
  const userId = textIn(system, 'user_id') ?? (kind === 'user_changed_user_id' ? null : fromId);
  const formerly = textIn(system, 'previous_user_id') ?? from ?? fromId;
  const contact = kind === 'user_changed_user_id' ? (phone ?? from ?? userId) : (phone ?? userId);
  if (contact === null || formerly === null) return unknown(place, `system_${kind}`, system);
  return event(place, `message ${id}`, {
    type: 'unknown',
    code: kind,
    contact,
    userId,
    occurredAt,
    detail: { formerly },
  });
}

/** The id in `value.contacts[]` that stands beside a number; where there is but one contact, it is theirs. */
function userIdOf(waId: string | null, contacts: readonly unknown[]): string | null {
  const found =
    contacts.find((one) => waId !== null && textIn(one, 'wa_id') === waId) ??
    (contacts.length === 1 && textIn(contacts[0], 'wa_id') === null ? contacts[0] : undefined);
  return textIn(found, 'user_id');
}

/** `value.user_preferences[]`: what a contact told WhatsApp itself, about marketing and this number alone. */
export function readPreference(place: Place, given: unknown, contacts: readonly unknown[]): ProviderEvent {
  const value = textIn(given, 'value');
  const waId = textIn(given, 'wa_id');
  const userId = textIn(given, 'user_id') ?? userIdOf(waId, contacts);
  const contact = contactOf(waId) ?? userId;
  if (contact === null || textIn(given, 'category') !== 'marketing_messages' || !isLoose(given))
    return unknown(place, 'user_preferences', given);
  const type = value === 'stop' ? 'opted_out' : value === 'resume' ? 'opted_in' : null;
  if (type === null) return unknown(place, `user_preferences_${value}`, given);
  const occurredAt = timeIn(given, 'timestamp') ?? place.at;
  const key = `preference ${place.sender} ${contact} ${value} ${occurredAt}`;
  return event(place, key, { type, code: 'marketing', contact, userId, occurredAt });
}

/** `value.calls[]`: somebody who calls opens the window as somebody who writes does. */
export function readCall(place: Place, given: unknown): ProviderEvent {
  const id = textIn(given, 'id');
  const contact = contactOf(textIn(given, 'from')) ?? textIn(given, 'from_user_id');
  if (!isLoose(given) || id === null || contact === null || textIn(given, 'direction') !== 'USER_INITIATED')
    return unknown(place, 'call', given);
  return event(place, `call ${id} ${textIn(given, 'event')}`, {
    type: 'unknown',
    code: 'call',
    contact,
    userId: textIn(given, 'from_user_id'),
    occurredAt: timeIn(given, 'timestamp') ?? place.at,
    detail: { window: 'opens' },
  });
}

export function contactsIn(value: Loose): readonly unknown[] {
  return listIn(value, 'contacts');
}
