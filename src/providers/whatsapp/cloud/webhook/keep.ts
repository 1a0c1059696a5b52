import { createHash } from 'node:crypto';
import type { ProviderEvent } from '../../../../core/events/event.ts';
import { normalizePhone } from '../../../../core/leads/contact.ts';
import { shapeOf, textIn } from '../../../loose.ts';

export const PROVIDER = 'whatsapp-cloud';
const LONGEST_TEXT = 4_096;

export function bodyIn(value: unknown, name: string): string | null {
  return textIn(value, name, LONGEST_TEXT);
}

/** Seconds since 1970, as text or number; milliseconds, or null. */
export function timeIn(value: unknown, name: string): number | null {
  const seconds = Number(textIn(value, name) ?? Number.NaN);
  return Number.isSafeInteger(seconds) && seconds > 0 && seconds < 1e11 ? seconds * 1_000 : null;
}

/** The contact key of a WhatsApp id, which is a number without its plus. */
export function contactOf(waId: string | null): string | null {
  if (waId === null) return null;
  const digits = waId.replace(/^\+/, '');
  if (!/^\d{5,15}$/.test(digits)) return null;
  const read = normalizePhone(`+${digits}`, null);
  return read.ok ? read.value : `+${digits}`;
}

/** What one part of a webhook belongs to. */
export interface Place {
  /** Id of the WhatsApp Business Account. */
  readonly account: string | null;
  readonly sender: string | null;
  /** When it was sent, else when it came in. */
  readonly at: number;
}

export function event(
  place: Place,
  key: string,
  given: Partial<ProviderEvent> & Pick<ProviderEvent, 'type'>,
): ProviderEvent {
  return {
    provider: PROVIDER,
    key: createHash('sha256').update(key).digest('base64url').slice(0, 32),
    sender: place.sender,
    attemptId: null,
    contact: null,
    userId: null,
    occurredAt: place.at,
    code: null,
    detail: null,
    ...given,
  };
}

/** What this version does not know: that it came, and how it is built. What it says may be about somebody, and is not kept. */
export function unknown(place: Place, code: string, value: unknown): ProviderEvent {
  const raw = shapeOf(value);
  const key = `unknown ${place.account} ${code} ${wholeText(value) ?? JSON.stringify(raw)}`;
  return event(place, key, { type: 'unknown', code: code.slice(0, 60), detail: { raw } });
}

/** null: it is nested more deeply than anything that is meant. */
function wholeText(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return null;
  }
}
