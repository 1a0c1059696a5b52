import type { Claim } from '../deliveries/claim.ts';
import type { Outcome } from '../deliveries/sender.ts';

/** What the log tells of one attempt at `LOG_LEVEL=debug`: ids that lead to its row and to the provider's own log. */
export function attemptLogFields(
  { chunk, attempt, recipient }: Claim,
  outcome: Outcome,
  startedAtMs: number,
): object {
  return {
    send: chunk.id,
    chunk: chunk.number,
    delivery: attempt.deliveryId,
    attempt: attempt.attemptId,
    outcome: outcome.type,
    ...('code' in outcome && { code: outcome.code }),
    ...(outcome.type === 'accepted' && {
      providerMessageId: withoutRecipient(outcome.providerMessageId, recipient.contact),
    }),
    ms: Math.round(performance.now() - startedAtMs),
  };
}

/** Some providers write whom it went to into the id, in base64 (WhatsApp's `wamid.…`): such an id is not told. */
function withoutRecipient(id: string, contact: string): string | undefined {
  const bare = contact.replace(/^\+/, '');
  const parts = id.split('.').map((part) => Buffer.from(part, 'base64').toString('latin1'));
  return [id, ...parts].some((text) => text.includes(bare)) ? undefined : id;
}
