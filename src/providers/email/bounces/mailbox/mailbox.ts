import { redactSecrets, withoutAddresses } from '../../../redact-secrets.ts';
import type { MailboxAccess } from './mailbox-url.ts';

/** A mail as it lies in a mailbox: what the server knows it by, and its beginning. */
export interface LyingMail {
  readonly id: string;
  readonly raw: Uint8Array;
}

/** A mailbox, open. Whatever fails in it throws a {@link MailboxFault}. */
export interface MailboxSession {
  /**
   * What was not read yet, oldest first.
   * @param mark as {@link markAfter} gave it; null: nothing was read. One of another time counts as null.
   */
  listNew(mark: string | null): Promise<readonly string[]>;
  /** One after the other, as far as each is judged. Flags stay as they are; what is gone meanwhile is left out. */
  read(ids: readonly string[]): AsyncIterable<LyingMail>;
  /** Takes these away, and nothing else. @returns false: the server does not let us, and they stay */
  remove(ids: readonly string[]): Promise<boolean>;
  /** What to remember once these were read; those that were removed may come again if that did not last. */
  markAfter(read: readonly string[], removed: readonly string[]): string;
  /** Politely; with POP3 only this makes removing last. */
  close(): Promise<void>;
  /** At once, whatever goes on. */
  destroy(): void;
}

/** More is not read of a mail: what counts stands in front. */
export const MOST_BYTES = 1_000_000;
export const CONNECT_MS = 20_000;
/** A server that says nothing for that long is gone. */
export const SILENCE_MS = 60_000;

/** Why a mailbox cannot be read, in words of ours that go on from "The mailbox at HOST:PORT …". */
export class MailboxFault extends Error {
  readonly code: string;
  /** What the server said, without what it was told in confidence. */
  readonly said: string | undefined;
  readonly fix: string;

  constructor(code: string, message: string, said?: string, fix = 'Check BOUNCE_MAILBOX_URL.') {
    super(message);
    this.code = code;
    this.said = said;
    this.fix = fix;
  }
}

export function where({ host, port }: MailboxAccess): string {
  return `The mailbox at ${host}:${port}`;
}

export function refusedLogin(access: MailboxAccess, said: string): MailboxFault {
  return new MailboxFault(
    'ELOGIN',
    `${where(access)} refuses the login`,
    plain(access, said),
    'Check user and password in BOUNCE_MAILBOX_URL; where two steps are asked of people, it takes a password for apps.',
  );
}

/** @param error of a socket, of TLS or of a library, which may repeat what it was given */
export function whyLost(access: MailboxAccess, error: unknown): MailboxFault {
  if (error instanceof MailboxFault) return error;
  const { code: given, message } = error as NodeJS.ErrnoException;
  const code = typeof given === 'string' ? given : 'ECONNECTION';
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_/.test(code))
    return new MailboxFault(
      code,
      `${where(access)} shows a TLS certificate that is not trusted here (${code})`,
      undefined,
      'Name the host as its certificate does, or trust the certificate with NODE_EXTRA_CA_CERTS.',
    );
  const isTls = code === 'ERR_SSL_WRONG_VERSION_NUMBER';
  const what = isTls ? 'does not speak TLS on this port' : WORDS[code];
  return what === undefined
    ? new MailboxFault(code, `${where(access)} cannot be read (${code})`, plain(access, String(message)))
    : new MailboxFault(code, `${where(access)} ${what} (${code})`);
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'closed the connection',
  ECONNECTION: 'closed the connection',
  EConnectionClosed: 'closed the connection',
  NoConnection: 'closed the connection',
  ENOTFOUND: 'has a name that DNS does not know',
  EAI_AGAIN: 'has a name that could not be looked up now',
  ETIMEDOUT: 'did not answer in time',
  ETIMEOUT: 'did not answer in time',
  CONNECT_TIMEOUT: 'did not answer in time',
  GREETING_TIMEOUT:
    'took the connection and did not greet: imaps:// or pop3s:// may fit instead, or it is slow',
  UPGRADE_TIMEOUT: 'did not answer in TLS in time',
};

/** Words of a server, for a log or a person: in one line, without secrets and without anybody's address. */
export function plain({ hidden }: MailboxAccess, said: string): string {
  return withoutAddresses(redactSecrets(said, hidden))
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 300);
}
