import type { EventDetail, EventType, ProviderEvent } from '../../../../core/events/event.ts';
import { redact } from '../../../answers.ts';
import { isLoose, type Loose, listIn, textIn } from '../../../loose.ts';
import type { Hidden } from '../../../redact-secrets.ts';
import { classifyGraphError } from '../errors.ts';
import { event, type Place, timeIn, unknown } from './keep.ts';

/** Played is what "read" is of a voice message. */
const TYPES: Readonly<Record<string, EventType>> = {
  sent: 'accepted',
  delivered: 'delivered',
  read: 'read',
  played: 'read',
  failed: 'failed',
};
/** Outside of the 24 hours, whatever we know. */
const WINDOW_IS_CLOSED = 131047;

/** `value.statuses[]`: what became of one of our messages, by the attempt id that travelled with it. */
export function readStatus(place: Place, given: unknown, hidden: readonly Hidden[]): ProviderEvent[] {
  const id = textIn(given, 'id');
  const status = textIn(given, 'status');
  if (!isLoose(given) || id === null || status === null) return [unknown(place, 'status', given)];
  const type = TYPES[status];
  if (type === undefined) return [unknown(place, `status_${status}`, given)];
  const common = {
    attemptId: textIn(given, 'biz_opaque_callback_data'),
    userId: textIn(given, 'recipient_user_id'),
    occurredAt: timeIn(given, 'timestamp') ?? place.at,
  };
  const key = `status ${id} ${status}`;
  if (type !== 'failed') return [event(place, key, { ...common, type, detail: { messageId: id } })];
  const { code, optsOut, ...detail } = readFailure(given, hidden);
  const failed = event(place, key, { ...common, type, code, detail: { ...detail, messageId: id } });
  if (!optsOut) return [failed];
  return [failed, event(place, `${key} opted out`, { ...common, type: 'opted_out', code: 'marketing' })];
}

/** What the code of a late failure means: the same as in an answer, but that nothing is tried again by it. */
function readFailure(
  given: Loose,
  hidden: readonly Hidden[],
): EventDetail & { code: string; optsOut: boolean } {
  const error = listIn(given, 'errors').find(isLoose);
  const number = Number(textIn(error, 'code') ?? Number.NaN);
  if (!Number.isSafeInteger(number)) return { code: 'not_delivered', optsOut: false };
  const words =
    textIn(error?.['error_data'], 'details', 1_000) ??
    textIn(error, 'message', 1_000) ??
    textIn(error, 'title') ??
    '';
  const outcome = classifyGraphError({ code: number, details: redact(words, hidden) }, 400, null);
  const detail = {
    because: 'message' in outcome ? outcome.message : undefined,
    said: outcome.said,
    pauses: pausesBy(outcome),
    window: number === WINDOW_IS_CLOSED ? ('closes' as const) : undefined,
    heldBack: outcome.type === 'permanent' ? outcome.heldBack : undefined,
  };
  const told = Object.fromEntries(Object.entries(detail).filter(([, one]) => one !== undefined));
  const optsOut = outcome.type === 'permanent' && outcome.suppress === 'opted_out';
  return { ...told, code: `whatsapp_${number}`, optsOut };
}

function pausesBy(outcome: ReturnType<typeof classifyGraphError>): EventDetail['pauses'] {
  if (outcome.type === 'stop_send') return 'send';
  if (outcome.type === 'account') return 'sender';
  return outcome.type === 'permanent' && outcome.breaker ? 'send_if_repeated' : undefined;
}
