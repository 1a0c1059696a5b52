import { createHash } from 'node:crypto';
import { parseAttemptId } from '../../../core/deliveries/attempt-id.ts';
import type { EventDetail, ProviderEvent } from '../../../core/events/event.ts';
import { normalizeEmail } from '../../../core/leads/contact.ts';
import type { SuppressionReason } from '../../../core/suppressions/suppression.ts';
import { redact } from '../../answers.ts';
import { shapeOf } from '../../loose.ts';
import { MEANINGS } from '../bounces/meanings.ts';
import { type BounceClass, judgeWords } from '../bounces/reasons.ts';

/** What one event of a provider is about. */
export interface Told {
  /** As `SenderAbout.provider` has it. */
  readonly provider: string;
  /** What tells this event from others of the provider, however long. */
  readonly key: string;
  /** As it came back; null: none did. */
  readonly attemptId: string | null;
  /** Whom it is about, as the provider writes it. */
  readonly address: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly messageId: string | null;
}

type Saying = Partial<Pick<ProviderEvent, 'type' | 'code' | 'detail'>> & Pick<ProviderEvent, 'type'>;

/** One event. The contact is named only where no delivery of ours is: an address that mail was forwarded to is not theirs. */
export function toEvent(told: Told, { type, code = null, detail = null }: Saying): ProviderEvent {
  const attemptId = told.attemptId !== null && parseAttemptId(told.attemptId) ? told.attemptId : null;
  const read = attemptId === null && told.address !== null ? normalizeEmail(told.address) : null;
  return {
    provider: told.provider,
    key: hashOf(told.key),
    type,
    sender: null,
    attemptId,
    contact: read?.ok ? read.value : null,
    userId: null,
    occurredAt: told.at,
    code,
    detail: { ...detail, ...(told.messageId !== null && { messageId: told.messageId }) },
  };
}

/**
 * A message that came back.
 * @param kind whose fault the provider says it is
 * @param said what the receiving server said: where that is clear, and the provider is not, it decides
 */
export function toBounce(
  told: Told,
  kind: BounceClass,
  said: string | null,
  status: string | null = null,
): ProviderEvent {
  const { type, code, detail } = MEANINGS[judge(kind, said ?? '', status)];
  return toEvent(told, { type, code, detail: { ...detail, ...wordsOf(said) } });
}

/** Providers call a full mailbox or a block "permanent", and a domain that is gone "transient": words tell. */
function judge(kind: BounceClass, said: string, status: string | null): BounceClass {
  if (said === '' && status === null) return kind;
  const words = judgeWords(said, status);
  if (words.reason === 'undefined' || kind === 'message' || kind === 'sender') return kind;
  if (words.kind === 'sender' || words.kind === 'message') return words.kind;
  if (kind === 'hard') return words.reason === 'mailboxfull' ? 'soft' : 'hard';
  const isGone = words.reason === 'hostunknown' || words.status?.startsWith('5.') === true;
  return words.kind === 'hard' && isGone ? 'hard' : 'soft';
}

/** The provider did not even try, for the address is on a list of its own. */
export function toSuppressed(
  told: Told,
  said: string | null,
  reason: SuppressionReason | null,
): ProviderEvent {
  const because = 'The provider did not send it: it keeps this address on a list of its own.';
  return toEvent(told, {
    type: 'failed',
    code: 'provider_suppressed',
    detail: { because, ...(reason !== null && { suppress: reason }), ...wordsOf(said) },
  });
}

/** The provider took it and did not send it, for another reason. */
export function toRefused(told: Told, said: string | null): ProviderEvent {
  const because = 'The provider took the message, and then did not send it.';
  return toEvent(told, {
    type: 'failed',
    code: 'provider_refused',
    detail: { because, pauses: 'send_if_repeated', ...wordsOf(said) },
  });
}

/** What has no effect: that it came, and how it is built. */
export function toUnknown(
  told: Pick<Told, 'provider' | 'key' | 'at'>,
  code: string,
  value: unknown,
): ProviderEvent {
  return toEvent(
    { ...told, attemptId: null, address: null, messageId: null },
    { type: 'unknown', code: code.replace(/[^\w.-]/g, '_').slice(0, 60), detail: { raw: shapeOf(value) } },
  );
}

function wordsOf(said: string | null): Pick<EventDetail, 'said'> {
  const clean = said === null ? '' : redact(said, []);
  return clean === '' ? {} : { said: clean };
}

export function hashOf(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 32);
}

/** ISO 8601, or seconds or milliseconds since 1970; the other time where it is none of them. */
export function timeOf(value: string | null, unit: 'iso' | 's' | 'ms', otherwise: number): number {
  const ms =
    unit === 'iso' ? Date.parse(value ?? '') : Number(value ?? Number.NaN) * (unit === 's' ? 1_000 : 1);
  return Number.isFinite(ms) && ms > 0 && ms < 1e14 ? Math.round(ms) : otherwise;
}
