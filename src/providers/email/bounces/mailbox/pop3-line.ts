import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { CONNECT_MS, MailboxFault, SILENCE_MS, where } from './mailbox.ts';
import type { MailboxAccess } from './mailbox-url.ts';

const LF = 0x0a;
const CR = 0x0d;
const DOT = 0x2e;
/** RFC 1939 allows 512 octets of a reply; a line of a mail may be longer, and what is above this is passed over. */
const MOST_LINE = 64_000;

/** The lines of a POP3 session (RFC 1939), as they are asked for: nothing is read ahead of whoever asks. */
export class Pop3Line {
  readonly #socket: Socket;
  readonly #access: MailboxAccess;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, access: MailboxAccess) {
    this.#socket = socket;
    this.#access = access;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    socket.setTimeout(SILENCE_MS, () => socket.destroy(late()));
  }

  /** Resolves when TCP, and TLS where it is asked for, stand. */
  static open(access: MailboxAccess): Promise<Pop3Line> {
    const { host, port, isSecure } = access;
    const socket = isSecure
      ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) })
      : connectTcp({ host, port });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => socket.destroy(late()), CONNECT_MS);
      socket.once('error', reject);
      socket.once('close', () => clearTimeout(timer));
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        socket.off('error', reject);
        // Met by whoever reads next; without a listener it would end the process.
        socket.on('error', () => {});
        resolve(new Pop3Line(socket, access));
      });
    });
  }

  /** @returns what follows `+OK`. @throws MailboxFault `EREFUSED` with what follows `-ERR` */
  async ask(command: string): Promise<string> {
    this.#socket.write(`${command}\r\n`);
    return this.reply();
  }

  async reply(): Promise<string> {
    const line = (await this.#line()).toString('utf8');
    if (/^\+OK\b/i.test(line)) return line.slice(3).trim();
    const { [0]: word = '' } = /^-ERR\b/i.exec(line) ?? [];
    if (word === '') throw new MailboxFault('EPROTOCOL', `${where(this.#access)} does not speak POP3`);
    throw new MailboxFault('EREFUSED', `${where(this.#access)} refused a command`, line.slice(4).trim());
  }

  /** The lines behind a reply, up to the one with a dot alone, without the dots that were put before others. */
  async *lines(): AsyncGenerator<Buffer> {
    for (;;) {
      const line = await this.#line();
      if (line[0] !== DOT) yield line;
      else if (line.length === 1) return;
      else yield line.subarray(1);
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Without its end. */
  async #line(): Promise<Buffer> {
    let kept: Buffer[] = [];
    let length = 0;
    for (;;) {
      const end = this.#rest.indexOf(LF);
      const part = end < 0 ? this.#rest : this.#rest.subarray(0, end);
      if (length < MOST_LINE) kept.push(part);
      length += part.length;
      if (end >= 0) {
        this.#rest = this.#rest.subarray(end + 1);
        const line = kept.length === 1 ? kept[0]! : Buffer.concat(kept);
        return line.at(-1) === CR ? line.subarray(0, -1) : line;
      }
      if (length >= MOST_LINE && kept.length > 1) kept = [Buffer.concat(kept)];
      const next = await this.#chunks.next();
      if (next.done) throw Object.assign(new Error('closed'), { code: 'ECONNECTION' });
      this.#rest = next.value;
    }
  }
}

function late(): Error {
  return Object.assign(new Error('late'), { code: 'ETIMEDOUT' });
}
