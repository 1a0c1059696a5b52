import type { ConnectionOptions } from 'node:tls';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Outcome } from '../../core/deliveries/channel.ts';
import { classify, type Phase, parseReply, redact } from './errors.ts';
import { parseSmtpUrl, type Relay } from './settings.ts';

/** Milliseconds; the defaults follow RFC 5321, section 4.5.3.2, where giving up early would mean sending twice. */
export interface SmtpTimeouts {
  /** DNS, TCP and TLS together. */
  readonly connectMs: number;
  /** From the connection to the server's first word. */
  readonly greetingMs: number;
  /** Silence during a message: ten minutes for the reply after the final dot. */
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

/** The fields nodemailer puts on its errors. */
export interface SmtpError extends Error {
  readonly code?: string | undefined;
  readonly command?: string | undefined;
  readonly response?: string | undefined;
  readonly responseCode?: number | undefined;
  /** The system's own code under nodemailer's, such as `ECONNREFUSED`. */
  readonly originalCode?: string | undefined;
}

/** A session that is logged in, or why there is none: as an outcome, since certainly nothing was sent. */
export type Opened =
  | { readonly type: 'open'; readonly smtp: SMTPConnection; readonly offersSmtpUtf8: boolean }
  | { readonly type: 'closed'; readonly outcome: Outcome };

/** Connects, greets, takes STARTTLS when offered and logs in. Never rejects. */
export function openConnection({ relay, timeouts, ca }: RelayAccess): Promise<Opened> {
  const smtp = new SMTPConnection({
    host: relay.host,
    port: relay.port,
    secure: relay.secure,
    ignoreTLS: !relay.tls,
    // A password must not travel in clear because someone on the way took STARTTLS out of the greeting.
    requireTLS: relay.tls && relay.auth !== null && !isLoopback(relay.host),
    connectionTimeout: timeouts.connectMs,
    dnsTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.greetingMs,
    socketTimeout: timeouts.silenceMs,
    ...(ca === undefined ? {} : { tls: { ca } satisfies ConnectionOptions }),
  });
  return new Promise((resolve) => {
    let phase: Phase = 'connect';
    // Stays attached for good: a pooled session may report an error long after this promise is settled.
    const fail = (error: SmtpError) => {
      // First: closing makes the session report its end, which would be taken for the cause.
      resolve({ type: 'closed', outcome: openingFailed(error, phase, relay) });
      smtp.close();
    };
    smtp.on('error', fail);
    smtp.once('end', () => fail(new Error('Connection closed unexpectedly')));
    smtp.connect((error) => {
      if (error) return fail(error);
      // The EHLO reply, which lists what the server can do.
      const offersSmtpUtf8 = /^250[ -]SMTPUTF8\s*$/im.test(String(smtp.lastServerResponse));
      const opened: Opened = { type: 'open', smtp, offersSmtpUtf8 };
      if (!relay.auth) return resolve(opened);
      phase = 'auth';
      smtp.login({ ...relay.auth }, (loginError) => (loginError ? fail(loginError) : resolve(opened)));
    });
  });
}

/** Says goodbye (RFC 5321, section 4.1.1.10) and waits a moment for the answer. */
export function quit(smtp: SMTPConnection, limitMs = 2_000): Promise<void> {
  return new Promise((resolve) => {
    if (smtp.destroyed) return resolve();
    const limit = setTimeout(() => smtp.close(), limitMs);
    smtp.once('end', () => {
      clearTimeout(limit);
      resolve();
    });
    smtp.quit();
  });
}

/** Tries the relay without sending anything: connection, EHLO, TLS, login, QUIT. For `tidings doctor`. */
export async function checkConnection(options: {
  /** `SMTP_URL`. */
  readonly url: string;
  readonly timeouts?: Partial<SmtpTimeouts> | undefined;
  readonly ca?: string | undefined;
}): Promise<
  | { readonly ok: true; readonly encrypted: boolean }
  | { readonly ok: false; readonly code: string; readonly message: string }
> {
  const opened = await openConnection({
    relay: parseSmtpUrl(options.url),
    timeouts: { ...DEFAULT_TIMEOUTS, ...options.timeouts },
    ca: options.ca,
  });
  if (opened.type === 'open') {
    const encrypted = opened.smtp.secure;
    await quit(opened.smtp);
    return { ok: true, encrypted };
  }
  const { outcome } = opened;
  return 'message' in outcome
    ? { ok: false, code: outcome.code, message: outcome.message }
    : { ok: false, code: 'unknown', message: 'The mail server did not open a session.' };
}

function openingFailed(error: SmtpError, phase: Phase, relay: Relay): Outcome {
  const reply = error.response ? parseReply(error.response) : null;
  // A refused STARTTLS carries a reply too, but what failed is the encryption.
  if (reply && error.code !== 'ETLS') return classify(reply, phase);
  const code = error.originalCode ?? error.code ?? 'ECONNECTION';
  const where = `${relay.host}:${relay.port}`;
  if (error.code === 'EAUTH') {
    const message = `The mail server ${where} offers no login that SMTP_URL's user and password fit.`;
    return { type: 'account', code, message };
  }
  return { type: 'transient', scope: 'sender', code, message: `${trouble(error, code, relay, where)}.` };
}

const TROUBLES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection: is SMTP_URL right, and is the server running',
  ECONNRESET: 'closed the connection',
  ECONNECTION: 'closed the connection',
  ENOTFOUND: 'has a name that DNS does not know',
  EDNS: 'has a name that could not be looked up',
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
function trouble(error: SmtpError, code: string, relay: Relay, where: string): string {
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code)) {
    return (
      `The mail server ${where} shows a TLS certificate that is not trusted here (${code}): trust it with ` +
      'NODE_EXTRA_CA_CERTS, or add ?tls=off to SMTP_URL if the way there is safe'
    );
  }
  const known = TROUBLES[code];
  if (known) return `The mail server ${where} ${known} (${code})`;
  if (error.code === 'ETLS' && relay.auth) {
    return (
      `The mail server ${where} did not agree on TLS, so the password was not sent (${code}): use smtps://, ` +
      'or add ?tls=off to SMTP_URL if the way there is safe'
    );
  }
  return `No session with the mail server ${where} (${code}): ${redact(error.message).replace(/\.$/, '')}`;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
