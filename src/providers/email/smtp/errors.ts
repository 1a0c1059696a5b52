import type { Outcome } from '../../../core/deliveries/sender.ts';
import { type Hidden, redactSecrets, withoutAddresses } from '../../redact-secrets.ts';
import type { Reply } from './reply.ts';
import {
  DOOR_CLOSED,
  is5xx,
  isEarly,
  LOGIN_WANTED,
  type Phase,
  RELAY_DENIED,
  ROWS,
  type Terms,
  TLS_WANTED,
} from './reply-rows.ts';

/** "Try again later" for greylisting and full queues: sooner than this is refused again. */
const RETRY_AFTER_MS = 5 * 60_000;

const STEPS: Readonly<Record<Phase, string>> = {
  connect: 'The mail server did not open a session',
  auth: 'The mail server did not accept the login',
  mail: 'The mail server refused the sender',
  rcpt: 'The mail server refused the recipient',
  data: 'The mail server refused the message',
  body: 'The mail server refused the message',
};

const NO_SECRETS: Terms = { hidden: [], hasLogin: false };

/** What became of a message whose last word from the server is `reply`; a 4xx or 5xx means certainly not sent. */
export function classify(reply: Reply, phase: Phase, terms: Terms = NO_SECRETS): Outcome {
  const outcome = outcomeOf(reply, phase, terms);
  // To a login a server may answer with whatever it was just told, in any form: of that only the codes are passed on.
  return phase === 'auth' ? outcome : { ...outcome, said: redact(wordsOf(reply), terms.hidden) };
}

function outcomeOf(reply: Reply, phase: Phase, terms: Terms): Outcome {
  const verdict = ROWS.find((row) => row.when(reply, phase, terms))?.verdict;
  const code = `smtp_${reply.code}${reply.status ? `_${reply.status}` : ''}`;
  const codes = [reply.code, reply.status].filter(Boolean).join(' ');
  const message = `${STEPS[phase]} (${codes}).${wayOut(reply, phase, terms)}`;
  // Before a session stands, a reply speaks of the relay and not of this message, unless it blames the account.
  if (phase === 'connect' || phase === 'auth') {
    return verdict === 'account'
      ? { type: 'account', code, message }
      : { type: 'transient', scope: 'sender', code, message };
  }
  switch (verdict) {
    case 'account':
      return { type: 'account', code, message };
    case 'throttled':
      return { type: 'throttled', scope: isEarly(phase) ? 'sender' : 'domain', code, message };
    case 'slow_down':
      return { type: 'throttled', scope: 'sender', code, message };
    case 'transient':
      return isEarly(phase)
        ? { type: 'transient', scope: 'sender', code, message }
        : { type: 'transient', scope: 'recipient', code, message, retryAfterMs: RETRY_AFTER_MS };
    case 'unknown_address':
      return { type: 'permanent', code, message, suppress: 'bounced' };
    case 'permanent':
      return { type: 'permanent', code, message };
    case 'breaker':
      return { type: 'permanent', code, message, breaker: true };
    case 'stop_send':
      return { type: 'stop_send', code, message };
    case 'smtputf8':
      return { type: 'skipped', code: 'smtputf8_unsupported', message };
    default:
      // A 2xx or 3xx where it does not belong: the session is out of step, and nothing it said can be relied on.
      return { type: phase === 'body' ? 'uncertain' : 'stop_send', code, message };
  }
}

/** What helps, where the server's words alone would not tell. */
function wayOut({ code, text }: Reply, phase: Phase, { hasLogin }: Terms): string {
  if (code < 500 || phase === 'auth') return '';
  if (TLS_WANTED.test(text)) return ' It wants TLS: take ?tls=off out of SMTP_URL, or use smtps://.';
  const wantsLogin = code === 530 || LOGIN_WANTED.test(text) || DOOR_CLOSED.test(text);
  if (!hasLogin && (wantsLogin || RELAY_DENIED.test(text)))
    return ' SMTP_URL has no user and password: this server wants a login, or does not send for this machine.';
  return hasLogin && RELAY_DENIED.test(text)
    ? ' It does not send for this login, or not from EMAIL_FROM.'
    : '';
}

const OUT_OF_STEP = /pipelin|synchroni[sz]ation/i;
/** A server that takes no commands in groups after all (RFC 2920). A missing login is also answered with 503. */
export function isOutOfStep(reply: Reply): boolean {
  if (!is5xx(reply)) return false;
  return (reply.code === 503 && !/auth/i.test(reply.text)) || OUT_OF_STEP.test(reply.text);
}

/** Whether that limit is a number of messages for each session, rather than errors or a rate. */
export function countsBySession({ status, text }: Reply): boolean {
  return (status === '4.5.3' || /session|connection/i.test(text)) && !/too many errors/i.test(text);
}

/** Enough to say anything; what follows is not worth its work. */
const MOST_READ = 1_000;

/** A server's words without anyone's address and without what it was told in confidence, short enough to store. */
export function redact(text: string, hidden: readonly Hidden[] = []): string {
  const clean = withoutAddresses(redactSecrets(text, hidden).slice(0, MOST_READ));
  return clean.length > 200 ? `${clean.slice(0, 199)}…` : clean;
}

function wordsOf(reply: Reply): string {
  return [reply.code, reply.status, reply.text].filter(Boolean).join(' ');
}
