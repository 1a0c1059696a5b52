import { type Hidden, redactSecrets, withoutAddresses } from './redact-secrets.ts';

/** Enough to say anything; what follows is not worth its work. */
const MOST_READ = 1_000;
const MAX_DETAILS_LENGTH = 200;
/** See Other follows something done; 408 and nginx's 499 also come from gateways that had passed the request on. */
export const IN_DOUBT = new Set([303, 408, 499]);

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Provider's words without phones, addresses, ids and secrets, on one line, short enough to store. */
export function redact(text: string, hidden: readonly Hidden[]): string {
  const clean = withoutAddresses(redactSecrets(text, hidden).slice(0, MOST_READ))
    .replace(/[\w-]{40,}/g, '<id>')
    // Seven digits make a phone, also when spaces, dots, dashes or brackets stand between them.
    .replace(/\+?\(?\d(?:[\s().-]{0,2}\d){6,}/g, '<number>')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return clean.length > MAX_DETAILS_LENGTH ? `${clean.slice(0, MAX_DETAILS_LENGTH - 1)}…` : clean;
}
