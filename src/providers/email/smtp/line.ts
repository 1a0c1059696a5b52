import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type PeerCertificate, TLSSocket } from 'node:tls';
import { type Reply, ReplyReader } from './reply.ts';

const PROBLEM_CODE = 'EPROTOCOL';
const NO_HANDSHAKE =
  'took the connection and did not answer in TLS: smtp:// may fit instead of smtps://, or it is slow';

/**
 * Why a line to a server is gone: the system's own code (`ECONNRESET`), `ECONNECTION`, `ETIMEDOUT`, `EPROTOCOL`, or `ETLS`
 * where one side speaks TLS and the other does not. In those of our own the message goes on from "The mail server …".
 */
export class LineLost extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * What is heard in clear text goes through one place in memory, for all lines: it is made a string before anything else is
 * read. Node would make room of 64 KB for each reply otherwise, and hand it through a stream.
 */
const HEARD = Buffer.allocUnsafeSlow(16 * 1024);

/** Of a socket in clear text: what it says comes here, once somebody takes it. */
interface Ear {
  take(text: string): void;
}

/**
 * The line to an SMTP server: text out, whole replies in (RFC 5321, section 4.2). Knows nothing of what they mean.
 * One listener at a time; after `onLost` nothing more is heard.
 */
export class SmtpLine {
  onReply: (reply: Reply) => void = () => {};
  onLost: (why: LineLost) => void = () => {};
  #socket: Socket;
  /** Null in TLS. */
  #ear: Ear | null;
  #lost: LineLost | null = null;
  #rest = '';
  #hasMore = false;
  readonly #reader = new ReplyReader();

  private constructor(socket: Socket, ear: Ear | null) {
    this.#socket = socket;
    this.#ear = ear;
    this.#listen();
  }

  /** Resolves when TCP, and with `tls` the handshake too, stand; rejects with a {@link LineLost}. */
  static open(host: string, port: number, tls: ConnectionOptions | null, limitMs: number): Promise<SmtpLine> {
    if (tls) {
      const socket = connectTls({ ...tls, ...serverName(host), host, port });
      return established(socket, 'secureConnect', limitMs).then(() => new SmtpLine(socket, null));
    }
    const ear: Ear = { take() {} };
    const callback = (length: number) => {
      ear.take(HEARD.toString('utf8', 0, length));
      return true;
    };
    const socket = connectTcp({ host, port, onread: { buffer: HEARD, callback } });
    return established(socket, 'connect', limitMs).then(() => new SmtpLine(socket, ear));
  }

  /** Goes on in TLS (RFC 3207). What the server said before it, beyond its reply, is somebody else's: refused. */
  async secure(host: string, tls: ConnectionOptions, limitMs: number): Promise<void> {
    if (this.#lost) throw this.#lost;
    if (this.#hasMore || this.#rest !== '' || this.#reader.isInside) {
      throw new LineLost(PROBLEM_CODE, 'went on in clear text after STARTTLS');
    }
    const clear = this.#socket;
    clear.off('error', this.#failed).off('close', this.#closed);
    const socket = connectTls({ ...tls, ...serverName(host), socket: clear });
    clear.on('error', () => {});
    this.#socket = socket;
    await established(socket, 'secureConnect', limitMs);
    this.#ear = null;
    this.#listen();
  }

  get isSecure(): boolean {
    return this.#ear === null;
  }

  /** Who the server says it is, and by which version of TLS; null in clear text. */
  get encryption(): { readonly protocol: string; readonly certificate: PeerCertificate } | null {
    if (!(this.#socket instanceof TLSSocket)) return null;
    return {
      protocol: this.#socket.getProtocol() ?? 'TLS',
      certificate: this.#socket.getPeerCertificate(),
    };
  }

  /** Whether the server has said more than what is being heard: behind 354 that is out of step. */
  get hasMore(): boolean {
    return this.#hasMore;
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
    try {
      this.onLost(why);
    } catch {
      // Whoever listened had its say; a throw in a socket's event would end the process.
    }
  }

  #listen(): void {
    this.#socket.setNoDelay(true);
    if (this.#ear) this.#ear.take = this.#take;
    else this.#socket.on('data', (chunk: Buffer) => this.#take(chunk.toString()));
    this.#socket.on('error', this.#failed).on('close', this.#closed);
  }

  readonly #failed = (error: NodeJS.ErrnoException) =>
    this.lose(new LineLost(error.code ?? 'ECONNECTION', error.message));

  readonly #closed = () => this.lose(closed());

  readonly #take = (text: string) => {
    try {
      this.#read(text);
    } catch {
      this.lose(new LineLost(PROBLEM_CODE, 'said what could not be understood'));
    }
  };

  #read(heard: string): void {
    const text = this.#rest + heard;
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      let last = end;
      while (last > from && text[last - 1] === '\r') last -= 1;
      const line = text.slice(from, last);
      from = end + 1;
      this.#hasMore = from < text.length;
      const reply = this.#reader.take(line);
      if (reply === 'garbled') return void this.#refuse();
      if (reply) this.onReply(reply);
      if (this.#lost) return;
    }
    this.#hasMore = false;
    this.#rest = from === 0 ? text : text.slice(from);
    if (this.#reader.isTooLong(this.#rest.length)) this.#refuse();
  }

  #refuse(): void {
    this.lose(new LineLost(PROBLEM_CODE, 'said something that is no SMTP reply'));
  }
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
    // Over TCP it stands by then, where TLS is what is missing.
    const late = () =>
      socket.connecting || event === 'connect'
        ? new LineLost('ETIMEDOUT', 'did not answer in time')
        : new LineLost('ETLS', NO_HANDSHAKE);
    const limit = setTimeout(() => settle(late()), limitMs);
    socket.on('error', settle).on('close', onClose).on(event, onOpen);
  });
}

function closed(): LineLost {
  return new LineLost('ECONNECTION', 'closed the connection');
}
