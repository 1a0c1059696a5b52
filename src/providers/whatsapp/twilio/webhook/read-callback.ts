import { createHash } from 'node:crypto';
import type { EventDetail, EventType, ProviderEvent } from '../../../../core/events/event.ts';
import { normalizePhone } from '../../../../core/leads/contact.ts';
import { redact } from '../../../answers.ts';
import type { Hidden } from '../../../redact-secrets.ts';
import { languageOfStop, OPT_OUT_PAYLOAD, readChoice } from '../../opt-out-words.ts';
import { classifyTwilioError } from '../errors.ts';

const PROVIDER = 'whatsapp-twilio';
const LONGEST_TEXT = 4_096;
const LONGEST_ID = 200;

/** Each of these says that Twilio has the message. */
const ON_ITS_WAY = ['accepted', 'scheduled', 'queued', 'sending', 'sent'];
const TYPES: Readonly<Record<string, EventType>> = {
  ...Object.fromEntries(ON_ITS_WAY.map((status) => [status, 'accepted' as const])),
  delivered: 'delivered',
  read: 'read',
  failed: 'failed',
  undelivered: 'failed',
  canceled: 'failed',
};
/** Outside of the 24 hours, whatever we know. */
const WINDOW_IS_CLOSED = 63016;

export interface Callback {
  readonly form: URLSearchParams;
  /** From the query of the status callback: whatever we asked Twilio to give back. */
  readonly attemptId: string | null;
  readonly sender: string;
  /** Twilio tells no time of its own. */
  readonly receivedAt: number;
  readonly hidden: readonly Hidden[];
}

/** What one request of Twilio's says: the status of a message of ours, or a message of a contact. */
export function readCallback(callback: Callback): ProviderEvent[] {
  const { form } = callback;
  const id = textIn(form, 'MessageSid') ?? textIn(form, 'SmsSid');
  if (id === null) return [unknown(callback, 'request')];
  const status = textIn(form, 'MessageStatus');
  if (status !== null) return readStatus(callback, id, form.get('EventType') === 'READ' ? 'read' : status);
  return [readInbound(callback, id)];
}

function readStatus(callback: Callback, id: string, status: string): ProviderEvent[] {
  const type = TYPES[status];
  if (type === undefined) return [unknown(callback, `status_${status}`)];
  const { form, attemptId, hidden } = callback;
  const key = `status ${id} ${status}`;
  const common = { attemptId, userId: textIn(form, 'ExternalUserId') };
  if (type !== 'failed') return [event(callback, key, { ...common, type, detail: { messageId: id } })];
  const number = Number(textIn(form, 'ErrorCode') ?? Number.NaN);
  if (!Number.isSafeInteger(number)) {
    const code = status === 'canceled' ? 'twilio_canceled' : 'not_delivered';
    return [event(callback, key, { ...common, type, code, detail: { messageId: id } })];
  }
  const words = textIn(form, 'ErrorMessage', 1_000) ?? textIn(form, 'ChannelStatusMessage', 1_000) ?? '';
  const outcome = classifyTwilioError({ code: number, said: redact(words, hidden) }, 400, null);
  const detail: EventDetail = {
    messageId: id,
    ...('message' in outcome && { because: outcome.message }),
    ...(outcome.said !== undefined && { said: outcome.said }),
    ...(outcome.type === 'stop_send' && { pauses: 'send' }),
    ...(outcome.type === 'account' && { pauses: 'sender' }),
    ...(outcome.type === 'permanent' && outcome.breaker && { pauses: 'send_if_repeated' }),
    ...(number === WINDOW_IS_CLOSED && { window: 'closes' }),
    ...(outcome.type === 'permanent' && outcome.heldBack && { heldBack: true }),
  };
  const failed = event(callback, key, { ...common, type, code: `twilio_${number}`, detail });
  if (outcome.type !== 'permanent' || outcome.suppress !== 'opted_out') return [failed];
  return [failed, event(callback, `${key} opted out`, { ...common, type: 'opted_out', code: 'all' })];
}

/** What a contact wrote. One without a number is known by the id that Twilio gives them. */
function readInbound(callback: Callback, id: string): ProviderEvent {
  const { form } = callback;
  const userId = textIn(form, 'ExternalUserId');
  const contact = contactOf(textIn(form, 'WaId')) ?? contactOf(textIn(form, 'From')) ?? userId;
  if (contact === null) return unknown(callback, 'message');
  const kind = textIn(form, 'MessageType') ?? (Number(form.get('NumMedia') ?? 0) > 0 ? 'media' : 'text');
  const text = textIn(form, 'ButtonText', LONGEST_TEXT) ?? textIn(form, 'Body', LONGEST_TEXT);
  const repliesTo = textIn(form, 'OriginalRepliedMessageSid');
  const detail: EventDetail = {
    ...(text !== null && { text }),
    ...(repliesTo !== null && { repliesTo }),
    ...(kind !== 'reaction' && { window: 'opens' }),
  };
  const key = `message ${id}`;
  const who = { contact, userId };
  const choice = kind === 'reaction' ? null : choiceOf(form, text);
  if (choice === null)
    return event(callback, key, { ...who, type: 'replied', code: kind.slice(0, 60), detail });
  const again = choice === 'again' ? ({ takesBack: true } as const) : {};
  // Twilio's Advanced Opt-Out answers what it has read.
  const isOurs = choice === 'stop' && !form.has('OptOutType');
  const farewell = isOurs ? { farewell: languageOfStop(text ?? '', contact) } : {};
  const type = choice === 'stop' ? 'opted_out' : 'opted_in';
  return event(callback, key, { ...who, type, code: 'all', detail: { ...detail, ...again, ...farewell } });
}

/** Our button, what Twilio's own Advanced Opt-Out has read, or the words. */
function choiceOf(form: URLSearchParams, text: string | null): ReturnType<typeof readChoice> {
  if (form.get('ButtonPayload') === OPT_OUT_PAYLOAD || form.get('OptOutType') === 'STOP') return 'stop';
  return form.get('OptOutType') === 'START' ? 'start' : readChoice(text ?? '');
}

/** `whatsapp:+16505551234`, or the number without its plus. */
function contactOf(address: string | null): string | null {
  const digits = /^(?:whatsapp:)?\+?(\d{5,15})$/.exec(address?.trim() ?? '')?.[1];
  if (digits === undefined) return null;
  const read = normalizePhone(`+${digits}`, null);
  return read.ok ? read.value : `+${digits}`;
}

function textIn(form: URLSearchParams, name: string, longest = LONGEST_ID): string | null {
  const text = form.get(name)?.slice(0, longest).toWellFormed() ?? '';
  return text === '' ? null : text;
}

function event(
  { sender, receivedAt }: Callback,
  key: string,
  given: Partial<ProviderEvent> & Pick<ProviderEvent, 'type'>,
): ProviderEvent {
  return {
    provider: PROVIDER,
    key: createHash('sha256').update(key).digest('base64url').slice(0, 32),
    sender,
    attemptId: null,
    contact: null,
    userId: null,
    occurredAt: receivedAt,
    code: null,
    detail: null,
    ...given,
  };
}

/** What this version does not know: that it came, and which fields it has. What they say may be about somebody. */
function unknown(callback: Callback, code: string): ProviderEvent {
  const fields = [...new Set(callback.form.keys())].slice(0, 60).map((name) => name.slice(0, 60));
  const key = `unknown ${code} ${callback.form}`;
  return event(callback, key, { type: 'unknown', code: code.slice(0, 60), detail: { raw: { fields } } });
}
