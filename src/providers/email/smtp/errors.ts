import type { Outcome } from '../../../core/deliveries/sender.ts';
import { type Hidden, redactSecrets, withoutAddresses } from '../../redact-secrets.ts';
import type { Reply } from './reply.ts';

/** Which step of an SMTP session a reply answers; `body` is the reply after the final dot. */
export type Phase = 'connect' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body';

/** What a verdict needs to know of the relay. */
export interface Terms {
  /** What its words must not bring back; a login adds to it. */
  readonly hidden: Hidden[];
  readonly hasLogin: boolean;
}

/** "Try again later" for greylisting and full queues: sooner than this is refused again. */
const RETRY_AFTER_MS = 5 * 60_000;

type Verdict =
  | 'account'
  | 'throttled'
  | 'slow_down'
  | 'transient'
  | 'unknown_address'
  | 'permanent'
  | 'breaker'
  | 'stop_send'
  | 'smtputf8';

interface Row {
  readonly when: (reply: Reply, phase: Phase, terms: Terms) => boolean;
  readonly verdict: Verdict;
}

const GREYLISTED = /gr[ae]y-?list/i;
const UNKNOWN_USER =
  /(user|recipient|mailbox|address|account)\b.{0,40}\b(unknown|not found|does ?n[o']t exist|disabled|inactive)|(no such|unknown|invalid) (user|recipient|mailbox|address)|no mailbox/i;
const RELAY_DENIED =
  /relay(ing)?\b.{0,60}\b(denied|not permitted|not allowed|prohibited|disabled|refused|rejected)|(unable|not (permitted|allowed|authori[sz]ed)) to relay|(do not|don't|doesn't|no) relay|rcpthosts/i;
const LOGIN_WANTED =
  /authentication (is )?(required|needed|expected)|must (first )?(be )?authenticated?\b|(client|user) (was |is )?not authenticated|turn on smtp auth|(log|sign) ?in (first|before)|login required/i;
/** Postfix's submission port closes the door on the client, whoever the mail is for. */
const DOOR_CLOSED = /client host rejected|^(<[^>]*>: ?)?access denied/i;
const TLS_WANTED = /starttls|encryption (is )?(required|needed)|tls (is )?(required|needed)/i;
const DAILY = /daily|per day|quota|24.?h/i;
const TOO_FAST = /throttl|sending rate|rate limit|too (many|fast).{0,40}(per|second|minute|hour|rate)/i;
const SENDER_REFUSED = /sender (address )?(rejected|denied|not allowed|not owned)|not owned by user/i;
const ADDRESS_REFUSED = /(recipient|address|mailbox)/i;
const TOO_LARGE = /size|too (large|big)/i;

const isEarly = (phase: Phase) => phase === 'connect' || phase === 'auth' || phase === 'mail';
const is4xx = (reply: Reply) => reply.code >= 400 && reply.code < 500;
const isSyntax = (reply: Reply) => reply.code >= 500 && reply.code <= 504;
const is5xx = (reply: Reply) => reply.code >= 500;
const has = (...statuses: string[]) => {
  const set = new Set(statuses);
  return (reply: Reply) => set.has(reply.status);
};
/** `x.7.23` to `x.7.32` and the like. */
const between = (prefix: string, from: number, to: number) => (reply: Reply) => {
  const detail = reply.status.startsWith(prefix) ? Number(reply.status.slice(prefix.length)) : Number.NaN;
  return detail >= from && detail <= to;
};

/**
 * What a reply means, the first row that fits. Sources: RFC 5321 section 4.2.3, RFC 3463, RFC 5248, RFC 6531, and
 * the providers' own texts (Gmail 4.7.28 and 5.7.26, Microsoft RP-00x, SC-00x and 5.7.515, Yahoo TS*).
 */
const ROWS: readonly Row[] = [
  // Speed. Greylisting first: some servers give it the status of a rate limit.
  { when: (reply) => is4xx(reply) && GREYLISTED.test(reply.text), verdict: 'transient' },
  {
    when: (reply) => is4xx(reply) && (reply.status === '4.7.28' || /\bRP-00\d|\bTS\d\d/.test(reply.text)),
    verdict: 'throttled',
  },
  // SES gives its speed limit the code of a failed login; the one for the day is a person's business.
  {
    when: (reply, phase) =>
      is4xx(reply) && phase !== 'auth' && TOO_FAST.test(reply.text) && !DAILY.test(reply.text),
    verdict: 'slow_down',
  },
  // Too many messages, or recipients although there is one to each: of a session, or in a time.
  { when: (reply) => isSessionLimit(reply), verdict: 'slow_down' },
  // Gmail's word for forbidden attachments, which the status alone would read as a login.
  { when: (reply) => reply.code === 552 && reply.status === '5.7.0', verdict: 'stop_send' },
  // The sender itself: reputation, DNS, DKIM, credentials, daily limit. Some of it comes as 4xx.
  { when: between('4.7.', 23, 32), verdict: 'account' },
  { when: between('5.7.', 25, 30), verdict: 'account' },
  { when: (reply) => /\bSC-00\d/.test(reply.text), verdict: 'account' },
  {
    when: has('5.7.515', '5.4.5', '5.7.8', '5.7.0', '5.7.9', '5.7.57', '5.7.60', '5.1.7', '5.1.8'),
    verdict: 'account',
  },
  { when: (reply) => [454, 530, 534, 535, 538].includes(reply.code), verdict: 'account' },
  { when: (reply, phase) => phase === 'auth' && is5xx(reply), verdict: 'account' },
  { when: (reply) => is5xx(reply) && RELAY_DENIED.test(reply.text), verdict: 'account' },
  { when: (reply) => is5xx(reply) && SENDER_REFUSED.test(reply.text), verdict: 'account' },
  { when: (reply) => is5xx(reply) && LOGIN_WANTED.test(reply.text), verdict: 'account' },
  { when: (reply) => reply.code === 503 && /auth/i.test(reply.text), verdict: 'account' },
  {
    when: (reply, _phase, { hasLogin }) => !hasLogin && is5xx(reply) && DOOR_CLOSED.test(reply.text),
    verdict: 'account',
  },
  { when: (reply) => reply.code === 421 || reply.status === '4.7.0', verdict: 'throttled' },
  // 450, 451, 452, 4.2.1, 4.2.2, 4.3.x, 4.4.x, and whatever else may pass.
  { when: is4xx, verdict: 'transient' },
  // The message or our own protocol: the same for every lead.
  { when: has('5.3.4', '5.2.3', '5.6.0'), verdict: 'stop_send' },
  { when: has('5.6.7', '5.6.9'), verdict: 'smtputf8' },
  {
    when: (reply, phase) =>
      reply.code === 552 && (phase === 'mail' || (!reply.status && TOO_LARGE.test(reply.text))),
    verdict: 'stop_send',
  },
  // One odd address must not stop everyone: Postfix answers it with 501 5.1.3 or 504 5.5.2.
  {
    when: (reply, phase) =>
      phase === 'rcpt' &&
      isSyntax(reply) &&
      !reply.status.startsWith('5.1.') &&
      ADDRESS_REFUSED.test(reply.text),
    verdict: 'breaker',
  },
  { when: (reply) => isSyntax(reply) && !reply.status.startsWith('5.1.'), verdict: 'stop_send' },
  { when: (reply) => reply.code === 555, verdict: 'stop_send' },
  // MAIL FROM names only the sender: no other lead would fare better.
  { when: (_reply, phase) => phase === 'mail', verdict: 'account' },
  // The address. `5.7.1` on 553 is policy, so the plain codes come after the statuses that say more.
  { when: has('5.1.0', '5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10', '5.2.1'), verdict: 'unknown_address' },
  { when: has('5.2.2'), verdict: 'permanent' },
  { when: (reply) => reply.status.startsWith('5.7.'), verdict: 'breaker' },
  { when: (reply) => reply.code === 553 || reply.code === 556, verdict: 'unknown_address' },
  { when: (reply) => reply.code === 552, verdict: 'permanent' },
  {
    when: (reply, phase) =>
      phase === 'rcpt' && reply.code === 550 && !reply.status && UNKNOWN_USER.test(reply.text),
    verdict: 'unknown_address',
  },
  { when: is5xx, verdict: 'breaker' },
];

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
const ENOUGH_MESSAGES =
  /too many (messages|mails|emails|transactions|errors|recipients)|(message|mail|transaction)s? (limit|per (session|connection)|(in|on) (this|one) (session|connection))|max(imum)? (number of )?(messages|mails|transactions)/i;

/** A server that takes no commands in groups after all (RFC 2920). A missing login is also answered with 503. */
export function isOutOfStep(reply: Reply): boolean {
  if (!is5xx(reply)) return false;
  return (reply.code === 503 && !/auth/i.test(reply.text)) || OUT_OF_STEP.test(reply.text);
}

/**
 * "Enough on this connection", from a server that has served on it: Exim, OpenSMTPD, sendmail and the large providers
 * each have a limit. A fresh session is the answer; one that hears it at once is told the truth by {@link classify}.
 * Of recipients there is one to a message, so too many of them are too many on the connection.
 */
export function isSessionLimit(reply: Reply): boolean {
  return is4xx(reply) && (reply.status === '4.5.3' || ENOUGH_MESSAGES.test(reply.text));
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
