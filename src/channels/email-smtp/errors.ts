import type { Outcome } from '../../core/deliveries/channel.ts';

/** Which step of an SMTP session a reply answers; `body` is the reply after the final dot. */
export type Phase = 'connect' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body';

/** A reply taken apart: `550 5.1.1 User unknown` (RFC 5321, section 4.2; RFC 3463). */
export interface Reply {
  readonly code: number;
  /** Empty when the server gives none. */
  readonly status: string;
  /** One line, without codes. */
  readonly text: string;
}

/** "Try again later" for greylisting and full queues: sooner than this is refused again. */
const RETRY_AFTER_MS = 5 * 60_000;

type Verdict =
  | 'account'
  | 'throttled'
  | 'transient'
  | 'unknown_address'
  | 'permanent'
  | 'breaker'
  | 'stop_send'
  | 'smtputf8';

interface Row {
  readonly when: (reply: Reply, phase: Phase) => boolean;
  readonly verdict: Verdict;
}

const GREYLISTED = /gr[ae]y-?list/i;
const UNKNOWN_USER =
  /(user|recipient|mailbox|address|account)\b.{0,40}\b(unknown|not found|does ?n[o']t exist|disabled|inactive)|(no such|unknown|invalid) (user|recipient|mailbox|address)|no mailbox/i;
const RELAY_DENIED = /relay(ing)? (access )?(denied|not permitted|not allowed|prohibited)|unable to relay/i;
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
  { when: (reply) => reply.code === 503 && /auth/i.test(reply.text), verdict: 'account' },
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

/** What became of a message whose last word from the server is `reply`; a 4xx or 5xx means certainly not sent. */
export function classify(reply: Reply, phase: Phase): Outcome {
  return { ...outcomeOf(reply, phase), said: describe(reply) };
}

function outcomeOf(reply: Reply, phase: Phase): Outcome {
  const verdict = ROWS.find((row) => row.when(reply, phase))?.verdict;
  const code = `smtp_${reply.code}${reply.status ? `_${reply.status}` : ''}`;
  const message = `${STEPS[phase]} (${[reply.code, reply.status].filter(Boolean).join(' ')}).`;
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

const OUT_OF_STEP = /pipelin|synchroni[sz]ation/i;
const ENOUGH_MESSAGES =
  /too many (messages|mails|emails|transactions|errors|recipients)|(message|mail|transaction)s? (limit|per (session|connection)|(in|on) (this|one) (session|connection))|max(imum)? (number of )?(messages|mails|transactions)/i;

/** A server that takes no commands in groups after all (RFC 2920). A missing login is also answered with 503. */
export function isOutOfStep(code: number, text: string): boolean {
  return (code === 503 && !/auth/i.test(text)) || (code >= 500 && OUT_OF_STEP.test(text));
}

/**
 * "Enough on this connection", from a server that has served on it: Exim, OpenSMTPD, sendmail and the large providers
 * each have a limit. A fresh session is the answer; one that hears it at once is told the truth by {@link classify}.
 * Of recipients there is one to a message, so too many of them are too many on the connection.
 */
export function isSessionLimit(code: number, text: string): boolean {
  return code >= 400 && code < 500 && (/^4\d\d[ -]4\.5\.3\b/.test(text) || ENOUGH_MESSAGES.test(text));
}

/** Whether that limit is a number of messages for each session, rather than errors or a rate. */
export function countsBySession(text: string): boolean {
  return /4\.5\.3\b|session|connection/i.test(text) && !/too many errors/i.test(text);
}

/** Takes a reply of one or many lines apart; null when it does not begin with a reply code. */
export function parseReply(response: string): Reply | null {
  const code = /^[2-5]\d\d/.exec(response)?.[0];
  if (!code) return null;
  const lines = response.split(/\r?\n/).map((line) => line.replace(/^\d{3}[ -]?/, ''));
  const status = /^[245]\.\d{1,3}\.\d{1,3}\b/.exec(lines[0]!)?.[0] ?? '';
  const text = lines
    .map((line) => (status && line.startsWith(status) ? line.slice(status.length) : line).trim())
    .filter(Boolean)
    .join(' ');
  return { code: Number(code), status, text };
}

/** A server's words without anyone's address in them, short enough to store. */
export function redact(text: string): string {
  const clean = text.replace(/<?(?:"[^"]*"|[^\s<>"'(),;:[\]]+)@[^\s<>"'(),;:]+>?/gu, '<address>');
  return clean.length > 200 ? `${clean.slice(0, 199)}…` : clean;
}

function describe(reply: Reply): string {
  return redact([reply.code, reply.status, reply.text].filter(Boolean).join(' '));
}
