import { describe, expect, test } from 'vitest';
import { classify, redact } from './errors.ts';
import { parseReply } from './reply.ts';
import { type Phase, ROWS } from './reply-rows.ts';

const outcome = (response: string, phase: Phase) => {
  const reply = parseReply(response);
  if (!reply) throw new Error(`not a reply: ${response}`);
  return classify(reply, phase);
};

const outcomeOf = (response: string, hasLogin: boolean) =>
  classify(parseReply(response)!, 'rcpt', { hidden: [], hasLogin });

const SLOWER = { type: 'throttled', scope: 'sender' };
const DOMAIN = { type: 'throttled', scope: 'domain' };
const LATER = { type: 'transient', scope: 'recipient', retryAfterMs: 300_000 };
const RELAY = { type: 'transient', scope: 'sender' };
const ACCOUNT = { type: 'account' };
const UNKNOWN = { type: 'permanent', suppress: 'bounced' };
const BREAKER = { type: 'permanent', breaker: true };
const STOP = { type: 'stop_send' };

describe('what an SMTP reply means', () => {
  test.each<[string, Phase, object]>([
    // too fast
    ['421 4.7.0 Try again later, closing connection', 'rcpt', DOMAIN],
    ['421 Too much mail', 'body', DOMAIN],
    ['421 RP-001 The mail server IP has exceeded the rate limit', 'rcpt', DOMAIN],
    ['421 4.7.0 [TSS04] Messages temporarily deferred', 'body', DOMAIN],
    ['451 4.7.1 [TS03] All messages deferred', 'body', DOMAIN],
    ['450 4.7.0 Slow down', 'rcpt', DOMAIN],
    ['421 4.7.28 Our system has detected an unusual rate of mail', 'body', DOMAIN],
    ['421 4.3.2 Too many messages in this session', 'mail', { type: 'throttled', scope: 'sender' }],
    ['454 Throttling failure: Maximum sending rate exceeded.', 'body', SLOWER],
    ['454 4.7.0 Throttling: too fast', 'mail', SLOWER],
    ['452 4.5.3 Too many recipients', 'rcpt', SLOWER],
    ['451 4.3.0 too many messages in this session', 'body', SLOWER],
    ['454 Throttling failure: Daily message quota exceeded.', 'body', ACCOUNT],
    // later
    ['450 4.2.1 Mailbox busy', 'rcpt', LATER],
    ['451 4.3.0 Temporary failure', 'rcpt', LATER],
    ['452 4.3.1 Insufficient storage', 'body', LATER],
    ['452 4.2.2 Mailbox full', 'rcpt', LATER],
    ['450 4.4.1 Connection timed out', 'rcpt', LATER],
    ['451 4.7.1 Greylisting in action, please come back later', 'rcpt', LATER],
    ['450 4.7.0 Greylisted, see http://postgrey.example', 'rcpt', LATER],
    ['451 Try again', 'rcpt', LATER],
    ['452 4.3.1 Insufficient storage', 'mail', RELAY],
    // the sender itself
    ['451 4.7.23 The sending IP has no PTR record', 'body', ACCOUNT],
    ['421 4.7.26 Unauthenticated email is not accepted', 'body', ACCOUNT],
    ['421 4.7.29 TLS required', 'rcpt', ACCOUNT],
    ['421 4.7.32 From header is not aligned', 'body', ACCOUNT],
    ['550 5.7.25 The sending IP has no PTR record', 'body', ACCOUNT],
    ['550-5.7.26 Unauthenticated email is not accepted\n550 5.7.26 due to DMARC', 'body', ACCOUNT],
    ['550 5.7.30 DKIM failed', 'body', ACCOUNT],
    ['550 5.7.515 Access denied, sending domain does not meet the level', 'body', ACCOUNT],
    ['550 SC-001 Mail rejected for policy reasons', 'mail', ACCOUNT],
    ['550 5.4.5 Daily user sending limit exceeded', 'body', ACCOUNT],
    ['454 4.7.0 Too many login attempts', 'auth', ACCOUNT],
    ['530 5.7.0 Must issue a STARTTLS command first', 'mail', ACCOUNT],
    ['534 5.7.9 Application-specific password required', 'auth', ACCOUNT],
    ['535 5.7.8 Username and Password not accepted', 'auth', ACCOUNT],
    ['535 Authentication failed', 'auth', ACCOUNT],
    ['550 5.7.0 Account suspended', 'rcpt', ACCOUNT],
    ['550 5.1.8 Sender address rejected: domain not found', 'rcpt', ACCOUNT],
    ['553 5.7.1 <a@b.c>: Sender address rejected: not owned by user x', 'rcpt', ACCOUNT],
    ['554 5.7.1 <a@b.c>: Relay access denied', 'rcpt', ACCOUNT],
    ['550 5.1.0 Address rejected', 'mail', ACCOUNT],
    ['550 5.7.1 Not allowed to send as this user', 'mail', ACCOUNT],
    ['550 relay not permitted', 'rcpt', ACCOUNT],
    ['550 relaying to <a@b.c> prohibited by administrator', 'rcpt', ACCOUNT],
    ['553 sorry, that domain is not in my list of allowed rcpthosts (#5.7.1)', 'rcpt', ACCOUNT],
    ['550 5.7.1 Authentication required', 'rcpt', ACCOUNT],
    ['550 Please turn on SMTP Authentication in your mail client', 'rcpt', ACCOUNT],
    ['554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied', 'rcpt', ACCOUNT],
    ['554 5.7.1 Access denied', 'rcpt', ACCOUNT],
    // nobody there
    ['550 5.1.1 User unknown', 'rcpt', UNKNOWN],
    ['550 5.1.0 Address rejected', 'rcpt', UNKNOWN],
    ['550 5.1.2 Bad destination system', 'rcpt', UNKNOWN],
    ['501 5.1.3 Bad recipient address syntax', 'rcpt', UNKNOWN],
    ['504 5.5.2 <ann@x>: Recipient address rejected: need fully-qualified address', 'rcpt', BREAKER],
    ['501 5.1.7 Bad sender address syntax', 'mail', ACCOUNT],
    ['550 5.1.3 Bad address syntax', 'rcpt', UNKNOWN],
    ['551 5.1.6 Mailbox has moved', 'rcpt', UNKNOWN],
    ['550 5.1.10 Recipient not found', 'rcpt', UNKNOWN],
    ['553 Mailbox name not allowed', 'rcpt', UNKNOWN],
    ['556 5.1.10 Null MX', 'rcpt', UNKNOWN],
    ['550 5.2.1 The account is disabled', 'rcpt', UNKNOWN],
    ['550 No such user here', 'rcpt', UNKNOWN],
    // this lead only
    ['554 5.7.1 <ann@b.c>: Recipient address rejected: Access denied', 'rcpt', BREAKER],
    ['552 5.2.2 Mailbox full', 'rcpt', { type: 'permanent', code: 'smtp_552_5.2.2' }],
    ['550 Administrative prohibition', 'rcpt', BREAKER],
    ['550 5.7.1 Message blocked as spam', 'body', BREAKER],
    ['554 5.7.1 Rejected by policy', 'rcpt', BREAKER],
    ['554 Transaction failed', 'body', BREAKER],
    ['550 5.6.7 Internationalized address not permitted', 'rcpt', { type: 'skipped' }],
    // the message
    ['552 5.3.4 Message too big', 'mail', STOP],
    ['552 5.2.3 Message exceeds limit', 'body', STOP],
    ['552 Message size exceeds the limit', 'body', STOP],
    ['552 5.7.0 This message was blocked because its content is illegal', 'body', STOP],
    ['554 5.6.0 Malformed message', 'body', STOP],
    ['500 5.5.1 Command unrecognized', 'data', STOP],
    ['503 5.5.1 Bad sequence of commands', 'mail', STOP],
    // before a session stands, the relay is meant
    ['421 Too many connections', 'connect', RELAY],
    ['554 No SMTP service here', 'connect', RELAY],
    ['421 Service not available', 'auth', RELAY],
  ])('%s, to %s', (response, phase, expected) => {
    expect(outcome(response, phase)).toMatchObject(expected);
  });

  test('of an answer to a login only the codes are passed on', () => {
    expect(outcome('535 5.7.8 c2VjcmV0 in a form of its own', 'auth')).toEqual({
      type: 'account',
      code: 'smtp_535_5.7.8',
      message: 'The mail server did not accept the login (535 5.7.8).',
    });
  });

  test('a closed door is said as what it is: by whom, and what opens it', () => {
    const said = (response: string, hasLogin: boolean) => {
      const told = classify(parseReply(response)!, 'rcpt', { hidden: [], hasLogin });
      return 'message' in told ? told.message : '';
    };
    expect(said('554 5.7.1 Access denied', false)).toContain('SMTP_URL has no user and password');
    expect(said('550 relay not permitted', false)).toContain('SMTP_URL has no user and password');
    expect(said('550 relay not permitted', true)).toContain('not send for this login');
    expect(said('530 5.7.0 Must issue a STARTTLS command first', true)).toContain(
      'take ?tls=off out of SMTP_URL',
    );
    // With a login, a policy for one recipient.
    expect(outcomeOf('554 5.7.1 Access denied', true)).toMatchObject(BREAKER);
  });

  test.each([
    '5e2 hi',
    '2e2-x',
    '250_ok',
    '25 0',
    ' 250 ok',
    '+50 x',
    '1e3',
    '٢٥٠ ok',
    '250 a\0b',
    '250-a\r\n550 b',
    '',
    '\0',
  ])('%j is no reply at all', (text) => expect(parseReply(text)).toBe(null));

  test('a permanent refusal that says nothing about the address suppresses nobody', () => {
    for (const reply of ['552 5.2.2 Mailbox full', '554 5.7.1 Spam', '550 Administrative prohibition']) {
      expect(outcome(reply, 'rcpt')).not.toHaveProperty('suppress');
    }
  });

  test('the code is stable, the sentence is ours, and the server’s words stand apart without the address', () => {
    expect(outcome('550 5.1.1 <ann@example.com>: Recipient address rejected', 'rcpt')).toEqual({
      type: 'permanent',
      code: 'smtp_550_5.1.1',
      message: 'The mail server refused the recipient (550 5.1.1).',
      said: '550 5.1.1 <address>: Recipient address rejected',
      suppress: 'bounced',
    });
  });

  test('a reply of many lines is read as one', () => {
    const reply = parseReply('550-5.7.26 Not authenticated,\r\n550-5.7.26 see\r\n550 5.7.26 the manual');
    expect([reply?.code, reply?.status, reply?.text]).toEqual([
      550,
      '5.7.26',
      'Not authenticated, see the manual',
    ]);
  });

  test('what is stored of a reply has no address and at most 200 characters', () => {
    expect(redact('to "an n"@example.com, <ü@exämple.de> or bob@example.com; no')).toBe(
      'to <address>, <address> or <address>; no',
    );
    expect(redact('x'.repeat(500))).toHaveLength(200);
  });
});

test.each(ROWS.map((row) => [row.example, row] as const))(
  'the page of codes shows "%s" where it is read',
  (example, row) => {
    const reply = parseReply(example)!;
    const first = ROWS.find(({ when }) => when(reply, row.phase ?? 'rcpt', { hidden: [], hasLogin: false }));
    expect(first?.says).toBe(row.says);
  },
);
