import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** A reply line is at most 512 octets (RFC 5321, section 4.5.3.1.5); one that grows beyond this is no SMTP. */
const LONGEST_REPLY = 64 * 1024;
const PROBLEM_CODE = 'EPROTOCOL';

/** Why a line to a server is gone: the system's own code (`ECONNRESET`), `ECONNECTION`, `ETIMEDOUT` or `EPROTOCOL`. */
export class LineLost extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The line to an SMTP server: text out, whole replies in (RFC 5321, section 4.2). Knows nothing of what they mean.
 * One listener at a time; after `onLost` nothing more is heard.
 */
export class SmtpLine {
  /** The code, and the reply's text with all its lines. */
  onReply: (code: number, text: string) => void = () => {};
  onLost: (why: LineLost) => void = () => {};
  #socket: Socket;
  #isSecure: boolean;
  #lost: LineLost | null = null;
  #rest = '';
  #reply = '';

  private constructor(socket: Socket, isSecure: boolean) {
    this.#socket = socket;
    this.#isSecure = isSecure;
    this.#listen();
  }

  /** Resolves when TCP, and with `tls` the handshake too, stand; rejects with a {@link LineLost}. */
  static open(host: string, port: number, tls: ConnectionOptions | null, limitMs: number): Promise<SmtpLine> {
    const socket = tls ? connectTls({ ...tls, ...serverName(host), host, port }) : connectTcp({ host, port });
    return established(socket, tls ? 'secureConnect' : 'connect', limitMs).then(
      () => new SmtpLine(socket, tls !== null),
    );
  }

  /** Goes on in TLS (RFC 3207). What the server said before it, beyond its reply, is somebody else's: refused. */
  async secure(host: string, tls: ConnectionOptions, limitMs: number): Promise<void> {
    if (this.#lost) throw this.#lost;
    if (this.#rest !== '' || this.#reply !== '') {
      throw new LineLost(PROBLEM_CODE, 'The server went on in clear text after STARTTLS.');
    }
    const clear = this.#socket;
    clear.off('data', this.#take).off('error', this.#failed).off('close', this.#closed);
    const socket = connectTls({ ...tls, ...serverName(host), socket: clear });
    clear.on('error', () => {});
    this.#socket = socket;
    await established(socket, 'secureConnect', limitMs);
    this.#isSecure = true;
    this.#listen();
  }

  get isSecure(): boolean {
    return this.#isSecure;
  }

  get isLost(): boolean {
    return this.#lost !== null;
  }

  /** How the client calls itself: an address literal (RFC 5321, section 4.1.3), which needs no name in DNS. */
  get ownName(): string {
    const address = this.#socket.localAddress ?? '127.0.0.1';
    return isIP(address) === 6 ? `[IPv6:${address}]` : `[${address}]`;
  }

  write(text: string, encoding: 'latin1' | 'utf8' = 'latin1'): void {
    this.#socket.write(text, encoding);
  }

  /** Hangs up. `onLost` is not called. */
  destroy(): void {
    this.#lost ??= closed();
    this.#socket.destroy();
  }

  /** Hangs up, and says why to whoever listens. */
  lose(why: LineLost): void {
    if (this.#lost) return;
    this.#lost = why;
    this.#socket.destroy();
    this.onLost(why);
  }

  #listen(): void {
    this.#socket.setNoDelay(true);
    this.#socket.on('data', this.#take).on('error', this.#failed).on('close', this.#closed);
  }

  readonly #failed = (error: NodeJS.ErrnoException) =>
    this.lose(new LineLost(error.code ?? 'ECONNECTION', error.message));

  readonly #closed = () => this.lose(closed());

  readonly #take = (chunk: Buffer) => {
    const text = this.#rest === '' ? chunk.toString() : this.#rest + chunk.toString();
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = text.slice(from, text[end - 1] === '\r' ? end - 1 : end);
      from = end + 1;
      this.#takeLine(line);
      if (this.#lost) return;
    }
    this.#rest = from === 0 ? text : text.slice(from);
    if (this.#rest.length + this.#reply.length > LONGEST_REPLY) this.#refuse();
  };

  #takeLine(line: string): void {
    const code = replyCode(line);
    if (code === 0) return void this.#refuse();
    if (line[3] === '-') {
      this.#reply += `${line}\n`;
      return;
    }
    const reply = this.#reply === '' ? line : this.#reply + line;
    this.#reply = '';
    this.onReply(code, reply);
  }

  #refuse(): void {
    this.lose(new LineLost(PROBLEM_CODE, 'The server said something that is no SMTP reply.'));
  }
}

/** `250`, followed by a space, a hyphen or nothing; 0: no reply. */
function replyCode(line: string): number {
  const separator = line[3];
  if (separator !== undefined && separator !== ' ' && separator !== '-') return 0;
  const code = Number(line.slice(0, 3));
  return Number.isInteger(code) && code >= 200 && code < 600 ? code : 0;
}

/** Server Name Indication takes names only (RFC 6066, section 3). */
function serverName(host: string): ConnectionOptions {
  return isIP(host) ? { host } : { host, servername: host };
}

function established(socket: Socket, event: 'connect' | 'secureConnect', limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: NodeJS.ErrnoException) => {
      clearTimeout(limit);
      socket.off('error', settle).off('close', onClose).off(event, onOpen);
      if (!error) return resolve();
      socket.on('error', () => {});
      socket.destroy();
      reject(error instanceof LineLost ? error : new LineLost(error.code ?? 'ECONNECTION', error.message));
    };
    const onClose = () => settle(closed());
    const onOpen = () => settle();
    const limit = setTimeout(() => settle(new LineLost('ETIMEDOUT', 'No connection in time.')), limitMs);
    socket.on('error', settle).on('close', onClose).on(event, onOpen);
  });
}

function closed(): LineLost {
  return new LineLost('ECONNECTION', 'The connection was closed.');
}
