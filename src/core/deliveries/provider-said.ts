import type { Outcome } from './sender.ts';

const MOST_CHARACTERS = 200;

/**
 * A provider's words, for a field of their own: one line of bounded length, without characters that are not seen
 * (controls, overrides of the direction, marks that hide text). They are data of a stranger: no sentence of ours holds
 * them, since models follow our sentences.
 */
export function plainWords(text: string): string {
  const clean = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return clean.length > MOST_CHARACTERS ? `${clean.slice(0, MOST_CHARACTERS - 1)}…`.toWellFormed() : clean;
}

/** Of all channels, where their outcomes are heard. */
export function inPlainWords(outcome: Outcome): Outcome {
  return outcome.said === undefined ? outcome : { ...outcome, said: plainWords(outcome.said) };
}
