import { AWAITS_TEMPLATE, GIVEN_UP, OUTCOME_UNKNOWN } from './delivery.ts';
import type { Outcome } from './sender.ts';
import type { Settlement } from './settle.ts';

/** Transient failures of one lead within a run; after them it stays pending for the next call. */
const MAX_RETRIES = 4;
const FIRST_RETRY_MS = 2_000;
export const LONGEST_RETRY_MS = 15 * 60_000;

export interface InFlight {
  readonly position: number;
  readonly attempts: number;
  readonly retries: number;
}

/** Milliseconds since 1970, by two clocks. */
export interface Now {
  /** For people: what a clock on the wall shows, which may be set. */
  readonly wallMs: number;
  /** For waiting: never goes back and never jumps while the process lives. */
  readonly steadyMs: number;
}

/** It never changes, and asking costs as much as asking the clock. */
const STARTED_AT = performance.timeOrigin;

export function now(): Now {
  return { wallMs: Date.now(), steadyMs: Math.round(STARTED_AT + performance.now()) };
}

/** What an outcome means for its row. Pure: the clocks and the dice are handed in. */
export function resolveOutcome(row: InFlight, outcome: Outcome, at: Now, dice: number): Settlement {
  // As almost all are.
  if (outcome.type === 'accepted')
    return {
      position: row.position,
      attempts: row.attempts,
      status: 'sent',
      retries: row.retries,
      retryAt: null,
      errorCode: null,
      error: null,
      providerSaid: null,
      providerMessageId: outcome.providerMessageId,
      sentAt: at.wallMs,
    };
  const nowMs = at.steadyMs;
  const base = {
    position: row.position,
    attempts: row.attempts,
    retries: row.retries,
    retryAt: null,
    errorCode: null,
    error: null,
    providerSaid: null,
    providerMessageId: null,
    sentAt: null,
  };
  const told = {
    ...base,
    errorCode: outcome.code,
    error: outcome.message,
    providerSaid: outcome.said ?? null,
  };
  switch (outcome.type) {
    case 'permanent':
      return { ...told, status: 'failed' };
    case 'skipped':
      return { ...told, status: 'skipped' };
    case 'uncertain':
      return {
        ...told,
        status: 'failed',
        errorCode: OUTCOME_UNKNOWN,
        error: `${outcome.message} (${outcome.code})`,
      };
    case 'window_closed':
    case 'template_off':
      // What is told of a row that goes on would stand there after it was sent.
      return {
        ...base,
        status: 'pending',
        retryAt: outcome.type === 'window_closed' ? nowMs : AWAITS_TEMPLATE,
      };
    case 'stop_send':
    case 'account':
      return { ...told, status: 'pending', retryAt: nowMs };
    case 'throttled':
      // Being too fast is the sender's doing, and uses up no try of the lead, unless it is this lead that had too much.
      if (outcome.scope === 'recipient')
        return { ...told, ...nextTry(row, 4, outcome.retryAfterMs, nowMs, dice) };
      return { ...told, status: 'pending', retryAt: nowMs + (outcome.retryAfterMs ?? 1_000) };
    case 'transient':
      if (outcome.scope === 'sender') return { ...told, status: 'pending', retryAt: nowMs };
      if (row.retries + 1 === outcome.mostTries) return { ...told, status: 'failed' };
      return { ...told, ...nextTry(row, 2, outcome.retryAfterMs, nowMs, dice) };
  }
}

/** Later each time, by that factor, but never sooner than the provider asked for, and not all at once. */
function nextTry(row: InFlight, factor: number, askedMs: number | undefined, nowMs: number, dice: number) {
  const status = 'pending' as const;
  const { retries } = row;
  if (retries >= MAX_RETRIES) return { status, retryAt: GIVEN_UP };
  const wholeMs = Math.min((askedMs ?? FIRST_RETRY_MS) * factor ** retries, LONGEST_RETRY_MS);
  const delayMs =
    askedMs === undefined ? withJitter(wholeMs, dice) : Math.max(askedMs, wholeMs) * (1 + dice / 4);
  return { status, retries: retries + 1, retryAt: Math.round(nowMs + delayMs) };
}

/** Exponential, with "equal jitter": between a half and the whole of `first · 2^failures`, bounded by `longest`. */
export function backoffMs(failures: number, dice: number, firstMs: number, longestMs: number): number {
  return withJitter(Math.min(firstMs * 2 ** failures, longestMs), dice);
}

function withJitter(wholeMs: number, dice: number): number {
  return Math.round(wholeMs / 2 + (dice * wholeMs) / 2);
}
