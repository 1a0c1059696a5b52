import type { Outcome } from '../../../core/deliveries/sender.ts';
import type { SuppressionReason } from '../../../core/suppressions/suppression.ts';
import { IN_DOUBT, parseJson, redact } from '../../answers.ts';
import type { Exchange } from '../../exchange.ts';
import type { Hidden } from '../../redact-secrets.ts';

export type Verdict =
  | { readonly type: 'transient' | 'throttled'; readonly scope: 'recipient' | 'sender' }
  | { readonly type: 'permanent'; readonly breaker?: true; readonly suppress?: SuppressionReason }
  | { readonly type: 'stop_send' }
  | { readonly type: 'account' }
  | { readonly type: 'uncertain' };

export const ACCOUNT: Verdict = { type: 'account' };
export const BREAKER: Verdict = { type: 'permanent', breaker: true };
export const PERMANENT: Verdict = { type: 'permanent' };
export const STOP: Verdict = { type: 'stop_send' };
export const TOO_FAST: Verdict = { type: 'throttled', scope: 'sender' };
export const LATER: Verdict = { type: 'transient', scope: 'sender' };
export const UNCERTAIN: Verdict = { type: 'uncertain' };

/** Some refusals of a provider, what they mean and the way out. Of several that fit, the first one counts. */
export interface ErrorRow {
  /** As the provider writes them; where it has none, the HTTP status. */
  readonly codes: readonly (string | number)[];
  /** Only with this HTTP status. */
  readonly status?: number;
  /** Only where the provider's words say so. */
  readonly words?: RegExp;
  readonly verdict: Verdict;
  readonly says: string;
}

/** A refusal as the provider wrote it. */
export interface Refusal {
  readonly code: string | number;
  readonly words: string;
}

/** How a provider is to be understood. */
export interface ApiLanguage {
  /** As people call it. */
  readonly name: string;
  /** What its codes begin with. */
  readonly prefix: string;
  /** The variable with the address of its API. */
  readonly urlVariable: string;
  readonly rows: readonly ErrorRow[];
  /** Null when the body is not one of the provider's own refusals. */
  refusal(json: unknown, answer: Answered): Refusal | null;
  /** Until the provider takes more, where it says so in a header of its own. */
  waitMs?(headers: Answered['headers']): number | null;
}

export type Answered = Extract<Exchange, { type: 'answered' }>;

/** What became of a request that brought no good answer. */
export function classifyFailure(
  language: ApiLanguage,
  exchange: Exchange,
  hidden: readonly Hidden[],
): Outcome {
  const { name, prefix, urlVariable } = language;
  if (exchange.type === 'not_sent') {
    const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO/.test(exchange.code);
    const what = isCertificate
      ? `The certificate of the server of ${name} is not trusted`
      : `The API of ${name} cannot be reached`;
    const message = `${what} (${exchange.code}); nothing was sent. Check the network and ${urlVariable}.`;
    return { type: 'transient', scope: 'sender', code: exchange.code, message };
  }
  if (exchange.type === 'lost') {
    const message = /timeout/i.test(exchange.code)
      ? `${name} did not answer in time; the message may or may not have left.`
      : `The connection to ${name} broke before the answer; the message may or may not have left.`;
    return { type: 'uncertain', code: exchange.code, message };
  }
  const { status } = exchange;
  const code = `${prefix}_http_${status}`;
  if (status >= 200 && status < 300) {
    const message = `${name} answered ${status} without an id of the message; it may or may not have left.`;
    return { type: 'uncertain', code, message };
  }
  const refusal = language.refusal(parseJson(exchange.body), exchange);
  if (refusal) return classifyRefusal(language, refusal, exchange, hidden);
  if (status === 429) return tooFast(language, code, exchange);
  // Whoever wrote a 3xx or 4xx refused it (RFC 9110, section 15.5), and would refuse the next lead's as well.
  if (status >= 300 && status < 500 && !IN_DOUBT.has(status))
    return {
      type: 'account',
      code,
      message: `Something on the way to ${name} refused the request with HTTP ${status}, not ${name} itself. Check ${urlVariable} and any proxy or firewall, then resume.`,
    };
  const message = `The way to ${name} failed with HTTP ${status}; the message may or may not have left.`;
  return { type: 'uncertain', code, message };
}

/** What a refusal in the provider's own form means, alone or for one message of many. */
export function classifyRefusal(
  language: ApiLanguage,
  refusal: Refusal,
  answer: Pick<Answered, 'status' | 'retryAfterMs' | 'headers'>,
  hidden: readonly Hidden[],
): Outcome {
  const { name, prefix, rows } = language;
  const known = String(refusal.code);
  const code = `${prefix}_${/^[\w.-]{1,60}$/.test(known) ? known : 'error'}`;
  const said = redact(refusal.words, hidden);
  const words = said === '' ? {} : { said };
  const row = rows.find(
    (one) =>
      one.codes.some((own) => String(own) === known) &&
      (one.status === undefined || one.status === answer.status) &&
      (one.words === undefined || one.words.test(refusal.words)),
  );
  if (row) {
    const { verdict, says: message } = row;
    const waits = verdict.type === 'transient' || verdict.type === 'throttled';
    return { ...verdict, code, message, ...words, ...(waits && waitOf(language, answer)) };
  }
  if (answer.status === 429) return { ...tooFast(language, code, answer), ...words };
  if (answer.status < 500)
    return { type: 'permanent', code, message: `${name} refused the message.`, breaker: true, ...words };
  // It may have taken it before it failed: only a code that is known to mean "not sent" may say so.
  const message = `${name} reported a fault; the message may or may not have left.`;
  return { type: 'uncertain', code, message, ...words };
}

function tooFast(
  language: ApiLanguage,
  code: string,
  answer: Pick<Answered, 'retryAfterMs' | 'headers'>,
): Outcome {
  const message = `${language.name} takes no more requests just now; lower EMAIL_RATE if this comes often.`;
  return { type: 'throttled', scope: 'sender', code, message, ...waitOf(language, answer) };
}

function waitOf(language: ApiLanguage, answer: Pick<Answered, 'retryAfterMs' | 'headers'>) {
  const retryAfterMs = answer.retryAfterMs ?? language.waitMs?.(answer.headers) ?? null;
  return retryAfterMs === null ? {} : { retryAfterMs };
}

const LONGEST_WAIT_S = 3_600;

/** A header of seconds from now, such as Brevo's `x-sib-ratelimit-reset`. */
export function secondsIn(headers: Answered['headers'], name: string): number | null {
  const value = headers[name];
  if (typeof value !== 'string' || !/^\d{1,9}$/.test(value.trim())) return null;
  return Math.min(Number(value), LONGEST_WAIT_S) * 1_000;
}
