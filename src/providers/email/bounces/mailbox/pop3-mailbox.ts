import { createHash } from 'node:crypto';
import {
  type LyingMail,
  MailboxFault,
  type MailboxSession,
  MOST_BYTES,
  plain,
  refusedLogin,
  where,
  whyLost,
} from './mailbox.ts';
import type { MailboxAccess } from './mailbox-url.ts';
import { Pop3Line } from './pop3-line.ts';

/**
 * So many mails are kept in mind, the newest: 160 KB. A mailbox with more in it that is not ours is read by IMAP better,
 * which has to remember one number.
 */
const MOST_REMEMBERED = 20_000;
/** As many as a judge reads. */
const MOST_LINES = 10_000;
const HASH_LETTERS = 8;
const GOODBYE_MS = 5_000;

/** Logs in over POP3 (RFC 1939). @throws MailboxFault */
export async function openPop3(access: MailboxAccess): Promise<MailboxSession> {
  let line: Pop3Line | undefined;
  try {
    line = await Pop3Line.open(access);
    await line.reply();
    await line.ask(`USER ${access.user}`).catch(refused);
    await line.ask(`PASS ${access.password}`).catch(refused);
    return new Pop3Session(line, access);
  } catch (error) {
    line?.destroy();
    throw whyLost(access, error);
  }

  function refused(error: unknown): never {
    throw error instanceof MailboxFault && error.code === 'EREFUSED'
      ? refusedLogin(access, error.said ?? '')
      : error;
  }
}

class Pop3Session implements MailboxSession {
  readonly #line: Pop3Line;
  readonly #access: MailboxAccess;
  /** Number in this session by UIDL. */
  readonly #numbers = new Map<string, number>();
  #seen = new Set<string>();

  constructor(line: Pop3Line, access: MailboxAccess) {
    this.#line = line;
    this.#access = access;
  }

  /** UIDLs are the same in every session, and come in no order that a protocol promises. */
  async listNew(mark: string | null): Promise<readonly string[]> {
    const known = new Set(mark?.match(new RegExp(`.{${HASH_LETTERS}}`, 'g')));
    await this.#talk(async () => {
      await this.#line.ask('UIDL');
      for await (const line of this.#line.lines()) {
        const [, number, uidl] = /^(\d+) (\S+)$/.exec(line.toString('latin1').trim()) ?? [];
        if (uidl !== undefined) this.#numbers.set(uidl, Number(number));
      }
    });
    const newest = [...this.#numbers.keys()].slice(-MOST_REMEMBERED);
    this.#seen = new Set(newest.map(hashOf).filter((hash) => known.has(hash)));
    return newest.filter((uidl) => !this.#seen.has(hashOf(uidl)));
  }

  async *read(ids: readonly string[]): AsyncGenerator<LyingMail> {
    for (const id of ids) {
      // One that the server cannot show, now or ever, keeps no other from being read.
      const raw = await this.#talk(() => this.#retrieve(this.#numbers.get(id)!)).catch(nothingIfRefused);
      yield { id, raw: raw ?? Buffer.alloc(0) };
    }
  }

  /**
   * TOP, for RETR makes a mail one that was read; it is not known everywhere. Of long lines the rest is passed over.
   */
  async #retrieve(number: number): Promise<Buffer> {
    const top = await this.#line.ask(`TOP ${number} ${MOST_LINES}`).catch(nothingIfRefused);
    if (top === null) await this.#line.ask(`RETR ${number}`);
    const kept: Buffer[] = [];
    let length = 0;
    for await (const line of this.#line.lines()) {
      if (length < MOST_BYTES) kept.push(line, CRLF);
      length += line.length + CRLF.length;
    }
    return Buffer.concat(kept);
  }

  async remove(ids: readonly string[]): Promise<boolean> {
    let all = true;
    for (const id of ids) {
      const command = `DELE ${this.#numbers.get(id)}`;
      all = (await this.#talk(() => this.#line.ask(command)).catch(nothingIfRefused)) !== null && all;
    }
    return all;
  }

  /** What was removed is not remembered: where QUIT does not come through, it is still there, and is taken once more. */
  markAfter(read: readonly string[], removed: readonly string[]): string {
    for (const id of read) this.#seen.add(hashOf(id));
    for (const id of removed) this.#seen.delete(hashOf(id));
    return [...this.#seen].join('');
  }

  /** @throws MailboxFault where the server did not take away what was to be removed */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#line.destroy(), GOODBYE_MS);
    try {
      await this.#talk(() => this.#line.ask('QUIT'));
    } finally {
      clearTimeout(timer);
      this.#line.destroy();
    }
  }

  destroy(): void {
    this.#line.destroy();
  }

  async #talk<T>(exchange: () => Promise<T>): Promise<T> {
    try {
      return await exchange();
    } catch (error) {
      if (!(error instanceof MailboxFault) || error.code !== 'EREFUSED') throw whyLost(this.#access, error);
      const said = plain(this.#access, error.said ?? '');
      throw new MailboxFault('EREFUSED', `${where(this.#access)} refused to list, show or delete mail`, said);
    }
  }
}

function nothingIfRefused(error: unknown): null {
  if (error instanceof MailboxFault && error.code === 'EREFUSED') return null;
  throw error;
}

const CRLF = Buffer.from('\r\n');

function hashOf(uidl: string): string {
  return createHash('sha256').update(uidl).digest('base64url').slice(0, HASH_LETTERS);
}
