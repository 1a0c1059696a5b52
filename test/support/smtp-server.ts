import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

/**
 * A self-signed certificate for localhost and 127.0.0.1, valid until 2120, with its key. It guards nothing: it lets
 * tests speak TLS without a certificate authority.
 */
export const TEST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBZjCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJHyRxBZuMNivBxi
Vj1pzNJclI95OUypUTHDTK2phLfHKg5CZ4gVfRIha+UkSp/eBVR+iJZWhMnoPNTT
8koK02ijTjBMMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBSEFOhn815jT5/RuTUI32nc4FVmWDAKBggqhkjOPQQD
AgNHADBEAiBzgMT/sLKI9ID9u/Q3tdnjW/zy+XxHG4cRNw8EmQIUfwIgZixUc9XC
qmO3xLzeRED4FgoxikrjmCUP1QDhkEUbkd4=
-----END CERTIFICATE-----
`;
export const TEST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWsEos8k9SzEv+fXw
xE0CtwOqoz5JJYyPPD8TtupNfg6hRANCAASR8kcQWbjDYrwcYlY9aczSXJSPeTlM
qVExw0ytqYS3xyoOQmeIFX0SIWvlJEqf3gVUfoiWVoTJ6DzU0/JKCtNo
-----END PRIVATE KEY-----
`;
/** A message the server took responsibility for, as it came over the wire (dots unstuffed). */
export interface ReceivedMessage {
  readonly from: string;
  readonly to: readonly string[];
  readonly smtpUtf8: boolean;
  readonly secure: boolean;
  readonly user: string | null;
  /** Which session carried it: equal ids mean a reused connection. */
  readonly sessionId: string;
  readonly raw: string;
}

/** A whole reply such as `550 5.1.1 User unknown`; null lets the command pass. */
export type Refusal = string | null;

/** `client`: the address that the session came from. */
export interface SmtpServerOptions {
  readonly onConnect?: (openSessions: number, client: string) => Refusal;
  readonly onMail?: (address: string, client: string) => Refusal;
  readonly onRcpt?: (address: string, client: string) => Refusal;
  /** Instead of 354. */
  readonly onDataCommand?: (client: string) => Refusal;
  /** After the final dot; a refused message is not recorded. May take its time. */
  readonly onMessage?: (raw: string, client: string) => Refusal | Promise<Refusal>;
  /**
   * Hangs up instead of the reply to MAIL, to DATA, in the middle of a body, or instead of the reply to the final dot;
   * `silence` keeps the line and says nothing, `garbage` says what is no SMTP reply.
   */
  readonly hangUp?:
    | 'at_mail'
    | 'at_data'
    | 'in_body'
    | 'after_dot'
    | 'silence_after_dot'
    | 'garbage_after_dot';
  /** Login is required before MAIL. */
  readonly auth?: { readonly user: string; readonly pass: string };
  /** Default `off`: nothing is offered. */
  readonly tls?: 'off' | 'starttls' | 'implicit';
  readonly smtpUtf8?: boolean;
  readonly pipelining?: boolean;
  /** Largest message in bytes, announced in the SIZE line. */
  readonly sizeLimit?: number;
  /** Default: one that is free. */
  readonly port?: number;
}

export interface RunningSmtpServer {
  /** For `SMTP_URL`, without user and password. */
  readonly url: string;
  readonly port: number;
  readonly messages: ReceivedMessage[];
  /** Sessions since the start, and those open now. */
  sessionCount(): number;
  openSessions(): number;
  /** Hangs up on everyone without a word. */
  dropSessions(): void;
  stop(): Promise<void>;
}

/** A real SMTP server on a free port of 127.0.0.1, which refuses and fails on demand. */
export async function startSmtpServer(options: SmtpServerOptions = {}): Promise<RunningSmtpServer> {
  const messages: ReceivedMessage[] = [];
  let sessionCount = 0;
  const tls = options.tls ?? 'off';
  const connectionOf = (session: SMTPServerSession) =>
    [...server.connections].find((connection) => connection.id === session.id);
  const hangUp = (session: SMTPServerSession) => connectionOf(session)?._socket.destroy();

  const server: SMTPServer = new SMTPServer({
    key: TEST_KEY,
    cert: TEST_CERTIFICATE,
    secure: tls === 'implicit',
    disabledCommands: [...(tls === 'starttls' ? [] : ['STARTTLS']), ...(options.auth ? [] : ['AUTH'])],
    allowInsecureAuth: true,
    authOptional: !options.auth,
    hideSMTPUTF8: options.smtpUtf8 === false,
    hidePIPELINING: options.pipelining === false,
    ...(options.sizeLimit ? { size: options.sizeLimit } : {}),
    disableReverseLookup: true,
    closeTimeout: 100,
    onConnect(session, done) {
      sessionCount++;
      const refusal = options.onConnect?.(server.connections.size, session.remoteAddress) ?? null;
      const connection = connectionOf(session);
      if (connection && (options.onDataCommand || options.hangUp === 'at_data')) {
        const data = connection.handler_DATA.bind(connection);
        connection.handler_DATA = (command, next) => {
          if (options.hangUp === 'at_data') return void connection._socket.destroy();
          const reply = options.onDataCommand?.(session.remoteAddress) ?? null;
          if (reply === null) return data(command, next);
          connection.send(Number(reply.slice(0, 3)), reply.slice(4), false);
          next();
        };
      }
      done(refused(refusal));
    },
    onAuth(login, _session, done) {
      const isRight = login.username === options.auth?.user && login.password === options.auth?.pass;
      if (isRight) done(null, { user: login.username });
      else done(refused('535 5.7.8 Authentication credentials invalid'));
    },
    onMailFrom(address, session, done) {
      if (options.hangUp === 'at_mail') return void hangUp(session);
      done(refused(options.onMail?.(address.address, session.remoteAddress) ?? null));
    },
    onRcptTo(address, session, done) {
      done(refused(options.onRcpt?.(address.address, session.remoteAddress) ?? null));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      if (options.hangUp === 'in_body') stream.once('data', () => hangUp(session));
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', async () => {
        if (options.hangUp === 'after_dot') return void hangUp(session);
        if (options.hangUp === 'silence_after_dot' || options.hangUp === 'in_body') return;
        if (options.hangUp === 'garbage_after_dot')
          return void connectionOf(session)?._socket.write('\0?!\r\n');
        const raw = Buffer.concat(chunks).toString('utf8');
        const refusal = (await options.onMessage?.(raw, session.remoteAddress)) ?? null;
        if (refusal === null) {
          const { mailFrom, rcptTo, smtpUtf8 } = session.envelope;
          messages.push({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map((recipient) => recipient.address),
            smtpUtf8: smtpUtf8 === true,
            secure: session.secure,
            user: typeof session.user === 'string' ? session.user : null,
            sessionId: session.id,
            raw,
          });
        }
        done(refused(refusal));
      });
    },
  });
  // A client that hangs up or refuses the certificate is part of the tests, not a fault of the server.
  server.on('error', () => {});
  await new Promise<void>((resolve) => {
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve());
  });
  const { port } = server.server.address() as AddressInfo;
  const dropSessions = () => {
    for (const connection of server.connections) connection._socket.destroy();
  };
  return {
    url: `${tls === 'implicit' ? 'smtps' : 'smtp'}://127.0.0.1:${port}`,
    port,
    messages,
    sessionCount: () => sessionCount,
    openSessions: () => server.connections.size,
    dropSessions,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        dropSessions();
      }),
  };
}

function refused(reply: Refusal): Error | null {
  if (reply === null) return null;
  return Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) });
}
