import { TidingsError } from '../../../errors.ts';
import type { Endpoint } from '../../exchange.ts';
import { originOf } from '../../origin-of.ts';
import { type Hidden, hide } from '../../redact-secrets.ts';
import type { EmailIdentity } from '../message/identity.ts';

/** What all providers of email by HTTP are told. */
export interface ApiOptions {
  /** `EMAIL_FROM`: `Name <address>`. */
  readonly from: string;
  /** `EMAIL_RATE`: messages a second; null for no limit of our own. */
  readonly ratePerSecond: number | null;
  /** `RESEND_API_URL` and the like. */
  readonly apiUrl?: string | null | undefined;
  /** What all emails say of who sends them; without it they have no link to unsubscribe. */
  readonly identity?: EmailIdentity | undefined;
  /** Default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** Waits before a lost answer is asked for again, where the provider knows repeats. Default 0.5 s and 2 s. */
  readonly askAgainMs?: readonly number[] | undefined;
}

export interface ApiEndpoint extends Endpoint {
  /** What no answer may bring back. */
  readonly hidden: readonly Hidden[];
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** @throws TidingsError `configuration` when the address cannot be used; it names the variable. */
export function endpointOf(
  { apiUrl, timeoutMs = DEFAULT_TIMEOUT_MS }: Pick<ApiOptions, 'apiUrl' | 'timeoutMs'>,
  given: {
    /** The variable that names another address, and the usual one. */
    readonly variable: string;
    readonly usual: string;
    readonly authorization?: string;
    readonly secrets: readonly string[];
  },
): ApiEndpoint {
  return {
    origin: originOf(given.variable, apiUrl ?? given.usual, given.usual),
    authorization: given.authorization ?? null,
    hidden: given.secrets.map((secret) => hide(secret, '<key>')),
    timeoutMs,
  };
}

/** @throws TidingsError `configuration` when it cannot stand in a header; it never repeats the value. */
export function checkSecret(variable: string, value: string): string {
  if (/^[!-~]+$/.test(value)) return value;
  throw new TidingsError(
    'configuration',
    `${variable} is empty or holds spaces, line breaks or characters that no key has.`,
    { fix: 'Paste the key alone, on one line, without quotes.' },
  );
}
