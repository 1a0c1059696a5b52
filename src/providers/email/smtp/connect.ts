import type { Certificate } from 'node:tls';
import type { Outcome } from '../../../core/deliveries/sender.ts';
import { isLoopback } from '../../is-loopback.ts';
import { type Hidden, redactSecrets } from '../../redact-secrets.ts';
import { ask, Refused, reply } from './ask.ts';
import { classify, redact } from './errors.ts';
import { LineLost, SmtpLine } from './line.ts';
import { logIn, logInByToken, NoToken } from './login.ts';
import { AccessTokens } from './oauth/access-tokens.ts';
import type { OAuthConfig } from './oauth/oauth-settings.ts';
import type { Reply } from './reply.ts';
import type { Terms } from './reply-rows.ts';
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
  // With the look at why nobody greets, whoever waits is told within 30 s.
  connectMs: 25_000,
  greetingMs: 25_000,
  silenceMs: 600_000,
  // Spans the pauses of a rate limit, and holds no slot of the relay for nothing.
  idleMs: 15_000,
};

/** What it takes to reach a relay. `ca`: certificates to trust besides the well-known ones. */
export interface RelayAccess {
  readonly relay: Relay;
  /** In place of a password; one for all sessions. */
  readonly tokens?: AccessTokens | undefined;
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
  | {
      readonly type: 'open';
      readonly line: SmtpLine;
      readonly extensions: Extensions;
      /** By which its words are judged from now on. */
      readonly terms: Terms;
    }
  | { readonly type: 'closed'; readonly outcome: Outcome };

/** Connects, greets, takes STARTTLS and logs in. Never rejects. */
export async function openSession(access: RelayAccess): Promise<Opened> {
  const { relay, tokens, timeouts, ca } = access;
  const { user = '', pass = null } = relay.auth ?? {};
  const tls = ca === undefined ? {} : { ca };
  // Of this session: what is said in a login can come back in a later reply.
  const terms: Terms = { hidden: [...relay.hidden], hasLogin: relay.auth !== null };
  let line: SmtpLine | undefined;
  try {
    line = await SmtpLine.open(relay.host, relay.port, relay.secure ? tls : null, timeouts.connectMs);
    const greeting = await firstWord(line, relay, timeouts.greetingMs);
    if (greeting.code !== 220) throw new Refused(greeting, 'connect');
    let offers = await greet(line, timeouts.silenceMs);
    if (!line.isSecure && relay.tls && offers.has('STARTTLS')) {
      const answer = await ask(line, 'STARTTLS', timeouts.silenceMs);
      if (answer.code === 220) {
        await line.secure(relay.host, tls, timeouts.connectMs);
        offers = await greet(line, timeouts.silenceMs);
      } else if (answer.code < 500) throw new LineLost('ETLS', 'offers STARTTLS and refuses it');
    }
    // Nothing, and no password above all, travels in clear because somebody on the way took STARTTLS out of the answer.
    if (!line.isSecure && relay.tls && !isLoopback(relay.host)) throw new LineLost('ENOTLS', 'offers no TLS');
    if (tokens) await logInByToken(line, user, tokens, { offers, terms, limitMs: timeouts.silenceMs });
    else if (pass !== null) await logIn(line, { user, pass }, offers, terms, timeouts.silenceMs);
    // Lost between two questions: whoever takes it over would wait for ever.
    if (line.isLost) throw new LineLost('EPROTOCOL', 'spoke without being asked');
    const size = offers.get('SIZE') ?? '';
    return {
      type: 'open',
      line,
      extensions: {
        pipelining: offers.has('PIPELINING'),
        smtpUtf8: offers.has('SMTPUTF8'),
        size: offers.has('SIZE'),
        largest: (/^\d{1,15}$/.test(size) && Number(size)) || Number.POSITIVE_INFINITY,
      },
      terms,
    };
  } catch (error) {
    line?.destroy();
    return { type: 'closed', outcome: whyClosed(error, relay, terms) };
  }
}

function whyClosed(error: unknown, relay: Relay, terms: Terms): Outcome {
  if (error instanceof Refused) return classify(error.reply, error.phase, terms);
  if (error instanceof NoToken) return error.outcome;
  const lost = error instanceof LineLost ? error : new LineLost('EINTERNAL', 'failed in an unexpected way');
  return openingFailed(lost, relay, terms.hidden);
}

/**
 * The greeting. Where none comes, one look tells apart a server that is slow to greet and a port that waits for TLS:
 * on a connection of its own and after the wait, for a server that delays its greeting (postscreen) holds it against
 * those who speak first.
 */
async function firstWord(line: SmtpLine, relay: Relay, limitMs: number): Promise<Reply> {
  try {
    return await reply(line, limitMs);
  } catch (error) {
    const isSilence = error instanceof LineLost && error.code === 'ETIMEDOUT';
    if (isSilence && !line.isSecure && (await speaksTls(relay, Math.min(limitMs, 3_000)))) {
      throw new LineLost('ETLS', 'waits for TLS on this port from the first byte: use smtps:// in SMTP_URL');
    }
    if (!isSilence) throw error;
    const waited = `${Math.ceil(limitMs / 1_000)} s`;
    throw new LineLost(
      'ETIMEDOUT',
      `took the connection and did not greet within ${waited}: it is slow, or holds us back`,
    );
  }
}

/** Whether anybody answers a TLS handshake there, with whatever certificate: nothing is told to them. */
async function speaksTls({ host, port }: Relay, limitMs: number): Promise<boolean> {
  try {
    const line = await SmtpLine.open(host, port, { rejectUnauthorized: false }, limitMs);
    line.destroy();
    return true;
  } catch {
    return false;
  }
}

/** EHLO, or HELO for a server that knows no better. @returns the extensions by name, with their parameters. */
async function greet(line: SmtpLine, limitMs: number): Promise<Map<string, string>> {
  const hello = await ask(line, `EHLO ${line.ownName}`, limitMs);
  if (hello.code === 250) {
    const offers = hello.words.slice(1);
    return new Map(
      offers.map((offer) => {
        const [name = '', ...parameters] = offer.trim().split(/[ =]/);
        return [name.toUpperCase(), parameters.join(' ').toUpperCase()];
      }),
    );
  }
  const answer = hello.code >= 500 ? await ask(line, `HELO ${line.ownName}`, limitMs) : hello;
  if (answer.code !== 250) throw new Refused(answer, 'connect');
  return new Map();
}

/** Says goodbye (RFC 5321, section 4.1.1.10) and waits a moment for the answer. */
export async function quit(line: SmtpLine, limitMs = 2_000): Promise<void> {
  if (line.isLost) return;
  await ask(line, 'QUIT', limitMs).catch(() => {});
  line.destroy();
}

/**
 * `SMTP_URL` with what its login takes.
 * @throws TidingsError `configuration` when it or a `SMTP_OAUTH_` variable cannot be used
 */
export function relayOf(
  url: string,
  oauth: OAuthConfig | null = null,
): Pick<RelayAccess, 'relay' | 'tokens'> {
  const relay = parseSmtpUrl(url, oauth !== null);
  return { relay, tokens: oauth === null ? undefined : new AccessTokens(oauth, relay) };
}

/** What `tidings doctor` finds at the relay. */
export type RelayCheck =
  | {
      readonly ok: true;
      /** Null: everything travels in clear text. */
      readonly tls: RelayCertificate | null;
      /** Null: `SMTP_URL` has no user, and nobody was asked. */
      readonly login: 'accepted' | null;
    }
  | {
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      readonly said?: string | undefined;
    };

export interface RelayCertificate {
  /** `TLSv1.3` */
  readonly protocol: string;
  readonly subject: string;
  readonly issuer: string;
  /** The day after which it is void: `2027-01-31`. */
  readonly validUntil: string;
}

/** Tries the relay without sending anything: connection, EHLO, TLS, login, QUIT. For `tidings doctor`. */
export async function checkConnection(options: {
  /** `SMTP_URL`. */
  readonly url: string;
  readonly oauth?: OAuthConfig | null | undefined;
  readonly timeouts?: Partial<SmtpTimeouts> | undefined;
  readonly ca?: string | undefined;
}): Promise<RelayCheck> {
  const { relay, tokens } = relayOf(options.url, options.oauth);
  const opened = await openSession({
    relay,
    tokens,
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
    ca: options.ca,
  });
  if (opened.type === 'open') {
    const tls = certificateOf(opened.line, relay.hidden);
    await quit(opened.line);
    return { ok: true, tls, login: relay.auth && 'accepted' };
  }
  const { outcome } = opened;
  return 'message' in outcome
    ? { ok: false, code: outcome.code, message: outcome.message, said: outcome.said }
    : { ok: false, code: 'unknown', message: 'The mail server did not open a session.' };
}

function certificateOf(line: SmtpLine, hidden: readonly Hidden[]): RelayCertificate | null {
  const { encryption } = line;
  if (!encryption) return null;
  const { protocol, certificate } = encryption;
  /** Names are what whoever made the certificate wrote into them. */
  const name = (holder: Certificate | undefined) => {
    const given = holder?.CN ?? holder?.O ?? holder?.OU ?? 'nobody';
    const text = Array.isArray(given) ? given.join(', ') : String(given);
    return redactSecrets(text, hidden)
      .replace(/\p{Cc}+/gu, ' ')
      .slice(0, 100);
  };
  const end = Date.parse(certificate.valid_to ?? '');
  return {
    protocol,
    subject: name(certificate.subject),
    issuer: name(certificate.issuer),
    validUntil: Number.isNaN(end) ? 'nobody knows when' : new Date(end).toISOString().slice(0, 10),
  };
}

function openingFailed(lost: LineLost, relay: Relay, hidden: readonly Hidden[]): Outcome {
  const { code } = lost;
  const where = `${relay.host}:${relay.port}`;
  if (code === 'EAUTH') {
    const wanted =
      relay.auth?.pass === null ? 'login by token (XOAUTH2)' : "login that SMTP_URL's user and password fit";
    const message = `The mail server ${where} offers no ${wanted}.`;
    return { type: 'account', code, message };
  }
  if (code === 'ENOTLS') {
    const message = `The mail server ${where} offers no TLS (STARTTLS), so nothing was sent: use smtps:// or another port, or add ?tls=off to SMTP_URL if the way there is safe.`;
    return { type: 'account', code, message };
  }
  const message = trouble(lost, where);
  if (message) return { type: 'transient', scope: 'sender', code, message: `${message}.` };
  // Words of a library, which may repeat what stands in a certificate.
  const unknown = `No session with the mail server ${where} (${code}).`;
  return { type: 'transient', scope: 'sender', code, message: unknown, said: redact(lost.message, hidden) };
}

/** Their words are ours: see {@link LineLost}. */
const OWN_CODES = new Set(['EPROTOCOL', 'ETIMEDOUT', 'ETLS', 'EINTERNAL']);

/** Before a session stands: all of them wait for the relay, and use up no lead's try. */
export const TROUBLES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection: is SMTP_URL right, and is the server running',
  ECONNRESET: 'closed the connection',
  ECONNECTION: 'closed the connection',
  ENOTFOUND: 'has a name that DNS does not know',
  EAI_AGAIN: 'has a name that could not be looked up now',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'shows a TLS certificate for another name than the one in SMTP_URL',
  CERT_HAS_EXPIRED: 'shows a TLS certificate that has expired',
  CERT_NOT_YET_VALID: 'shows a TLS certificate that is not valid yet',
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not speak TLS on this port: smtp:// may fit instead of smtps://',
};

/** What stands in the way of a session, in words, with the way out where there is one. */
function trouble({ code, message }: LineLost, where: string): string | null {
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code)) {
    return (
      `The mail server ${where} shows a TLS certificate that is not trusted here (${code}): trust it with ` +
      'NODE_EXTRA_CA_CERTS, or add ?tls=off to SMTP_URL if the way there is safe'
    );
  }
  const own = OWN_CODES.has(code) ? message : undefined;
  const known = own ?? TROUBLES[code];
  if (known) return `The mail server ${where} ${known} (${code})`;
  return null;
}
