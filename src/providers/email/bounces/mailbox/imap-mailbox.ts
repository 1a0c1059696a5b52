import { ImapFlow } from 'imapflow';
import {
  CONNECT_MS,
  type LyingMail,
  MailboxFault,
  type MailboxSession,
  MOST_BYTES,
  plain,
  refusedLogin,
  SILENCE_MS,
  where,
  whyLost,
} from './mailbox.ts';
import type { MailboxAccess } from './mailbox-url.ts';

/** What the server may send in one piece: a mail is asked for up to `MOST_BYTES`. */
const MOST_LITERAL = 2 * MOST_BYTES;
const MARK = /^(\d{1,20}):(\d{1,10})$/;

/** Logs in over IMAP (RFC 3501, RFC 9051) and opens the folder. @throws MailboxFault */
export async function openImap(access: MailboxAccess): Promise<MailboxSession> {
  const client = new ImapFlow({
    host: access.host,
    port: access.port,
    secure: access.isSecure,
    // In clear text only to this machine, where its certificate would be for another name.
    ...(!access.isSecure && { doSTARTTLS: false }),
    auth: { user: access.user, pass: access.password },
    logger: false,
    disableAutoIdle: true,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    maxLiteralSize: MOST_LITERAL,
    maxResponseSize: 2 * MOST_LITERAL,
  });
  // What breaks while nobody asks is met by whoever asks next; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    await openFolder(client, access);
  } catch (error) {
    client.close();
    throw faultOf(access, error);
  }
  return new ImapSession(client, access);
}

async function openFolder(client: ImapFlow, access: MailboxAccess): Promise<void> {
  for (const folder of [access.doneFolder, access.folder]) {
    if (folder === null) continue;
    const status = await client.mailboxOpen(folder).catch((error: unknown) => {
      const { responseStatus, responseText } = error as { responseStatus?: string; responseText?: string };
      if (responseStatus !== 'NO') throw error;
      throw new MailboxFault(
        'ENOFOLDER',
        `${where(access)} does not open the folder ${folder}`,
        plain(access, responseText ?? ''),
        'Make the folder, or name the one that bounces come to in BOUNCE_MAILBOX_URL: imaps://user:password@host/FOLDER.',
      );
    });
    if (status.readOnly)
      throw new MailboxFault(
        'EREADONLY',
        `${where(access)} lets us read the folder ${folder}, and change nothing in it`,
        undefined,
        'Give the user the right to delete there.',
      );
  }
}

class ImapSession implements MailboxSession {
  readonly #client: ImapFlow;
  readonly #access: MailboxAccess;
  #validity = '';
  #last = 0;

  constructor(client: ImapFlow, access: MailboxAccess) {
    this.#client = client;
    this.#access = access;
  }

  async listNew(mark: string | null): Promise<readonly string[]> {
    const { mailbox } = this.#client;
    if (mailbox === false) throw whyLost(this.#access, { code: 'NoConnection' });
    this.#validity = String(mailbox.uidValidity);
    const [, validity, last] = MARK.exec(mark ?? '') ?? [];
    this.#last = validity === this.#validity ? Number(last) : 0;
    // "5:*" is the last mail also where none is behind 4 (RFC 9051, section 9).
    const found = await this.#ask(() => this.#client.search({ uid: `${this.#last + 1}:*` }, { uid: true }));
    return (found || [])
      .filter((uid) => uid > this.#last)
      .sort((one, other) => one - other)
      .map(String);
  }

  async *read(ids: readonly string[]): AsyncGenerator<LyingMail> {
    const query = { uid: true, source: { start: 0, maxLength: MOST_BYTES } };
    try {
      for await (const { uid, source } of this.#client.fetch(ids.join(','), query, { uid: true }))
        yield { id: String(uid), raw: source ?? new Uint8Array() };
    } catch (error) {
      throw faultOf(this.#access, error);
    }
  }

  /**
   * Without UIDPLUS (RFC 4315) or MOVE (RFC 6851), whoever expunges takes away what others have marked as deleted: there our
   * own are marked, and lie there until somebody expunges.
   */
  async remove(ids: readonly string[]): Promise<boolean> {
    const { capabilities } = this.#client;
    const { doneFolder } = this.#access;
    const [uids, byUid] = [ids.join(','), { uid: true }];
    return this.#ask(async () => {
      if (doneFolder !== null && capabilities.has('MOVE'))
        return (await this.#client.messageMove(uids, doneFolder, byUid)) !== false;
      if (doneFolder !== null && (await this.#client.messageCopy(uids, doneFolder, byUid)) === false)
        return false;
      return capabilities.has('UIDPLUS')
        ? this.#client.messageDelete(uids, byUid)
        : this.#client.messageFlagsAdd(uids, ['\\Deleted'], byUid);
    });
  }

  markAfter(read: readonly string[]): string {
    this.#last = Math.max(this.#last, ...read.map(Number));
    return `${this.#validity}:${this.#last}`;
  }

  async close(): Promise<void> {
    await this.#client.logout().catch(() => {});
    this.#client.close();
  }

  destroy(): void {
    this.#client.close();
  }

  async #ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      throw faultOf(this.#access, error);
    }
  }
}

function faultOf(access: MailboxAccess, error: unknown): MailboxFault {
  const { authenticationFailed, responseText } = error as {
    authenticationFailed?: boolean;
    responseText?: string;
  };
  return authenticationFailed ? refusedLogin(access, responseText ?? '') : whyLost(access, error);
}
