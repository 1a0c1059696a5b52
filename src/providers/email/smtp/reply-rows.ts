import type { Hidden } from '../../redact-secrets.ts';
import type { Reply } from './reply.ts';

/** Which step of an SMTP session a reply answers; `body` is the reply after the final dot. */
export type Phase = 'connect' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body';

/** What a verdict needs to know of the relay. */
export interface Terms {
  /** What its words must not bring back; a login adds to it. */
  readonly hidden: Hidden[];
  readonly hasLogin: boolean;
}

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
  /** Which replies, and what they mean: docs/reference/error-codes.md is made from these rows. */
  readonly says: string;
  /** One of them, and the step that it answers, when that is not the recipient. A test holds that this row fits first. */
  readonly example: string;
  readonly phase?: Phase;
}

const GREYLISTED = /gr[ae]y-?list/i;
const UNKNOWN_USER =
  /(user|recipient|mailbox|address|account)\b.{0,40}\b(unknown|not found|does ?n[o']t exist|disabled|inactive)|(no such|unknown|invalid) (user|recipient|mailbox|address)|no mailbox/i;
export const RELAY_DENIED =
  /relay(ing)?\b.{0,60}\b(denied|not permitted|not allowed|prohibited|disabled|refused|rejected)|(unable|not (permitted|allowed|authori[sz]ed)) to relay|(do not|don't|doesn't|no) relay|rcpthosts/i;
export const LOGIN_WANTED =
  /authentication (is )?(required|needed|expected)|must (first )?(be )?authenticated?\b|(client|user) (was |is )?not authenticated|turn on smtp auth|(log|sign) ?in (first|before)|login required/i;
/** Postfix's submission port closes the door on the client, whoever the mail is for. */
export const DOOR_CLOSED = /client host rejected|^(<[^>]*>: ?)?access denied/i;
export const TLS_WANTED = /starttls|encryption (is )?(required|needed)|tls (is )?(required|needed)/i;
const DAILY = /daily|per day|quota|24.?h/i;
const TOO_FAST = /throttl|sending rate|rate limit|too (many|fast).{0,40}(per|second|minute|hour|rate)/i;
const SENDER_REFUSED = /sender (address )?(rejected|denied|not allowed|not owned)|not owned by user/i;
const ADDRESS_REFUSED = /(recipient|address|mailbox)/i;
const TOO_LARGE = /size|too (large|big)/i;

export const isEarly = (phase: Phase) => phase === 'connect' || phase === 'auth' || phase === 'mail';
const is4xx = (reply: Reply) => reply.code >= 400 && reply.code < 500;
const isSyntax = (reply: Reply) => reply.code >= 500 && reply.code <= 504;
export const is5xx = (reply: Reply) => reply.code >= 500;
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
export const ROWS: readonly Row[] = [
  // Speed. Greylisting first: some servers give it the status of a rate limit.
  {
    when: (reply) => is4xx(reply) && GREYLISTED.test(reply.text),
    verdict: 'transient',
    says: '4xx that speaks of greylisting: come back in some minutes',
    example: '451 4.7.1 Greylisted, please try again',
  },
  {
    when: (reply) => is4xx(reply) && (reply.status === '4.7.28' || /\bRP-00\d|\bTS\d\d/.test(reply.text)),
    verdict: 'throttled',
    says: '4.7.28, or a 4xx with RP-00x (Microsoft) or TSxx (Yahoo): too much mail for this domain',
    example: '421 4.7.28 Unusual rate of mail',
  },
  // SES gives its speed limit the code of a failed login; the one for the day is a person's business.
  {
    when: (reply, phase) =>
      is4xx(reply) && phase !== 'auth' && TOO_FAST.test(reply.text) && !DAILY.test(reply.text),
    verdict: 'slow_down',
    says: '4xx that speaks of a sending rate (SES and others)',
    example: '454 Throttling failure: Maximum sending rate exceeded',
  },
  // Too many messages, or recipients although there is one to each: of a session, or in a time.
  {
    when: (reply) => isSessionLimit(reply),
    verdict: 'slow_down',
    says: '4.5.3, or a 4xx that speaks of too many messages in one session',
    example: '452 4.5.3 Too many recipients',
  },
  // Gmail's word for forbidden attachments, which the status alone would read as a login.
  {
    when: (reply) => reply.code === 552 && reply.status === '5.7.0',
    verdict: 'stop_send',
    says: '552 5.7.0: an attachment or link that the provider forbids',
    example: '552 5.7.0 Content blocked',
    phase: 'body',
  },
  // The sender itself: reputation, DNS, DKIM, credentials, daily limit. Some of it comes as 4xx.
  {
    when: between('4.7.', 23, 32),
    verdict: 'account',
    says: "4.7.23 to 4.7.32: the sender's DNS, DKIM, DMARC or TLS does not satisfy",
    example: '421 4.7.26 Unauthenticated email is not accepted',
    phase: 'body',
  },
  {
    when: between('5.7.', 25, 30),
    verdict: 'account',
    says: '5.7.25 to 5.7.30: the same, for good',
    example: '550 5.7.26 Unauthenticated email is not accepted',
    phase: 'body',
  },
  {
    when: (reply) => /\bSC-00\d/.test(reply.text),
    verdict: 'account',
    says: 'SC-00x: Microsoft refuses the sender by its reputation',
    example: '550 SC-001 Mail rejected for policy reasons',
  },
  {
    when: has('5.7.515', '5.4.5', '5.7.8', '5.7.0', '5.7.9', '5.7.57', '5.7.60', '5.1.7', '5.1.8'),
    verdict: 'account',
    says: '5.7.515, 5.4.5, 5.7.8, 5.7.0, 5.7.9, 5.7.57, 5.7.60, 5.1.7, 5.1.8: login, sender address, or the limit of the day',
    example: '550 5.4.5 Daily user sending limit exceeded',
    phase: 'body',
  },
  {
    when: (reply) => [454, 530, 534, 535, 538].includes(reply.code),
    verdict: 'account',
    says: '454, 530, 534, 535, 538: login or TLS is wanted, or the login is wrong',
    example: '530 Authentication required',
    phase: 'mail',
  },
  {
    when: (reply, phase) => phase === 'auth' && is5xx(reply),
    verdict: 'account',
    says: 'any 5xx to the login',
    example: '501 Malformed AUTH',
    phase: 'auth',
  },
  {
    when: (reply) => is5xx(reply) && RELAY_DENIED.test(reply.text),
    verdict: 'account',
    says: '5xx that denies relaying',
    example: '554 Relay access denied',
  },
  {
    when: (reply) => is5xx(reply) && SENDER_REFUSED.test(reply.text),
    verdict: 'account',
    says: "5xx that refuses the sender's address",
    example: '550 Sender address rejected',
    phase: 'mail',
  },
  {
    when: (reply) => is5xx(reply) && LOGIN_WANTED.test(reply.text),
    verdict: 'account',
    says: '5xx that wants a login',
    example: '550 You must be authenticated',
  },
  {
    when: (reply) => reply.code === 503 && /auth/i.test(reply.text),
    verdict: 'account',
    says: '503 that speaks of AUTH',
    example: '503 AUTH first',
  },
  {
    when: (reply, _phase, { hasLogin }) => !hasLogin && is5xx(reply) && DOOR_CLOSED.test(reply.text),
    verdict: 'account',
    says: '5xx that closes the door on this machine, where `SMTP_URL` has no login',
    example: '554 Client host rejected',
  },
  {
    when: (reply) => reply.code === 421 || reply.status === '4.7.0',
    verdict: 'throttled',
    says: '421 or 4.7.0: too much for now',
    example: '421 Service not available, closing channel',
  },
  // 450, 451, 452, 4.2.1, 4.2.2, 4.3.x, 4.4.x, and whatever else may pass.
  {
    when: is4xx,
    verdict: 'transient',
    says: 'any other 4xx: mailbox busy or full, a fault that may pass',
    example: '450 4.2.1 Mailbox busy',
  },
  // The message or our own protocol: the same for every lead.
  {
    when: has('5.3.4', '5.2.3', '5.6.0'),
    verdict: 'stop_send',
    says: '5.3.4, 5.2.3, 5.6.0: the message is too large or malformed',
    example: '552 5.3.4 Message too big',
    phase: 'body',
  },
  {
    when: has('5.6.7', '5.6.9'),
    verdict: 'smtputf8',
    says: '5.6.7, 5.6.9: letters beyond ASCII in the address are not taken',
    example: '550 5.6.7 Non-ASCII addresses not permitted',
  },
  {
    when: (reply, phase) =>
      reply.code === 552 && (phase === 'mail' || (!reply.status && TOO_LARGE.test(reply.text))),
    verdict: 'stop_send',
    says: '552 to the sender, or one that speaks of size: the message is too large',
    example: '552 Message size exceeds fixed limit',
    phase: 'mail',
  },
  // One odd address must not stop everyone: Postfix answers it with 501 5.1.3 or 504 5.5.2.
  {
    when: (reply, phase) =>
      phase === 'rcpt' &&
      isSyntax(reply) &&
      !reply.status.startsWith('5.1.') &&
      ADDRESS_REFUSED.test(reply.text),
    verdict: 'breaker',
    says: '500 to 504 that speaks of the address: one odd address',
    example: '504 5.5.2 Recipient address rejected: need fully-qualified address',
  },
  {
    when: (reply) => isSyntax(reply) && !reply.status.startsWith('5.1.'),
    verdict: 'stop_send',
    says: '500 to 504 otherwise: the server does not understand us',
    example: '500 Syntax error, command unrecognized',
    phase: 'data',
  },
  {
    when: (reply) => reply.code === 555,
    verdict: 'stop_send',
    says: '555: a parameter of ours is not known',
    example: '555 MAIL FROM parameters not recognized',
    phase: 'mail',
  },
  // MAIL FROM names only the sender: no other lead would fare better.
  {
    when: (_reply, phase) => phase === 'mail',
    verdict: 'account',
    says: 'any other 5xx to the sender: no other lead would fare better',
    example: '550 Rejected',
    phase: 'mail',
  },
  // The address. `5.7.1` on 553 is policy, so the plain codes come after the statuses that say more.
  {
    when: has('5.1.0', '5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10', '5.2.1'),
    verdict: 'unknown_address',
    says: '5.1.0 to 5.1.3, 5.1.6, 5.1.10, 5.2.1: nobody lives at this address',
    example: '550 5.1.1 User unknown',
  },
  {
    when: has('5.2.2'),
    verdict: 'permanent',
    says: '5.2.2: the mailbox is full for good',
    example: '552 5.2.2 Mailbox full',
  },
  {
    when: (reply) => reply.status.startsWith('5.7.'),
    verdict: 'breaker',
    says: 'other 5.7.x: a policy refuses the message or the sender',
    example: '550 5.7.1 Rejected by policy',
  },
  {
    when: (reply) => reply.code === 553 || reply.code === 556,
    verdict: 'unknown_address',
    says: '553 or 556: nobody lives at this address',
    example: '553 Bad mailbox name',
  },
  {
    when: (reply) => reply.code === 552,
    verdict: 'permanent',
    says: '552 otherwise: the mailbox has no room',
    example: '552 Over quota',
  },
  {
    when: (reply, phase) =>
      phase === 'rcpt' && reply.code === 550 && !reply.status && UNKNOWN_USER.test(reply.text),
    verdict: 'unknown_address',
    says: '550 without a status that speaks of an unknown user',
    example: '550 No such user here',
  },
  {
    when: is5xx,
    verdict: 'breaker',
    says: 'any other 5xx',
    example: '554 Transaction failed',
    phase: 'body',
  },
];

const ENOUGH_MESSAGES =
  /too many (messages|mails|emails|transactions|errors|recipients)|(message|mail|transaction)s? (limit|per (session|connection)|(in|on) (this|one) (session|connection))|max(imum)? (number of )?(messages|mails|transactions)/i;

/**
 * "Enough on this connection", from a server that has served on it: Exim, OpenSMTPD, sendmail and the large providers
 * each have a limit. A fresh session is the answer; one that hears it at once is told the truth by `classify`.
 * Of recipients there is one to a message, so too many of them are too many on the connection.
 */
export function isSessionLimit(reply: Reply): boolean {
  return is4xx(reply) && (reply.status === '4.5.3' || ENOUGH_MESSAGES.test(reply.text));
}
