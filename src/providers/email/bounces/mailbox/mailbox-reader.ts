import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lease } from '../../../../core/dispatch/lease.ts';
import type { Timing } from '../../../../core/dispatch/timing.ts';
import type { ProviderEvent } from '../../../../core/events/event.ts';
import type { Ledger } from '../../../../ledger/ledger.ts';
import { findMark, setMark } from '../../../../ledger/marks.ts';
import type { Log } from '../../../../log/log.ts';
import { judgeMail, readReport } from '../judge-bounce.ts';
import { eventOf } from '../take-bounce.ts';
import { MailboxFault, type MailboxSession } from './mailbox.ts';
import type { MailboxAccess } from './mailbox-url.ts';
import { OurMail } from './ours.ts';

/** Read, judged and written down together. */
const AT_ONCE = 50;
/** Then the session ends, so that what was removed over POP3 is gone. */
const MOST_A_SESSION = 500;
export const DEFAULT_PACE = { everyMs: 60_000, firstBackoffMs: 60_000, longestBackoffMs: 15 * 60_000 };

export interface MailboxReaderOptions {
  readonly ledger: Ledger;
  readonly log: Log;
  readonly timing: Timing;
  readonly access: MailboxAccess;
  /** As `readDeliverySecret` has it. */
  readonly secret: Buffer;
  readonly open: (access: MailboxAccess) => Promise<MailboxSession>;
  /** Resolves when they are on disk: as `EventIntake` has it. */
  readonly take: (events: readonly ProviderEvent[]) => Promise<void>;
  readonly pace?: typeof DEFAULT_PACE;
}

/**
 * Reads the mailbox that bounces come to, in one process at a time, and leaves alone what is not ours.
 *
 *   waiting ──lease owned, a minute is over──▶ reading ──all read──▶ waiting
 *                                                └── fault ──▶ waiting longer, twice as long each time
 *
 * Of some mails at a time: those that are ours become events in one commit; then they are taken away; then the place up to
 * which was read is written down. Killed anywhere in between, what was not written down is read again, and an event that
 * is known already is no second one.
 */
export class MailboxReader {
  readonly #options: MailboxReaderOptions;
  readonly #ours: OurMail;
  readonly #lease: Lease;
  readonly #mark: string;
  readonly #ended = new AbortController();
  #session: MailboxSession | null = null;
  #running: Promise<unknown> | null = null;

  constructor(options: MailboxReaderOptions) {
    const { ledger, timing, secret, access } = options;
    this.#options = options;
    this.#ours = new OurMail(secret);
    this.#lease = new Lease(ledger, 'bounce mailbox', timing);
    this.#mark = markOf(access);
  }

  start(): void {
    this.#running ??= Promise.all([this.#keepLease(), this.#run()]);
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    this.#session?.destroy();
    await this.#running;
    await this.#lease.release().catch(() => {});
  }

  async #keepLease(): Promise<void> {
    const { ledger, log, timing } = this.#options;
    while (!this.#ended.signal.aborted) {
      try {
        if (this.#lease.isOwned) await Lease.beat(ledger, [this.#lease]);
        else if (await this.#lease.tryTake(async () => {}))
          log.info({}, 'this process reads the bounce mailbox');
      } catch (error) {
        log.debug({ err: error }, 'the right to read the bounce mailbox cannot be kept; trying again');
      }
      await this.#wait(timing.leaseBeatMs);
    }
  }

  async #run(): Promise<void> {
    const { everyMs, firstBackoffMs, longestBackoffMs } = this.#options.pace ?? DEFAULT_PACE;
    let backoffMs = 0;
    while (!this.#ended.signal.aborted) {
      if (!this.#lease.isFresh()) {
        await this.#wait(Math.min(everyMs, this.#options.timing.leaseBeatMs));
        continue;
      }
      try {
        const more = await this.#read();
        backoffMs = 0;
        if (!more) await this.#wait(everyMs);
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        backoffMs = Math.min(backoffMs === 0 ? firstBackoffMs : 2 * backoffMs, longestBackoffMs);
        this.#tell(error, backoffMs);
        await this.#wait(backoffMs);
      }
    }
  }

  /** @returns whether there is more to read at once */
  async #read(): Promise<boolean> {
    const { access, open, ledger } = this.#options;
    const session = await open(access);
    this.#session = session;
    try {
      const found = await session.listNew(await findMark(ledger, this.#mark));
      const ids = found.slice(0, MOST_A_SESSION);
      for (let at = 0; at < ids.length && this.#lease.isFresh(); at += AT_ONCE)
        await this.#readSome(session, ids.slice(at, at + AT_ONCE));
      await session.close();
      return found.length > ids.length;
    } finally {
      session.destroy();
      this.#session = null;
    }
  }

  async #readSome(session: MailboxSession, ids: readonly string[]): Promise<void> {
    const { ledger, log, take } = this.#options;
    const taken: { id: string; event: ProviderEvent; said: object }[] = [];
    for await (const { id, raw } of session.read(ids)) {
      const mail = await readReport(raw);
      const judgement = judgeMail(mail);
      const token = this.#ours.deliveryOf(mail, judgement.kind);
      if (token === null) continue;
      const { kind, reason, status } = judgement;
      const event = eventOf(`${token.deliveryId}.${token.attempt}`, judgement);
      taken.push({ id, event, said: { kind, reason, status, delivery: token.deliveryId } });
    }
    await take(taken.map(({ event }) => event));
    for (const { said } of taken) log.info(said, 'a mail came back');
    const ours = taken.map(({ id }) => id);
    const isGone = ours.length === 0 || (await session.remove(ours));
    if (!isGone)
      log.warn(
        { mails: ours.length },
        'mail that came back was taken in, and stays in its mailbox: the server does not let it be removed',
      );
    const mark = session.markAfter(ids, isGone ? ours : []);
    await ledger.write(async (tx) => {
      if (await this.#lease.isOwnedIn(tx)) await setMark(tx, this.#mark, mark);
    });
  }

  #tell(error: unknown, backoffMs: number): void {
    const again = `trying again in ${Math.round(backoffMs / 1_000)} s`;
    const isKnown = error instanceof MailboxFault;
    const fields = isKnown ? { code: error.code, said: error.said, fix: error.fix } : { err: error };
    this.#options.log.error(
      fields,
      `${isKnown ? error.message : 'mail that came back cannot be taken in'}; ${again}`,
    );
  }

  async #wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ended.signal }).catch(() => {});
  }
}

/** Another mailbox is read from its beginning; another password is the same mailbox. */
function markOf({ protocol, host, port, user, folder }: MailboxAccess): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([protocol, host, port, user, folder]))
    .digest('base64url');
  return `bounce_mailbox ${hash.slice(0, 16)}`;
}

/** A library is loaded when it is used. */
export async function openMailbox(access: MailboxAccess): Promise<MailboxSession> {
  if (access.protocol === 'pop3') return (await import('./pop3-mailbox.ts')).openPop3(access);
  return (await import('./imap-mailbox.ts')).openImap(access);
}
