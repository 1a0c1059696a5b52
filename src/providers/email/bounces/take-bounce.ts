import { createHash } from 'node:crypto';
import type { ProviderEvent } from '../../../core/events/event.ts';
import type { Log } from '../../../log/log.ts';
import type { DeliveryToken } from '../delivery-token.ts';
import { type BounceJudgement, judgeBounce } from './judge-bounce.ts';
import { MEANINGS, type Meaning } from './meanings.ts';

const PROVIDER = 'email-bounces';

/**
 * Writes down what a mail says that came to the bounce address of a delivery; resolves when it is on disk.
 * @param take as `EventIntake` has it
 */
export async function takeBounce(
  take: (events: readonly ProviderEvent[]) => Promise<void>,
  log: Log,
  { deliveryId, attempt }: DeliveryToken,
  raw: Uint8Array,
): Promise<void> {
  const judgement = await judgeBounce(raw);
  const { kind, reason, status } = judgement;
  await take([eventOf(`${deliveryId}.${attempt}`, judgement)]);
  log.info({ kind, reason, status, delivery: deliveryId }, 'a mail came back');
}

/** The same mail again, and another one that says the same of the same attempt, are one event. */
export function eventOf(attemptId: string, { kind, reason, status }: BounceJudgement): ProviderEvent {
  // Nobody knows what it was about: nothing is called failed by a guess.
  const isGuess = kind === 'soft' && reason === 'undefined';
  const { type, code, detail }: Meaning = isGuess ? { type: 'unknown', code: 'bounce' } : MEANINGS[kind];
  // The type of a complaint is a word of whoever wrote it.
  const said = [status, reason?.replace(/[^\x20-\x7e]/g, '').slice(0, 60)].filter(Boolean).join(' ');
  return {
    provider: PROVIDER,
    key: createHash('sha256').update(`${attemptId} ${kind} ${said}`).digest('base64url').slice(0, 32),
    type,
    sender: null,
    attemptId,
    contact: null,
    userId: null,
    occurredAt: Date.now(),
    code,
    detail: { ...detail, ...(said !== '' && { said }) },
  };
}
