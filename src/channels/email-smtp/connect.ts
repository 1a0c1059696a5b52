import { createHmac } from 'node:crypto';
import type { Outcome } from '../../core/deliveries/channel.ts';
import { classify, type Phase, parseReply, redact } from './errors.ts';
import { LineLost, SmtpLine } from './line.ts';
import { parseSmtpUrl, type Relay } from './settings.ts';

/** Milliseconds; the defaults follow RFC 5321, section 4.5.3.2, where giving up early would mean sending twice. */
export interface SmtpTimeouts {
  /** DNS, TCP and TLS together. */
  readonly connectMs: number;
  /** From the connection to the server's first word. */
  readonly greetingMs: number;
  /** How long a reply may take: ten minutes for the one after the final dot. */
  readonly silenceMs: number;
  /** How long a session waits for its next message before QUIT. */
  readonly idleMs: number;
}

export const DEFAULT_TIMEOUTS: SmtpTimeouts = {
  connectMs: 30_000,
  greetingMs: 30_000,
  silenceMs: 600_000,
  // Spans the pauses of a rate limit, and holds no slot of the relay for nothing.
  idleMs: 15_000,
};

/** What it takes to reach a relay. `ca`: certificates to trust besides the well-known ones. */
export interface RelayAccess {
  readonly relay: Relay;
  readonly timeouts: SmtpTimeouts;
  readonly ca?: string | undefined;
}

/** What the server's EHLO reply offers. */
export interface Extensions {
  /** Commands in groups, without waiting for each reply (RFC 2920). */
  readonly pipelining: boolean;
  /** Addresses beyond ASCII (RFC 6531). */
  readonly smtpUtf8: boolean;
  /** Whether MAIL may say how large the message is (RFC 1870), and the most the server takes, in octets. */
  readonly size: boolean;
  readonly largest: number;
}

/** A session that is logged in, or why there is none: as an outcome, since certainly nothing was sent. */
export type Opened =
  | { readonly type: 'open'; readonly line: SmtpLine; readonly extensions: Extensions }
  | { readonly type: 'closed'; readonly outcome: Outcome };

interface Reply {
  readonly code: number;
  readonly text: string;
}

/** The server said no to a step before any message. */
class Refused extends Error {
  readonly reply: Reply;
  readonly phase: Phase;

  constructor(reply: Reply, phase: Phase) {
    super(reply.text);
    this.reply = reply;
    this.phase = phase;
  }
}

/** Connects, greets, takes STARTTLS when offered and logs in. Never rejects. */
export async function openSession(access: RelayAccess): Promise<Opened> {
  const { relay, timeouts, ca } = access;
  const tls = ca === undefined ? {} : { ca };
  let line: SmtpLine | undefined;
  try {
    line = await SmtpLine.open(relay.host, relay.port, relay.secure ? tls : null, timeouts.connectMs);
    const greeting = await reply(line, timeouts.greetingMs);
    if (greeting.code !== 220) throw new Refused(greeting, 'connect');
    let offers = await greet(line, timeouts.silenceMs);
    if (!line.isSecure && relay.tls && offers.has('STARTTLS')) {
      const answer = await ask(line, 'STARTTLS', timeouts.silenceMs);
      if (answer.code !== 220) throw new LineLost('ETLS', 'The server offers STARTTLS and refuses it.');
      await line.secure(relay.host, tls, timeouts.connectMs);
      offers = await greet(line, timeouts.silenceMs);
    }
    if (relay.auth) await logIn(line, relay, offers, timeouts.silenceMs);
    const largest = Number(offers.get('SIZE')) || Number.POSITIVE_INFINITY;
    return {
      type: 'open',
      line,
      extensions: {
        pipelining: offers.has('PIPELINING'),
        smtpUtf8: offers.has('SMTPUTF8'),
        size: offers.has('SIZE'),
        largest,
      },
    };
  } catch (error) {
    line?.destroy();
    if (error instanceof Refused) return { type: 'closed', outcome: refusal(error.reply, error.phase) };
    if (error instanceof LineLost) return { type: 'closed', outcome: openingFailed(error, relay) };
    throw error;
  }
}

/** EHLO, or HELO for a server that knows no better. @returns the extensions by name, with their parameters. */
async function greet(line: SmtpLine, limitMs: number): Promise<Map<string, string>> {
  const hello = await ask(line, `EHLO ${line.ownName}`, limitMs);
  if (hello.code === 250) {
    const offers = hello.text.split('\n').slice(1);
    return new Map(
      offers.map((offer) => {
        const [name = '', ...parameters] = offer.slice(4).trim().split(/[ =]/);
        return [name.toUpperCase(), parameters.join(' ').toUpperCase()];
      }),
    );
  }
  const answer = hello.code >= 500 ? await ask(line, `HELO ${line.ownName}`, limitMs) : hello;
  if (answer.code !== 250) throw new Refused(answer, 'connect');
  return new Map();
}

/** PLAIN (RFC 4616), LOGIN or CRAM-MD5 (RFC 2195), whichever the server offers (RFC 4954). */
async function logIn(
  line: SmtpLine,
  relay: Relay,
  offers: Map<string, string>,
  limitMs: number,
): Promise<void> {
  const { user, pass } = relay.auth!;
  // A password must not travel in clear because someone on the way took STARTTLS out of the greeting.
  if (relay.tls && !line.isSecure && !isLoopback(relay.host)) {
    throw new LineLost('ETLS', 'The server offers no TLS.');
  }
  const mechanisms = (offers.get('AUTH') ?? '').split(' ');
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  /** One step of the dialogue; `334` asks for the next. */
  const step = async (command: string, expected: number) => {
    const answer = await ask(line, command, limitMs);
    if (answer.code !== expected) throw new Refused(answer, 'auth');
    return answer.text.slice(4);
  };
  if (mechanisms.includes('PLAIN')) await step(`AUTH PLAIN ${base64(`\0${user}\0${pass}`)}`, 235);
  else if (mechanisms.includes('LOGIN')) {
    await step('AUTH LOGIN', 334);
    await step(base64(user), 334);
    await step(base64(pass), 235);
  } else if (mechanisms.includes('CRAM-MD5')) {
    const challenge = Buffer.from(await step('AUTH CRAM-MD5', 334), 'base64');
    const digest = createHmac('md5', pass).update(challenge).digest('hex');
    await step(base64(`${user} ${digest}`), 235);
  } else throw new LineLost('EAUTH', 'The server offers no login that fits.');
}

function ask(line: SmtpLine, command: string, limitMs: number): Promise<Reply> {
  line.write(`${command}\r\n`, 'utf8');
  return reply(line, limitMs);
}

function reply(line: SmtpLine, limitMs: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    if (line.isLost) return reject(new LineLost('ECONNECTION', 'The connection was closed.'));
    const limit = setTimeout(
      () => line.lose(new LineLost('ETIMEDOUT', 'The server did not answer in time.')),
      limitMs,
    );
    line.onReply = (code, text) => {
      clearTimeout(limit);
      line.onReply = () => line.lose(new LineLost('EPROTOCOL', 'The server spoke without being asked.'));
      resolve({ code, text });
    };
    line.onLost = (why) => {
      clearTimeout(limit);
      reject(why);
    };
  });
}

/** Says goodbye (RFC 5321, section 4.1.1.10) and waits a moment for the answer. */
export async function quit(line: SmtpLine, limitMs = 2_000): Promise<void> {
  if (line.isLost) return;
  await ask(line, 'QUIT', limitMs).catch(() => {});
  line.destroy();
}

/** Tries the relay without sending anything: connection, EHLO, TLS, login, QUIT. For `tidings doctor`. */
export async function checkConnection(options: {
  /** `SMTP_URL`. */
  readonly url: string;
  readonly timeouts?: Partial<SmtpTimeouts> | undefined;
  readonly ca?: string | undefined;
}): Promise<
  | { readonly ok: true; readonly encrypted: boolean }
  | {
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      readonly said?: string | undefined;
    }
> {
  const opened = await openSession({
    relay: parseSmtpUrl(options.url),
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
    ca: options.ca,
  });
  if (opened.type === 'open') {
    const encrypted = opened.line.isSecure;
    await quit(opened.line);
    return { ok: true, encrypted };
  }
  const { outcome } = opened;
  return 'message' in outcome
    ? { ok: false, code: outcome.code, message: outcome.message, said: outcome.said }
    : { ok: false, code: 'unknown', message: 'The mail server did not open a session.' };
}

function refusal(reply: Reply, phase: Phase): Outcome {
  return classify(parseReply(reply.text)!, phase);
}

function openingFailed(lost: LineLost, relay: Relay): Outcome {
  const { code } = lost;
  const where = `${relay.host}:${relay.port}`;
  if (code === 'EAUTH') {
    const message = `The mail server ${where} offers no login that SMTP_URL's user and password fit.`;
    return { type: 'account', code, message };
  }
  const message = trouble(lost, relay, where);
  if (message) return { type: 'transient', scope: 'sender', code, message: `${message}.` };
  // Words of a library, which may repeat what stands in a certificate.
  const unknown = `No session with the mail server ${where} (${code}).`;
  return { type: 'transient', scope: 'sender', code, message: unknown, said: redact(lost.message) };
}

const TROUBLES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection: is SMTP_URL right, and is the server running',
  ECONNRESET: 'closed the connection',
  ECONNECTION: 'closed the connection',
  ENOTFOUND: 'has a name that DNS does not know',
  EAI_AGAIN: 'has a name that could not be looked up now',
  ETIMEDOUT: 'did not answer in time',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'shows a TLS certificate for another name than the one in SMTP_URL',
  CERT_HAS_EXPIRED: 'shows a TLS certificate that has expired',
  CERT_NOT_YET_VALID: 'shows a TLS certificate that is not valid yet',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS on this port: smtp:// may fit instead of smtps://',
};

/** What stands in the way of a session, in words, with the way out where there is one. */
function trouble({ code, message }: LineLost, relay: Relay, where: string): string | null {
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code)) {
    return (
      `The mail server ${where} shows a TLS certificate that is not trusted here (${code}): trust it with ` +
      'NODE_EXTRA_CA_CERTS, or add ?tls=off to SMTP_URL if the way there is safe'
    );
  }
  const known = TROUBLES[code];
  if (known) return `The mail server ${where} ${known} (${code})`;
  if (code === 'ETLS' && relay.auth) {
    return (
      `The mail server ${where} did not agree on TLS, so the password was not sent (${code}): use smtps://, ` +
      'or add ?tls=off to SMTP_URL if the way there is safe'
    );
  }
  // Our own words about what the server did.
  if (code === 'ETLS' || code === 'EPROTOCOL')
    return `No session with the mail server ${where} (${code}): ${message.replace(/\.$/, '')}`;
  return null;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
